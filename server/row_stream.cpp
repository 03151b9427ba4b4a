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

constexpr size_t changes_in_flight_max = 2;  // one being synced, one being filled
constexpr size_t piece_bytes = 64 * 1024;    // of the body, between two looks at the queue
constexpr size_t rows_per_step = 4 * 1024;   // of a JSON document, likewise
constexpr size_t row_bytes = 384;            // of memory that a row of a change takes, about
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
      mailbox_(std::make_shared<Mailbox<std::optional<Outcome>>>(std::move(wake))) {}

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
  const size_t sent = in_flight_ + (change_ ? 1 : 0);
  return held_.capacity() + memory_bytes() + sent * change_rows_max * row_bytes;
}

/// Does what can be done now: takes outcomes in, hands changes over, reads rows.
Progress RowStream::go_on(Answer& answer) {
  for (;;) {
    take_outcomes();
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

void RowStream::take_outcomes() {
  for (const std::optional<Outcome>& outcome : mailbox_->take()) {
    if (!outcome) {
      retry_planned_ = false;
      continue;
    }
    --in_flight_;
    if (auto problem = outcome_problem(*outcome)) {
      fail(std::move(*problem));
      continue;
    }
    sequence_ = std::max(sequence_, outcome->sequence);
    ++(outcome->status == Outcome::Status::replayed ? replayed_changes_ : committed_changes_);
    add_up(*outcome);
  }
}

bool RowStream::change_is_due() const {
  return change_ || rows_waiting() >= change_rows_max || (read_all_ && rows_waiting() != 0);
}

/// Hands the next change over. False when it cannot be: something is under way whose end will wake
/// the exchange.
bool RowStream::send() {
  if (retry_planned_ || in_flight_ == changes_in_flight_max) return false;
  if (!change_) {
    std::string hashed;
    const bool remembered = request_.idempotency.given();
    change_ = take_change(remembered ? &hashed : nullptr);
    if (remembered) change_->idempotency = request_.idempotency.for_change(hashed, changes_);
  }
  const bool queued = parts_.committer.submit(
      std::move(*change_),
      [mailbox = mailbox_](const Outcome& outcome) { mailbox->post(outcome); });
  if (queued) {
    change_.reset();
    ++in_flight_;
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
  parts_.pool.run_after(full_queue_retry, [mailbox = mailbox_] { mailbox->post(std::nullopt); });
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
  if (fault) {
    ++invalid_;
    if (errors_.size() < errors_listed_max) {
      errors_.push_back({next_index_, std::string(fault->field), std::string(fault->code)});
    }
  }
  ++next_index_;
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
  return Progress::done;
}

}  // namespace suppressd
