// POST …/suppressions: rows stream in, are normalized here, and are stored through the committer: a
// few in changes of at most change_rows_max rows, many as runs (persistence/bulk_run.hpp).
//
//   body → pieces → rows → batch being filled → batch being sent → changes or a run → outcomes →
//   one answer
//
// Memory is bounded: while a batch is being sent and the next one is full, the exchange waits and
// takes no more of the body. A body that stops, or storage that fails, leaves whole changes and
// runs stored; the answer says how many rows those were.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "server/add_intake.hpp"
#include "server/add_request.hpp"
#include "server/committer.hpp"
#include "server/content_decoder.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/line_splitter.hpp"
#include "server/mailbox.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_csv.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

constexpr size_t changes_in_flight_max = 2;  // one being synced, one being filled
constexpr size_t piece_bytes = 64 * 1024;    // of the body, between two looks at the queue
constexpr size_t row_bytes = 384;            // of memory that a row of a change takes, about
constexpr size_t rows_per_step = 4 * 1024;   // of a JSON document, likewise
constexpr std::chrono::milliseconds full_queue_retry{20};

/// What the splitter tells of each line.
struct LineSink {
  SuppressionRows& reader;
  BodyKind kind;
  Intake& intake;

  void line(std::string_view text) {
    RowView row;
    const auto error =
        kind == BodyKind::text ? reader.text(text, row) : reader.json_line(text, row);
    if (error) {
      intake.fault(*error);
    } else {
      intake.row(row);
    }
  }
  void overlong_line() { intake.fault({"", "line_too_long"}); }
};

/// Everything that decides what a change stores, for the idempotency hash. A time that was not
/// given is left out, as a repetition has another.
std::string hashed_content(const std::vector<AddSuppressions::Row>& rows) {
  std::string content;
  for (const auto& row : rows) {
    for (const std::string_view text :
         {std::string_view(row.address), std::string_view(row.given), row.region.text(),
          name_of(row.channel), name_of(row.cause.reason), std::string_view(row.cause.source),
          std::string_view(row.cause.campaign), std::string_view(row.cause.evidence)}) {
      content.append(std::to_string(text.size())).append(":").append(text);
    }
    content.append(std::to_string(row.cause.at)).append(";");
  }
  return content;
}

class AddExchange final : public Exchange {
 public:
  AddExchange(const AppParts& parts, Worker& worker, Wake wake, AddRequest request)
      : parts_(parts),
        request_(std::move(request)),
        reader_(worker.normalizer, request_.defaults),
        splitter_(request_.line_bytes_max),
        csv_(reader_, request_.columns, request_.line_bytes_max),
        intake_(request_.scope, request_.key_id, parts_.limits.run_rows_max),
        mailbox_(std::make_shared<Mailbox<std::optional<Outcome>>>(std::move(wake))) {}

