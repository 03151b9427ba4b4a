// The start of an import's text as a table, to find the format in: its shape, delimiter and header,
// and the cells of its first rows. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "server/import_format.hpp"

namespace suppressd {

inline constexpr size_t sample_rows_max = 1'000;

struct ImportSample {
  ImportShape shape = ImportShape::csv;
  char delimiter = ',';
  bool header = false;
  /// Of the header, of NDJSON all members that occur; empty without names.
  std::vector<std::string> names;
  /// A cell a column, as in ImportRow; rows may be shorter than others. Absent members are empty.
  std::vector<std::vector<std::string>> rows;
  size_t columns = 0;          // of the first row
  bool json_document = false;  // one JSON value over many lines: no rows can be read

  std::string_view cell(size_t row, size_t column) const {
    return column < rows[row].size() ? std::string_view(rows[row][column]) : std::string_view();
  }
};

/// `named`: the caller gave columns' names, so there is a header.
ImportSample read_import_sample(std::string_view text, bool whole, const ImportWish& wish,
                                bool named, Normalizer& normalizer);

/// An email address, or a number in E.164 (no region is known here).
bool is_email(std::string_view cell, Normalizer& normalizer);
bool is_e164(std::string_view cell, Normalizer& normalizer);

}  // namespace suppressd
