// POST …/suppressions: rows stream in, are normalized here, and are stored in changes of at most
// change_rows_max rows through the committer.
//
//   body → pieces → rows → pending_ → changes (at most changes_in_flight_max) → outcomes → one
//   answer
//
// Memory is bounded: while as many changes are in flight as may be, and the next one is full, the
// exchange waits and takes no more of the body. A body that stops, or storage that fails, leaves
// whole changes stored; the answer says how many rows those were.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "server/committer.hpp"
#include "server/content_decoder.hpp"
#include "server/handlers.hpp"
#include "server/idempotency.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/line_splitter.hpp"
#include "server/mailbox.hpp"
#include "server/media_type.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_rows.hpp"
#include "server/time_text.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

constexpr size_t changes_in_flight_max = 2;   // one being synced, one being filled
constexpr size_t piece_bytes = 64 * 1024;     // of the body, between two looks at the queue
constexpr size_t row_bytes = 384;             // of memory that a row takes, about
constexpr size_t rows_per_step = 4 * 1024;    // of a JSON document, likewise
constexpr size_t errors_listed_max = 10'000;  // in an answer; all are counted
constexpr std::chrono::milliseconds full_queue_retry{20};
constexpr std::string_view accepted_types = "application/json, application/x-ndjson, text/plain";

enum class BodyKind : uint8_t { json, ndjson, text };

struct AddRequest {
  BodyKind kind = BodyKind::json;
  AccountNumber scope = platform_number;
  std::string key_id;
  IdempotencyKey idempotency;
  RowDefaults defaults;
  uint64_t body_bytes_max = 0;
  uint64_t line_bytes_max = 0;
};

/// Rows that were read, in order; the bad ones only counted and listed.
struct Intake {
  std::vector<AddSuppressions::Row> rows;
  uint64_t next_index = 0;
  uint64_t invalid = 0;
  std::vector<Problem::Row> errors;

  void fail(const RowFault& error) {
    ++invalid;
    if (errors.size() < errors_listed_max) {
      errors.push_back({next_index, std::string(error.field), std::string(error.code)});
    }
    ++next_index;
  }
  void accept(AddSuppressions::Row&& row) {
    rows.push_back(std::move(row));
    ++next_index;
  }
};

/// What the splitter tells of each line.
struct LineSink {
  SuppressionRows& reader;
  BodyKind kind;
  Intake& intake;