  bool wants_body() const override { return true; }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    body_bytes_ += bytes.size();
    if (body_bytes_ > request_.body_bytes_max) {
      fail(too_large_problem(request_.body_bytes_max));
    } else {
      held_.append(bytes);
    }
    return go_on(answer);
  }

  Progress on_end(Answer& answer) override {
    body_ended_ = true;
    return go_on(answer);
  }

  Progress on_wake(Answer& answer) override { return go_on(answer); }

  uint64_t buffered_bytes() const override {
    return held_.capacity() + reader_.document_bytes() + intake_.memory_bytes() +
           (sending_ ? sending_->memory_bytes() : 0) + bytes_in_flight_;
  }

 private:
  /// Does what can be done now: takes outcomes in, hands batches over, reads rows.
  Progress go_on(Answer& answer) {
    for (;;) {
      take_outcomes();
      if (failure_) {
        if (in_flight_ == 0) return finish(answer);
      } else {
        if (!sending_ && batch_is_due()) begin_sending();
        if (sending_ && send()) continue;
        if (!batch_is_due() && read_rows()) continue;
        if (read_all_ && !sending_ && !batch_is_due() && in_flight_ == 0) return finish(answer);
        if (!batch_is_due() && !read_all_) return Progress::more;
      }
      if (mailbox_->arm()) return Progress::wait;
    }
  }

  void take_outcomes() {
    for (const std::optional<Outcome>& outcome : mailbox_->take()) {
      if (!outcome) {
        retry_planned_ = false;
        continue;
      }
      --in_flight_;
      if (in_flight_ == 0) bytes_in_flight_ = 0;
      auto problem = outcome_problem(*outcome);
      // A run may have been stored in part before storage failed.
      const bool stored = outcome->added + outcome->updated + outcome->unchanged != 0;
      if (!problem || stored) add_up(*outcome);
      if (problem) fail(std::move(*problem));
    }
  }

  void add_up(const Outcome& outcome) {
    sequence_ = std::max(sequence_, outcome.sequence);
    added_ += outcome.added;
    updated_ += outcome.updated;
    unchanged_ += outcome.unchanged;
    ++(outcome.status == Outcome::Status::replayed ? replayed_changes_ : committed_changes_);
  }

  bool batch_is_due() const { return intake_.has_whole_batch() || (read_all_ && !intake_.empty()); }

  void begin_sending() {
    sending_ = intake_.take();
    as_run_ = sending_->rows().size() >= parts_.limits.run_rows_min;
    next_row_ = 0;
  }

  /// Hands the run, or its next change, over. False when nothing can be: something is under way
  /// whose end will wake the exchange.
  bool send() {
    if (retry_planned_) return false;
    return as_run_ ? send_run() : send_change();
  }

  bool send_run() {
    if (in_flight_ != 0) return false;  // the rows of one request stay in order
    const uint64_t bytes = sending_->memory_bytes();
    sending_->idempotency = request_.idempotency.for_run(changes_);
    if (!parts_.committer.submit(std::move(sending_), completion())) return no_room();
    sending_.reset();
    handed_over(bytes);
    return true;
  }

  bool send_change() {
    if (in_flight_ == changes_in_flight_max) return false;
    if (!prepared_) prepare();
    const size_t rows = std::get<AddSuppressions>(change_.what).rows.size();
    if (!parts_.committer.submit(std::move(change_), completion())) return no_room();
    prepared_ = false;
    if (next_row_ == sending_->rows().size()) sending_.reset();
    handed_over(rows * row_bytes);
    return true;
  }

  Committer::Completion completion() const {
    return [mailbox = mailbox_](const Outcome& one) { mailbox->post(one); };
  }

  void handed_over(uint64_t bytes) {
    ++in_flight_;
    ++changes_;
    bytes_in_flight_ += bytes;
  }

  /// The queue is full: a timer wakes the exchange, or, when nothing of this request was handed
  /// over yet, the request is refused.
  bool no_room() {
    if (changes_ == 0) {
      fail(busy_problem());
      return true;
    }
    retry_planned_ = true;
    parts_.pool.run_after(full_queue_retry, [mailbox = mailbox_] { mailbox->post(std::nullopt); });
    return false;
  }

  void prepare() {
    change_ = sending_->change(next_row_);
    auto& add = std::get<AddSuppressions>(change_.what);
    next_row_ += add.rows.size();
    if (request_.idempotency.given()) {
      change_.idempotency = request_.idempotency.for_change(hashed_content(add.rows), changes_);
    }
    for (AddSuppressions::Row& row : add.rows) {
      if (row.cause.at == 0) row.cause.at = change_.at;
    }
    prepared_ = true;
  }

  /// Reads some rows of what is held of the body. False when there is nothing to read now.
  bool read_rows() { return request_.kind == BodyKind::json ? read_document() : read_lines(); }

  bool read_lines() {
    if (read_from_ < held_.size()) {
      read_piece(std::string_view(held_).substr(read_from_, piece_bytes));
      read_from_ = std::min(held_.size(), read_from_ + piece_bytes);
      return true;
    }
    held_.clear();
    read_from_ = 0;
    if (!body_ended_ || read_all_) return false;
    LineSink sink{reader_, request_.kind, intake_};
    if (request_.kind == BodyKind::csv) {
      csv_.finish(intake_);
      check_csv();
    } else {
      splitter_.finish(sink);
    }
    read_all_ = true;
    return true;
  }

  void read_piece(std::string_view piece) {
    if (request_.kind == BodyKind::csv) {
      csv_.feed(piece, intake_);
      return check_csv();
    }
    splitter_.feed(piece, LineSink{reader_, request_.kind, intake_});
    if (splitter_.utf16()) fail(utf16_problem());
  }

  void check_csv() {
    if (auto problem = csv_.problem()) fail(std::move(*problem));
  }

  bool read_document() {
    if (!body_ended_ || read_all_) return false;
    if (!document_open_) {
      document_open_ = true;
      auto problem = reader_.open_document(std::exchange(held_, {}));
      if (problem) fail(std::move(*problem));
      return true;
    }
    for (size_t i = 0; i < rows_per_step && !read_all_; ++i) {
      RowView row;
      std::optional<RowFault> error;
      if (!reader_.next(row, error)) {
        read_all_ = true;
      } else if (error) {
        intake_.fault(*error);
      } else {
        intake_.row(row);
      }
    }
    return true;
  }

  static Problem utf16_problem() {
    return invalid_body_problem({{std::nullopt, "", "utf16"}}, "The body is UTF-16; send UTF-8.");
  }

  void fail(Problem problem) {
    if (!failure_) failure_ = std::move(problem);
  }

  nlohmann::ordered_json counts() const {
    return {{"sequence", sequence_},
            {"added", added_},
            {"updated", updated_},
            {"unchanged", unchanged_}};
  }

  Progress finish(Answer& answer) {
    if (failure_) {
      if (committed_changes_ + replayed_changes_ != 0) {
        failure_->members.emplace_back("applied", counts().dump());
      }
      write_problem(*failure_, answer);
      return Progress::done;
    }
    if (changes_ == 0) sequence_ = parts_.committer.visible_sequence();
    nlohmann::ordered_json json = counts();
    json["invalid"] = intake_.invalid;
    json["errors"] = nlohmann::ordered_json::array();
    for (const Problem::Row& row : intake_.errors) json["errors"].push_back(row_json(row));
    if (intake_.invalid > errors_listed_max) {
      json["errors_omitted"] = intake_.invalid - errors_listed_max;
    }
    Outcome outcome;
    outcome.sequence = sequence_;
    outcome.status = replayed_changes_ != 0 && committed_changes_ == 0 ? Outcome::Status::replayed
                                                                       : Outcome::Status::committed;
    add_outcome_fields(outcome, answer);
    write_json(json, 200, answer);
    return Progress::done;
  }

  const AppParts& parts_;
  const AddRequest request_;
  SuppressionRows reader_;
  LineSplitter splitter_;
  SuppressionCsv csv_;
  Intake intake_;
  std::shared_ptr<Mailbox<std::optional<Outcome>>> mailbox_;  // empty: the retry timer

  std::string held_;  // of the body, not read yet from read_from_ on
  size_t read_from_ = 0;
  uint64_t body_bytes_ = 0;
  bool body_ended_ = false;
  bool document_open_ = false;
  bool read_all_ = false;  // no row will come after those in intake_

  std::unique_ptr<BulkRun> sending_;  // a batch whose rows are being handed over
  bool as_run_ = false;
  size_t next_row_ = 0;  // of sending_, when it goes in changes
  Change change_;        // cut off sending_, waiting for the queue, when prepared_
  bool prepared_ = false;
  bool retry_planned_ = false;
  size_t in_flight_ = 0;          // changes and runs
  uint64_t bytes_in_flight_ = 0;  // at most
  uint64_t changes_ = 0;          // and runs, handed over
  uint64_t committed_changes_ = 0, replayed_changes_ = 0;
  uint64_t sequence_ = 0, added_ = 0, updated_ = 0, unchanged_ = 0;
  std::optional<Problem> failure_;
};

}  // namespace

std::unique_ptr<Exchange> post_suppressions(Call& call) {
  AddRequest request;
  if (auto problem = read_add_request(call, request)) return problem_exchange(*problem);
  const uint64_t body_bytes_max = request.body_bytes_max;
  return decode_content(
      call.head.field("content-encoding").value_or(""),
      std::make_unique<AddExchange>(call.parts, call.worker, call.wake, std::move(request)),
      body_bytes_max);
}

}  // namespace suppressd
