#include "server/check_exchange.hpp"

#include <algorithm>

#include "server/check_body.hpp"
#include "server/check_details.hpp"
#include "server/check_request.hpp"
#include "server/check_rows.hpp"
#include "server/check_writers.hpp"
#include "server/committer.hpp"
#include "server/content_decoder.hpp"
#include "server/problem.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

/// A body is read in slices of about a chunk of addresses, so that what one call can append to the
/// answer is bounded however short its lines are.
constexpr size_t slice_bytes = 24 * 1024;
/// An answer up to this size is held back until the body was read, so that an error anywhere in a
/// small body is a clean problem and not an answer that breaks off.
constexpr size_t held_bytes_max = 64 * 1024;
/// When one call has appended this much, other connections get their turn before it goes on; the
/// session calls again only once it has room for more.
constexpr size_t turn_bytes_max = 1024 * 1024;

class CheckExchange final : public Exchange {
 public:
  CheckExchange(const AppParts& parts, const CheckRequest& request, Worker& worker, Wake wake)
      : parts_(parts),
        worker_(worker),
        wake_(std::move(wake)),
        body_bytes_max_(request.body == BodyFormat::json ? parts.limits.json_body_bytes_max
                                                         : parts.limits.streaming_body_bytes_max),
        details_(request.full_detail
                     ? std::make_shared<DetailBatch>(request.options.account, request.audience,
                                                     request.answer == AnswerFormat::ndjson)
                     : nullptr),
        writer_(details_ ? std::make_unique<DetailWriter>(request, worker.normalizer, details_)
                         : make_verdict_writer(request)),
        reader_(make_body_reader(request, parts.limits)),
        rows_(parts.set, worker.reader, parts.store.fingerprint_key(), worker.normalizer,
              request.options, *writer_) {
    // Before the first lookup: the answer holds at least everything up to this sequence.
    rows_.set_sequence(parts.committer.visible_sequence());
    writer_->begin(held_);
  }

  bool wants_body() const override { return true; }
  std::string_view route() const override { return "/v1/accounts/{account}/check"; }
  uint64_t buffered_bytes() const override {
    return sizeof(*this) + held_.size() + kept_.size() + reader_->buffered_bytes();
  }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    body_bytes_ += bytes.size();
    if (body_bytes_ > body_bytes_max_) return fail(too_large_problem(body_bytes_max_), answer);
    return advance(bytes, answer);
  }

  Progress on_end(Answer& answer) override {
    ended_ = true;
    return advance({}, answer);
  }

  Progress on_wake(Answer& answer) override {
    if (details_) {
      if (details_->failed()) return fail(storage_problem(), answer);
      out(answer).append(details_->text());
      details_->text().clear();
    }
    const std::string kept = std::move(kept_);
    kept_.clear();
    return advance(kept, answer);
  }

 private:
  std::string& out(Answer& answer) { return begun_ ? answer.body : held_; }

  /// Reads as much of the bytes as one turn allows, and keeps the rest for on_wake().
  Progress advance(std::string_view bytes, Answer& answer) {
    const size_t before = answer.body.size();
    while (true) {
      if (details_ && !details_->empty()) return look_up_details(bytes, answer);
      if (out(answer).size() > held_bytes_max) begin(answer);
      if (begun_ && answer.body.size() > before + turn_bytes_max) {
        kept_.assign(bytes);
        wake_();
        return Progress::wait;
      }
      if (bytes.empty() && !ended_) return Progress::more;
      const std::string_view slice = bytes.substr(0, slice_bytes);
      bytes.remove_prefix(slice.size());
      const ReadState state = read(slice, answer);
      if (state == ReadState::error) return fail(reader_->problem(), answer);
      if (state == ReadState::done) read_ = true;
      if (read_ && !(details_ && !details_->empty())) return finish(answer);
    }
  }

  ReadState read(std::string_view slice, Answer& answer) {
    if (read_) return ReadState::done;
    rows_.write_to(out(answer));
    const CheckSummary before = rows_.summary();
    const ReadState state = slice.empty() ? reader_->finish(rows_) : reader_->feed(slice, rows_);
    if (state != ReadState::error) rows_.flush();
    count(before);
    return state;
  }

  void count(const CheckSummary& before) {
    const CheckSummary& now = rows_.summary();
    ThreadCounters& counters = worker_.counters;
    ThreadCounters::add(counters.addresses_clear, now.clear - before.clear);
    ThreadCounters::add(counters.addresses_suppressed, now.suppressed - before.suppressed);
    ThreadCounters::add(counters.addresses_invalid, now.invalid - before.invalid);
  }

  Progress look_up_details(std::string_view bytes, Answer& answer) {
    kept_.assign(bytes);
    const bool queued = parts_.pool.run([batch = details_, &store = parts_.store, wake = wake_] {
      batch->write(store);
      wake();
    });
    return queued ? Progress::wait : fail(busy_problem(), answer);
  }

  /// From here on the answer cannot become a problem.
  void begin(Answer& answer) {
    if (begun_) return;
    begun_ = true;
    answer.status = 200;
    answer.fields.emplace_back("Content-Type", std::string(writer_->content_type()));
    answer.fields.emplace_back("Suppress-Sequence", std::to_string(rows_.summary().sequence));
    if (answer.body.empty()) {
      answer.body.swap(held_);
    } else {
      answer.body.append(held_);
    }
    std::string().swap(held_);
  }

  Progress finish(Answer& answer) {
    begin(answer);
    writer_->end(rows_.summary(), answer.body);
    ThreadCounters::add(worker_.counters.checks);
    return Progress::done;
  }

  Progress fail(const Problem& problem, Answer& answer) {
    if (begun_) return Progress::broken;
    write_problem(problem, answer);
    return Progress::done;
  }

  const AppParts parts_;
  Worker& worker_;
  const Wake wake_;
  const uint64_t body_bytes_max_;
  const std::shared_ptr<DetailBatch> details_;  // null without ?detail=full
  const std::unique_ptr<VerdictWriter> writer_;
  const std::unique_ptr<BodyReader> reader_;
  CheckRows rows_;
  uint64_t body_bytes_ = 0;
  bool ended_ = false;  // the body has
  bool read_ = false;   // and the reader has given its last row
  bool begun_ = false;  // bytes of the answer were handed over
  std::string held_;    // the answer until then
  std::string kept_;    // bytes of the body that wait for on_wake()
};

}  // namespace

std::unique_ptr<Exchange> begin_check(const AppParts& parts, const RequestHead& head,
                                      const Account& account, Audience audience, Worker& worker,
                                      Wake wake) {
  std::variant<CheckRequest, Problem> read = read_check_request(head, account);
  if (Problem* problem = std::get_if<Problem>(&read)) return problem_exchange(std::move(*problem));
  CheckRequest& request = std::get<CheckRequest>(read);
  request.audience = audience;
  const uint64_t bytes_max = request.body == BodyFormat::json
                                 ? parts.limits.json_body_bytes_max
                                 : parts.limits.streaming_body_bytes_max;
  if (head.content_length.value_or(0) > bytes_max)
    return problem_exchange(too_large_problem(bytes_max));
  return decode_content(head.field("content-encoding").value_or(""),
                        std::make_unique<CheckExchange>(parts, request, worker, std::move(wake)),
                        bytes_max);
}

}  // namespace suppressd
