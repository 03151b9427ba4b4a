#include "tools/suppressctl/bench_prepare.hpp"

#include <algorithm>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/bench_requests.hpp"
#include "tools/suppressctl/request_pool.hpp"

namespace suppressctl {
namespace {

constexpr auto retry_for = std::chrono::seconds(30);

struct Batch {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t added = 0;
};

}  // namespace

Prepared prepare_entries(const Settings& settings, uint64_t seed, uint64_t begin, uint64_t end,
                         const std::atomic<bool>& interrupted) {
  const auto began = std::chrono::steady_clock::now();
  const RowWriter writer(seed);
  const std::string target = account_path(settings, "/suppressions?reason=manual");
  Prepared prepared;
  run_in_order<Batch>(
      settings, prepare_connections,
      [&](Batch& batch) {
        if (begin >= end || interrupted.load()) return false;
        batch = {begin, std::min(begin + prepare_batch_rows, end), 0};
        begin = batch.end;
        return true;
      },
      [&](Batch& batch, Connection& connection, RequestPool& pool) {
        std::string lines;
        writer.append_lines(batch.begin, batch.end - batch.begin, lines);
        HttpRequest request = request_to(settings, "POST", target);
        request.fields.emplace_back("Content-Type", "text/plain");
        request.body = lines;
        const HttpAnswer answer =
            send_patiently(connection, request, {retry_for, false},
                           [&](std::chrono::milliseconds time) { return pool.pause(time); });
        batch.added = parse_answer(answer.body).value("added", uint64_t{0});
      },
      [&](Batch& batch) {
        prepared.rows += batch.end - batch.begin;
        prepared.added += batch.added;
      });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  prepared.seconds = took.count();
  return prepared;
}

}  // namespace suppressctl
