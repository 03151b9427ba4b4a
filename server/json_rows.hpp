// JSON objects one after another: the lines of an NDJSON body, or the rows of one document, which
// is a single row or an object with the list of them. Included by the readers of rows only:
// simdjson's header is heavy.
//
// An element lives until the next line, and as long as its document. Thread safety: one thread's.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/problem.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {

class JsonRows {
 public:
  /// `list`: the member that holds a document's rows. `row`: what one is called in texts.
  /// `bare`: a document may be the list itself, too.
  JsonRows(std::string_view list, std::string_view row, bool bare = false);

  /// False when the line is not JSON.
  [[nodiscard]] bool line(std::string_view text, simdjson::dom::element& row);

  /// A problem when the document is neither a row's object nor {"<list>":[…]}, nor a bare list where
  /// it may be.
  std::optional<Problem> open(std::string document);
  /// The document's next row, whatever it is: false after the last one.
  [[nodiscard]] bool next(simdjson::dom::element& row);
  /// Memory that the open document takes, about.
  size_t document_bytes() const;

 private:
  const std::string_view list_, row_;
  const bool bare_;
  simdjson::dom::parser parser_;
  std::string padded_;  // the text being parsed and simdjson's padding
  // What is left of an open document: one row, or the rest of an array.
  std::optional<simdjson::dom::element> single_;
  std::optional<simdjson::dom::array> array_;
  simdjson::dom::array::iterator next_row_;
};

/// A member of a row of texts that may be a number of at most three digits as well; they then stand
/// in `digits`.
struct NumericMember {
  std::string_view name;
  std::span<char, 4> digits;
};
/// False when the value is no such number.
bool read_digits(const simdjson::dom::element& value, std::span<char, 4> digits,
                 std::string_view& text);

/// The members of a row that has nothing but texts, each where its name stands in `names`; those
/// that are absent or null stay null views.
template <size_t count>
std::optional<RowFault> read_row_texts(const simdjson::dom::object& row,
                                       const std::array<std::string_view, count>& names,
                                       std::array<std::string_view, count>& values,
                                       std::optional<NumericMember> numeric = std::nullopt) {
  for (const auto [name, value] : row) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return RowFault{"", "unknown_member"};
    std::string_view& slot = values[static_cast<size_t>(found - names.begin())];
    if (slot.data() != nullptr) return RowFault{*found, "given_twice"};
    if (value.is_null()) continue;
    if (numeric && numeric->name == name && read_digits(value, numeric->digits, slot)) continue;
    if (value.get_string().get(slot) != simdjson::SUCCESS) return RowFault{*found, "not_a_string"};
  }
  return std::nullopt;
}

}  // namespace suppressd
