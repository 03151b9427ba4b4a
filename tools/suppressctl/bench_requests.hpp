// What the load generator sends: whole requests, head and body, made before the clock starts.
//
// The made-up population (tools/recipients.hpp) is used in parts that never meet, so what is on the
// list and what is not is known without keeping it:
//   rows [0, prepared)      added to the list by --prepare: the hits
//   rows [2^29, 2^30)       added while the load runs
//   rows [2^30, 2^31)       never added: the misses
// Thread safety: const functions are free for all; RowWriter is one thread's.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/recipients.hpp"
#include "tools/suppressctl/http_client.hpp"
#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

enum class BodyFormat : uint8_t { text, json, ndjson, csv };
enum class AnswerFormat : uint8_t { json, ndjson, text, bitmap, csv };
std::string_view media_type(BodyFormat format);
std::string_view media_type(AnswerFormat format);
std::string_view name_of(BodyFormat format);
std::string_view name_of(AnswerFormat format);
/// Throw Failure that lists the names there are.
BodyFormat parse_body_format(std::string_view name);
AnswerFormat parse_answer_format(std::string_view name);

/// Choices with weights, which need not add up to 1.
template <class Choice>
class Mix {
 public:
  void add(Choice choice, double weight) {
    choices_.push_back({choice, sum_ += weight});
    weights_.push_back(weight);
  }
  Choice pick(std::mt19937_64& random) const {
    const double at = static_cast<double>(random() >> 11) * 0x1p-53 * sum_;
    for (const auto& [choice, until] : choices_)
      if (at < until) return choice;
    return choices_.back().first;
  }
  size_t size() const { return choices_.size(); }
  Choice choice(size_t i) const { return choices_[i].first; }
  double share(size_t i) const { return weights_[i] / sum_; }

 private:
  std::vector<std::pair<Choice, double>> choices_;
  std::vector<double> weights_;
  double sum_ = 0;
};

struct PreparedRequest {
  std::string bytes;  // head and body, as sent
  uint32_t addresses = 0;
  BodyFormat body = BodyFormat::text;
  AnswerFormat answer = AnswerFormat::json;
};

struct RequestMix {
  Mix<uint32_t> batches;
  Mix<BodyFormat> bodies;
  Mix<AnswerFormat> answers;
  double hits = 0.1;      // of the made-up population
  uint64_t prepared = 0;  // rows that the list holds
  uint64_t seed = 1;
  uint64_t addresses = 0;    // different addresses in all requests together, about
  std::string address_file;  // lines to draw from instead of the population; empty: none
};

inline constexpr uint64_t rows_prepared_max = uint64_t{1} << 29;
inline constexpr uint64_t rows_added_begin = uint64_t{1} << 29;
inline constexpr uint64_t rows_missing_begin = uint64_t{1} << 30;
inline constexpr uint64_t rows_missing_end = uint64_t{1} << 31;
/// However small the batches: more would only push the server's data out of the caches.
inline constexpr size_t requests_max = 16'384;
inline constexpr size_t requests_min = 64;
inline constexpr size_t file_lines_max = 4'000'000;

/// Requests in an order that mixes them; asked over and over again.
std::vector<PreparedRequest> prepare_requests(const Settings& settings, const Endpoint& endpoint,
                                              const RequestMix& mix);

/// The canonical addresses of a range of rows, for adding.
class RowWriter {
 public:
  explicit RowWriter(uint64_t seed);
  void append_lines(uint64_t begin, uint64_t count, std::string& out) const;
  /// A request that adds these rows to the account's list.
  PreparedRequest add_request(const Settings& settings, const Endpoint& endpoint, uint64_t begin,
                              uint32_t count) const;

 private:
  suppressd::Recipients recipients_;
};

}  // namespace suppressctl
