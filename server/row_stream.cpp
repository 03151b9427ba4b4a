#include "server/row_stream.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/add_intake.hpp"
#include "server/committer.hpp"
#include "server/json_answer.hpp"
#include "server/media_type.hpp"
#include "server/store_exchange.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

constexpr size_t piece_bytes = 64 * 1024;   // of the body, between two looks at the queue
constexpr size_t rows_per_step = 4 * 1024;  // of a JSON document, likewise
constexpr std::chrono::milliseconds full_queue_retry{20};

}  // namespace

std::optional<Problem> read_row_stream(const Call& call, RowStreamRequest& request) {
  const auto type = media_type(call.head.field("content-type").value_or(""));
  const bool lines = type == "application/x-ndjson" || type == "application/ndjson";
  if (!lines && type != "application/json") {
    return media_type_problem("application/json, application/x-ndjson");
  }
  const AppLimits& limits = call.parts.limits;
  request.kind = lines ? BodyKind::ndjson : BodyKind::json;
  request.body_bytes_max = lines ? limits.streaming_body_bytes_max : limits.json_body_bytes_max;
  request.line_bytes_max = limits.line_bytes_max;
  if (call.head.content_length.value_or(0) > request.body_bytes_max) {
    return too_large_problem(request.body_bytes_max);
  }
  return IdempotencyKey::read(call, request.idempotency);
}

/// What the splitter tells of each line.
struct RowStream::LineSink {
  RowStream& stream;
  void line(std::string_view text) { stream.took(stream.read_line(text)); }
  void overlong_line() { stream.took(RowFault{"", "line_too_long"}); }
};

RowStream::RowStream(const AppParts& parts, Wake wake, RowStreamRequest request)
    : parts_(parts),
      request_(std::move(request)),
      splitter_(request_.line_bytes_max),
      mailbox_(std::make_shared<Mailbox<Task>>(std::move(wake))) {}

Progress RowStream::on_body(std::string_view bytes, Answer& answer) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > request_.body_bytes_max) {
    fail(too_large_problem(request_.body_bytes_max));
  } else {
    held_.append(bytes);
  }
  return go_on(answer);
}

Progress RowStream::on_end(Answer& answer) {
  body_ended_ = true;
  return go_on(answer);
}

Progress RowStream::on_wake(Answer& answer) {
  return go_on(answer);
}

uint64_t RowStream::buffered_bytes() const {
  return held_.capacity() + memory_bytes() + (change_ ? change_bytes_ : 0) + bytes_in_flight_;
}

/// Does what can be done now: takes outcomes in, hands changes over, reads rows.
Progress RowStream::go_on(Answer& answer) {
  for (;;) {
    run_posted();
    if (failure_) {
      if (in_flight_ == 0) return finish(answer);
    } else {
      if (change_is_due() && send()) continue;
      if (!change_is_due() && read_rows()) continue;
      if (read_all_ && !change_is_due() && in_flight_ == 0) return finish(answer);
      if (!change_is_due() && !read_all_) return Progress::more;
    }
    if (mailbox_->arm()) return Progress::wait;
  }
}

void RowStream::run_posted() {
  for (const Task& task : mailbox_->take()) task();
}

void RowStream::take_outcome(const Outcome& outcome, uint64_t bytes) {
  --in_flight_;
  bytes_in_flight_ -= bytes;
  if (auto problem = take(outcome)) return fail(std::move(*problem));
  sequence_ = std::max(sequence_, outcome.sequence);
  ++(outcome.status == Outcome::Status::replayed ? replayed_changes_ : committed_changes_);
}

std::optional<Problem> RowStream::take(const Outcome& outcome) {
  auto problem = outcome_problem(outcome);
  if (!problem) add_up(outcome);
  return problem;
}

void RowStream::run_aside(std::function<Task()> work) {
  const auto run = [this, work = std::move(work)]() -> Task {
    try {
      return work();
    } catch (const std::exception&) {
      return [this] { fail(storage_problem()); };
    }
  };
  const bool queued = parts_.pool.run([this, mailbox = mailbox_, run] {
    mailbox->post([this, then = run()] {
      --in_flight_;
      then();
    });
  });
  if (!queued) return fail(busy_problem());
  ++in_flight_;
}

bool RowStream::change_is_due() const {
  return change_ || whole_change_waits() || (read_all_ && rows_waiting() != 0);
}

