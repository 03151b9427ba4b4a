// A request whose body is rows that are stored in changes, however many there are:
//
//   body → pieces → rows → a change being filled → changes under way → outcomes → one answer
//
// Memory is bounded: while two changes are under way and the next one is full, the exchange waits
// and takes no more of the body. Changes are cut where the rows say, however the body arrived, so a
// repetition with the same Idempotency-Key makes the same. A body that stops, or storage that
// fails, leaves whole changes stored; the problem says in `applied` what they were.
//
// Who derives from it knows what a row is. Thread safety: one thread's, like every exchange.
#pragma once

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
  /// Of the rows that wait and the document, about.
  virtual uint64_t memory_bytes() const = 0;
  /// The first rows that wait, at most change_rows_max. `hashed`, when it is not null, gets
  /// everything that decides what the change stores.
  virtual Change take_change(std::string* hashed) = 0;
  virtual void add_up(const Outcome& outcome) = 0;
  /// What the answer counts, `sequence` first.
  virtual nlohmann::ordered_json counts(uint64_t sequence) const = 0;

 private:
  struct LineSink;

  Progress go_on(Answer& answer);
  void take_outcomes();
  bool change_is_due() const;
  bool send();
  bool read_rows();
  bool read_lines();
  bool read_document();
  void took(const std::optional<RowFault>& fault);
  void fail(Problem problem);
  Progress finish(Answer& answer);

  const AppParts& parts_;
  const RowStreamRequest request_;
  LineSplitter splitter_;
  std::shared_ptr<Mailbox<std::optional<Outcome>>> mailbox_;  // empty: the retry timer

  std::string held_;  // of the body, not read yet from read_from_ on
  size_t read_from_ = 0;
  uint64_t body_bytes_ = 0;
  bool body_ended_ = false;
  bool document_open_ = false;
  bool read_all_ = false;  // no row will come after those that wait

  std::optional<Change> change_;  // waits for the queue
  bool retry_planned_ = false;
  size_t in_flight_ = 0;  // changes
  uint64_t changes_ = 0;  // handed over
  uint64_t committed_changes_ = 0, replayed_changes_ = 0;
  uint64_t sequence_ = 0;
  uint64_t next_index_ = 0, invalid_ = 0;
  std::vector<Problem::Row> errors_;
  std::optional<Problem> failure_;
};

}  // namespace suppressd
