// Rows of contacts from a request's body: JSON objects in, rows to store or an error per row out. A
// bad row is an error of that row, never of the body.
//
// Members of a row: email, phone, fields (an object of texts), region. What a row does not say of
// the region, the request says for all rows. Thread safety: one thread's.
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

class ContactRows {
 public:
  /// `region`: of national phone numbers. `segment`: that every row joins, when not 0.
  ContactRows(Normalizer& normalizer, Region region, SegmentId segment);
  ~ContactRows();

  /// A line that is a JSON object. Each of these makes `row` anew unless it returns an error.
  std::optional<RowFault> json_line(std::string_view line, PutContacts::Row& row);
  /// A whole document: one row's object, or {"contacts":[rows]}. A problem when it is neither.
  std::optional<Problem> open_document(std::string document);
  /// The document's next row: false after the last one.
  bool next(PutContacts::Row& row, std::optional<RowFault>& error);
  /// Memory that the open document takes, about.
  size_t document_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