void RowStream::prepare() {
  std::string hashed;
  const bool remembered = request_.idempotency.given();
  const uint64_t before = memory_bytes();
  change_ = take_change(remembered ? &hashed : nullptr);
  const uint64_t after = memory_bytes();
  change_bytes_ = before > after ? before - after : 0;
  if (remembered) change_->idempotency = request_.idempotency.for_change(hashed, changes_);
}

/// Hands the next change over. False when it cannot be: something is under way whose end will wake
/// the exchange.
bool RowStream::send() {
  if (retry_planned_ || in_flight_ >= changes_in_flight_max) return false;
  if (!change_) prepare();
  const bool queued = parts_.committer.submit(
      std::move(*change_),
      [this, mailbox = mailbox_, bytes = change_bytes_](const Outcome& outcome) {
        mailbox->post([this, outcome, bytes] { take_outcome(outcome, bytes); });
      });
  if (queued) {
    change_.reset();
    ++in_flight_;
    bytes_in_flight_ += change_bytes_;
    ++changes_;
    return true;
  }
  // The queue is full: a timer wakes the exchange, or, when nothing of this request was handed over
  // yet, the request is refused.
  if (changes_ == 0) {
    fail(busy_problem());
    return true;
  }
  retry_planned_ = true;
  parts_.pool.run_after(full_queue_retry, [this, mailbox = mailbox_] {
    mailbox->post([this] { retry_planned_ = false; });
  });
  return false;
}

/// Reads some rows of what is held of the body. False when there is nothing to read now.
bool RowStream::read_rows() {
  return request_.kind == BodyKind::json ? read_document() : read_lines();
}

bool RowStream::read_lines() {
  if (read_from_ < held_.size()) {
    splitter_.feed(std::string_view(held_).substr(read_from_, piece_bytes), LineSink{*this});
    read_from_ = std::min(held_.size(), read_from_ + piece_bytes);
    if (splitter_.utf16()) {
      fail(invalid_body_problem({{std::nullopt, "", "utf16"}}, "The body is UTF-16; send UTF-8."));
    }
    return true;
  }
  held_.clear();
  read_from_ = 0;
  if (!body_ended_ || read_all_) return false;
  splitter_.finish(LineSink{*this});
  read_all_ = true;
  return true;
}

bool RowStream::read_document() {
  if (!body_ended_ || read_all_) return false;
  if (!document_open_) {
    document_open_ = true;
    if (auto problem = open_document(std::exchange(held_, {}))) fail(std::move(*problem));
    return true;
  }
  for (size_t i = 0; i < rows_per_step && !read_all_; ++i) {
    std::optional<RowFault> error;
    if (read_next(error)) {
      took(error);
    } else {
      read_all_ = true;
    }
  }
  return true;
}

void RowStream::took(const std::optional<RowFault>& fault) {
  if (fault) refuse_row(next_index_, *fault);
  ++next_index_;
}

void RowStream::refuse_row(uint64_t index, const RowFault& fault) {
  ++invalid_;
  if (errors_.size() == errors_listed_max) return;
  errors_.push_back({index, std::string(fault.field), std::string(fault.code)});
}

void RowStream::fail(Problem problem) {
  if (!failure_) failure_ = std::move(problem);
}

Progress RowStream::finish(Answer& answer) {
  if (failure_) {
    if (committed_changes_ + replayed_changes_ != 0) {
      failure_->members.emplace_back("applied", counts(sequence_).dump());
    }
    write_problem(*failure_, answer);
    return Progress::done;
  }
  if (changes_ == 0) sequence_ = parts_.committer.visible_sequence();
  std::sort(errors_.begin(), errors_.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  nlohmann::ordered_json json = counts(sequence_);
  json["invalid"] = invalid_;
  json["errors"] = nlohmann::ordered_json::array();
  for (const Problem::Row& row : errors_) json["errors"].push_back(row_json(row));
  if (invalid_ > errors_.size()) json["errors_omitted"] = invalid_ - errors_.size();
  Outcome outcome;
  outcome.sequence = sequence_;
  outcome.status = replayed_changes_ != 0 && committed_changes_ == 0 ? Outcome::Status::replayed
                                                                     : Outcome::Status::committed;
  add_outcome_fields(outcome, answer);
  write_json(json, 200, answer);
  if (const std::string more = further_members(); !more.empty()) {
    answer.body.insert(answer.body.rfind('}'), "," + more);
  }
  return Progress::done;
}

}  // namespace suppressd
