// JSON objects one after another: the lines of an NDJSON body, or the rows of one document, which
// is a single row or an object with the list of them. Included by the readers of rows only:
// simdjson's header is heavy.
//
// An element lives until the next line, and as long as its document. Thread safety: one thread's.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "server/problem.hpp"

namespace suppressd {

class JsonRows {
 public:
  /// `list`: the member that holds a document's rows. `row`: what one is called in texts.
  JsonRows(std::string_view list, std::string_view row);

  /// False when the line is not JSON.
  [[nodiscard]] bool line(std::string_view text, simdjson::dom::element& row);

  /// A problem when the document is neither a row's object nor {"<list>":[…]}.
  std::optional<Problem> open(std::string document);
  /// The document's next row, whatever it is: false after the last one.
  [[nodiscard]] bool next(simdjson::dom::element& row);
  /// Memory that the open document takes, about.
  size_t document_bytes() const;

 private:
  const std::string_view list_, row_;
  simdjson::dom::parser parser_;
  std::string padded_;  // the text being parsed and simdjson's padding
  // What is left of an open document: one row, or the rest of an array.
  std::optional<simdjson::dom::element> single_;
  std::optional<simdjson::dom::array> array_;
  simdjson::dom::array::iterator next_row_;
};

}  // namespace suppressd
