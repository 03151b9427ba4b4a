// Lines of NDJSON as an import's rows: an object a line. Thread safety: one thread's.
//
// Numbers and booleans count as their text, null as absent, lists and objects as free fields with
// their JSON as the value; an object that is the member "fields" is free fields itself, as the API's
// rows of contacts have them. Included where rows are read only: simdjson's header is heavy.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "server/import_row_values.hpp"
#include "server/json_rows.hpp"

namespace suppressd {

class ImportJsonRow {
 public:
  explicit ImportJsonRow(const ImportFormat& format);
  ImportError read(std::string_view line, ImportValueReader& values, ImportRow& row);

 private:
  std::string_view text_of(simdjson::dom::element value);
  /// Where the member's value goes; null: among the fields.
  std::string_view* role(std::string_view name, ImportValues& values) const;
  ImportError add_field(std::string_view name, simdjson::dom::element value, ImportRow& row);
  ImportError add_member(std::string_view name, simdjson::dom::element value, ImportRow& row);

  const ImportFormat format_;
  JsonRows lines_{"", ""};
  std::deque<std::string> texts_;  // of values that are no strings
};

}  // namespace suppressd