  void line(std::string_view text) {
    AddSuppressions::Row row;
    const auto error =
        kind == BodyKind::text ? reader.text(text, row) : reader.json_line(text, row);
    if (error) {
      intake.fail(*error);
    } else {
      intake.accept(std::move(row));
    }
  }
  void overlong_line() { intake.fail({"", "line_too_long"}); }
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
    return held_.capacity() + reader_.document_bytes() +
           (intake_.rows.size() + rows_in_flight_) * row_bytes;
  }

 private:
  /// Does what can be done now: takes outcomes in, hands changes over, reads rows.
  Progress go_on(Answer& answer) {
    for (;;) {
      take_outcomes();
      if (failure_) {
        if (in_flight_ == 0) return finish(answer);
      } else {
        if (change_is_due() && in_flight_ < changes_in_flight_max && submit()) continue;
        if (intake_.rows.size() < change_rows_max && read_rows()) continue;
        if (read_all_ && !change_is_due() && in_flight_ == 0) return finish(answer);
        if (!change_is_due() && !read_all_) return Progress::more;
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
      if (in_flight_ == 0) rows_in_flight_ = 0;
      if (auto problem = outcome_problem(*outcome)) {
        fail(std::move(*problem));
      } else {
        add_up(*outcome);
      }
    }
  }

  void add_up(const Outcome& outcome) {
    sequence_ = std::max(sequence_, outcome.sequence);
    added_ += outcome.added;
    updated_ += outcome.updated;
    unchanged_ += outcome.unchanged;
    ++(outcome.status == Outcome::Status::replayed ? replayed_changes_ : committed_changes_);
  }

  bool change_is_due() const {
    return prepared_ || intake_.rows.size() >= change_rows_max ||
           (read_all_ && !intake_.rows.empty());
  }

  /// False when the queue is full: then a timer wakes the exchange, or, when nothing of this
  /// request was handed over yet, the request is refused.
  bool submit() {
    if (retry_planned_) return false;
    if (!prepared_) prepare();
    const size_t rows = std::get<AddSuppressions>(change_.what).rows.size();
    const bool queued = parts_.committer.submit(
        std::move(change_), [mailbox = mailbox_](const Outcome& one) { mailbox->post(one); });
    if (queued) {
      prepared_ = false;
      ++in_flight_;
      ++changes_;
      rows_in_flight_ += rows;
      return true;
    }
    if (changes_ == 0) {
      fail(busy_problem());
      return true;
    }
    retry_planned_ = true;
    parts_.pool.run_after(full_queue_retry, [mailbox = mailbox_] { mailbox->post(std::nullopt); });
    return false;
  }

  /// The next change of the pending rows. Always cut at the same rows, so that a repetition of the
  /// request makes the same changes.
  void prepare() {
    auto& pending = intake_.rows;
    const size_t count = std::min(pending.size(), change_rows_max);
    AddSuppressions add;
    add.scope = request_.scope;
    add.rows.assign(std::make_move_iterator(pending.begin()),
                    std::make_move_iterator(pending.begin() + static_cast<ptrdiff_t>(count)));
    pending.erase(pending.begin(), pending.begin() + static_cast<ptrdiff_t>(count));
    change_ = Change{};
    change_.by = request_.key_id;
    change_.at = now_ms();
    if (request_.idempotency.given()) {
      change_.idempotency = request_.idempotency.for_change(hashed_content(add.rows), changes_);
    }
    for (AddSuppressions::Row& row : add.rows) {
      row.cause.by = request_.key_id;
      if (row.cause.at == 0) row.cause.at = change_.at;
    }
    change_.what = std::move(add);
    prepared_ = true;
  }

  /// Reads some rows of what is held of the body. False when there is nothing to read now.
  bool read_rows() { return request_.kind == BodyKind::json ? read_document() : read_lines(); }

  bool read_lines() {
    LineSink sink{reader_, request_.kind, intake_};
    if (read_from_ < held_.size()) {
      splitter_.feed(std::string_view(held_).substr(read_from_, piece_bytes), sink);
      read_from_ = std::min(held_.size(), read_from_ + piece_bytes);
      if (splitter_.utf16()) fail(utf16_problem());
      return true;
    }
    held_.clear();
    read_from_ = 0;
    if (!body_ended_ || read_all_) return false;
    splitter_.finish(sink);
    read_all_ = true;
    return true;
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
      AddSuppressions::Row row;
      std::optional<RowFault> error;
      if (!reader_.next(row, error)) {
        read_all_ = true;
      } else if (error) {
        intake_.fail(*error);
      } else {
        intake_.accept(std::move(row));
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
  std::shared_ptr<Mailbox<std::optional<Outcome>>> mailbox_;  // empty: the retry timer

  std::string held_;  // of the body, not read yet from read_from_ on
  size_t read_from_ = 0;
  uint64_t body_bytes_ = 0;
  bool body_ended_ = false;
  bool document_open_ = false;
  bool read_all_ = false;  // no row will come after those in intake_
  Intake intake_;

  Change change_;  // cut off intake_, waiting for the queue, when prepared_
  bool prepared_ = false;
  bool retry_planned_ = false;
  size_t in_flight_ = 0;       // changes
  size_t rows_in_flight_ = 0;  // at most
  uint64_t changes_ = 0;       // handed over
  uint64_t committed_changes_ = 0, replayed_changes_ = 0;
  uint64_t sequence_ = 0, added_ = 0, updated_ = 0, unchanged_ = 0;
  std::optional<Problem> failure_;
};

std::optional<BodyKind> body_kind(const RequestHead& head) {
  const auto type = media_type(head.field("content-type").value_or(""));
  if (type == "application/json") return BodyKind::json;
  if (type == "application/x-ndjson" || type == "application/ndjson") return BodyKind::ndjson;
  if (type == "text/plain") return BodyKind::text;
  return std::nullopt;
}

std::optional<Problem> read_request(Call& call, AddRequest& request) {
  Query query;
  if (auto problem =
          Query::parse(call.head.query,
                       {"channel", "region", "reason", "source", "campaign", "evidence"}, query)) {
    return problem;
  }
  const auto kind = body_kind(call.head);
  if (!kind) return media_type_problem(accepted_types);
  request.kind = *kind;
  request.scope = call.scope();
  request.key_id = call.key->id;
  request.defaults.role = call.key->role;
  request.defaults.now = now_ms();
  if (call.account) request.defaults.region = call.account->default_region;
  if (auto problem = RowDefaults::read(query, request.defaults)) return problem;
  if (*kind == BodyKind::text && request.defaults.cause.reason == Reason::none) {
    return invalid_request_problem("reason", "required", "Plain addresses need ?reason=.");
  }
  const AppLimits& limits = call.parts.limits;
  request.body_bytes_max =
      *kind == BodyKind::json ? limits.json_body_bytes_max : limits.streaming_body_bytes_max;
  request.line_bytes_max = limits.line_bytes_max;
  if (call.head.content_length.value_or(0) > request.body_bytes_max) {
    return too_large_problem(request.body_bytes_max);
  }
  return IdempotencyKey::read(call, request.idempotency);
}

}  // namespace

std::unique_ptr<Exchange> post_suppressions(Call& call) {
  AddRequest request;
  if (auto problem = read_request(call, request)) return problem_exchange(*problem);
  const uint64_t body_bytes_max = request.body_bytes_max;
  return decode_content(
      call.head.field("content-encoding").value_or(""),
      std::make_unique<AddExchange>(call.parts, call.worker, call.wake, std::move(request)),
      body_bytes_max);
}

}  // namespace suppressd
