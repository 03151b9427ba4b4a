// A request whose body is rows that are stored in changes, however many there are:
//
//   body → pieces → rows → a change being filled → changes under way → outcomes → one answer
//
// Memory is bounded: while changes_in_flight_max are under way and the next one is full, the exchange
// waits and takes no more of the body. Changes are cut where the rows say, however the body arrived, so a
// repetition with the same Idempotency-Key makes the same. A body that stops, or storage that
// fails, leaves whole changes stored; the problem says in `applied` what they were.
//
// Who derives from it knows what a row is. Thread safety: one thread's, like every exchange.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/add_request.hpp"
#include "server/call.hpp"
#include "server/idempotency.hpp"
#include "server/line_splitter.hpp"
#include "server/mailbox.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {

inline constexpr size_t changes_in_flight_max = 4;  // two being synced, two for the next commit

struct RowStreamRequest {
  BodyKind kind = BodyKind::json;  // or ndjson
  IdempotencyKey idempotency;
  uint64_t body_bytes_max = 0;
  uint64_t line_bytes_max = 0;
};

/// Media type, declared length, Idempotency-Key. A problem where they are not what is taken.
std::optional<Problem> read_row_stream(const Call& call, RowStreamRequest& request);

class RowStream : public Exchange {
 public:
  RowStream(const AppParts& parts, Wake wake, RowStreamRequest request);

  bool wants_body() const override { return true; }
  Progress on_body(std::string_view bytes, Answer& answer) override;
  Progress on_end(Answer& answer) override;
  Progress on_wake(Answer& answer) override;
  uint64_t buffered_bytes() const override;

 protected:
  // ---- what a row is ----
  /// Reads a line of NDJSON: a row that waits, or an error.
  virtual std::optional<RowFault> read_line(std::string_view line) = 0;
  virtual std::optional<Problem> open_document(std::string document) = 0;
  /// The document's next row, likewise; false after the last one.
  virtual bool read_next(std::optional<RowFault>& error) = 0;
  virtual size_t rows_waiting() const = 0;
  /// Whether the rows that wait begin with a change that no further row would join.
  virtual bool whole_change_waits() const { return rows_waiting() >= change_rows_max; }
  /// Of the rows that wait and the document, about.
  virtual uint64_t memory_bytes() const = 0;
  /// The first rows that wait, at most change_rows_max. `hashed`, when it is not null, gets
  /// everything that decides what the change stores.
  virtual Change take_change(std::string* hashed) = 0;
  /// Of a change that was committed or replayed.
  virtual void add_up(const Outcome& outcome) = 0;
  /// The outcome of the next change, in the order in which they were taken: added up, or why that
  /// ends the request.
  virtual std::optional<Problem> take(const Outcome& outcome);
  /// What the answer counts, `sequence` first.
  virtual nlohmann::ordered_json counts(uint64_t sequence) const = 0;
  /// Members of the answer that stand behind the counts, as JSON text; may be empty.
  virtual std::string further_members() { return {}; }

  // ---- for those who derive ----
  /// The index of the row that is being read.
  uint64_t row_index() const { return next_index_; }
  /// An error of a row that was read well and then could not be stored.
  void refuse_row(uint64_t index, const RowFault& fault);
  /// Runs `work` on a pool thread, and what it returns on the exchange's thread, before the answer.
  /// It may throw what reads of the store throw.
  void run_aside(std::function<std::function<void()>()> work);

 private:
  struct LineSink;

  Progress go_on(Answer& answer);
  void run_posted();
  void take_outcome(const Outcome& outcome, uint64_t bytes);
  bool change_is_due() const;
  bool send();
  void prepare();
  bool read_rows();
  bool read_lines();
  bool read_document();
  void took(const std::optional<RowFault>& fault);
  void fail(Problem problem);
  Progress finish(Answer& answer);

  const AppParts& parts_;
  const RowStreamRequest request_;
  LineSplitter splitter_;
  using Task = std::function<void()>;
  std::shared_ptr<Mailbox<Task>> mailbox_;  // what other threads leave to do here

  std::string held_;  // of the body, not read yet from read_from_ on
  size_t read_from_ = 0;
  uint64_t body_bytes_ = 0;
  bool body_ended_ = false;
  bool document_open_ = false;
  bool read_all_ = false;  // no row will come after those that wait

  std::optional<Change> change_;  // waits for the queue
  uint64_t change_bytes_ = 0;     // of change_, about
  bool retry_planned_ = false;
  size_t in_flight_ = 0;          // changes, and work beside
  uint64_t bytes_in_flight_ = 0;  // of changes, about
  uint64_t changes_ = 0;          // handed over
  uint64_t committed_changes_ = 0, replayed_changes_ = 0;
  uint64_t sequence_ = 0;
  uint64_t next_index_ = 0, invalid_ = 0;
  std::vector<Problem::Row> errors_;
  std::optional<Problem> failure_;
};

}  // namespace suppressd
