// Rows of events from a request's body: JSON objects in, rows to store or an error per row out. A
// bad row is an error of that row, never of the body.
//
// Members of a row: type; address, or email, or phone; channel, region, campaign, at, detail,
// event_id; of a bounced one bounce, or the reply: code, enhanced and text, which the bounce rules
// classify; text of a reply to a text message. Thread safety: one thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"
#include "persistence/change.hpp"
#include "server/problem.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {

class EventRows {
 public:
  /// `region` is that of national phone numbers, `now` what a row's time is held against.
  EventRows(Normalizer& normalizer, Region region, TimeMs now);
  ~EventRows();

  /// A line that is a JSON object. Fills `row` unless it returns an error; its `at` is 0 where the
  /// line names no time.
  std::optional<RowFault> json_line(std::string_view line, AddEvents::Row& row);

  /// A whole document: an array of rows, {"events":[rows]}, or one row. A problem when it is none.
  std::optional<Problem> open_document(std::string document);
  /// The document's next row: false after the last one.
  bool next(AddEvents::Row& row, std::optional<RowFault>& error);
  /// Memory that the open document takes, about.
  size_t document_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
