// Reads the rows of an import's text (import_text.hpp), from any row's first byte on, in constant
// memory. A bad row is an error of that row, never of the file. Thread safety: one thread's.
// Errors: std::filesystem::filesystem_error.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/address.hpp"
#include "persistence/contact.hpp"
#include "server/import_format.hpp"

namespace suppressd {

inline constexpr size_t import_row_bytes_max = 1 << 20;

/// Errors of a row. Stored beside the row's outcome: frozen. Those of an address are AddressError's
/// numbers plus `address`.
enum class ImportError : uint8_t {
  none = 0,
  row_too_long = 1,
  unclosed_quote = 2,  // the text ends inside a quoted cell: its last row
  missing_column = 3,  // the row is shorter than the columns it needs
  no_address = 4,      // all address cells are empty
  bad_json = 5,
  bad_field = 6,  // a name or a value is longer, or there are more, than a contact may have
  unknown_reason = 7,
  bad_time = 8,
  bad_encoding = 9,  // octets that are no UTF-8
  address = 32,
};
std::string error_name(ImportError error);  // "row_too_long"; of addresses as the check names them

struct ImportRow {
  uint64_t begin = 0, end = 0;  // octets of the text, with the row's end
  ImportError error = ImportError::none;
  /// Canonical, and as given where that differs; empty: none. By channel, email first. When one
  /// address of a row is bad, the row is.
  std::array<std::string, channels> addresses, given;
  Region region;
  std::map<std::string, std::string> fields;
  Reason reason = Reason::none;  // none: the file says none for this row
  TimeMs at = 0;
  std::string evidence;
};

class ImportRows {
 public:
  /// Goes on at octet `from`, where a row begins (0: the start; a header is passed over there).
  ImportRows(const std::filesystem::path& text, const ImportFormat& format, Region default_region,
             Normalizer& normalizer, uint64_t from);
  ~ImportRows();
  /// False at the end.
  bool next(ImportRow& row);
  /// Of the text, in all.
  uint64_t text_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
