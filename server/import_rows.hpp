// Reads the rows of an import's text (import_text.hpp), from any row's first byte on, in constant
// memory. A bad row is an error of that row, never of the file. What a row is (import_row_finder.hpp)
// depends on the bytes from its first one on and on nothing before, so a reader that goes on where
// another stopped sees the same rows.
//
// Lines that hold nothing at all are passed over. A cell's text is the cell unquoted, without the
// one ' that an export for spreadsheets put in front (contact_csv.hpp); addresses, reasons and times
// are also freed of white space at their ends. Reasons may be ours or what providers call them; a row whose reason suppresses
// nobody (a block for its content, a subscriber) is an error of its own, so that it is neither
// imported nor silent. Times: RFC 3339, with a space and no zone (then UTC), dates, RFC 2822, and
// Unix seconds or milliseconds; before 1970 is as good as none. Evidence is cut at its limit.
//
// Thread safety: one thread's. Errors: std::filesystem::filesystem_error.
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
  unclosed_quote = 2,  // opened and never closed: the row is its first line
  missing_column = 3,  // the row is shorter than the columns it needs
  no_address = 4,      // all address cells are empty
  bad_json = 5,
  bad_field = 6,  // a name or a value is longer, or there are more, than a contact may have
  unknown_reason = 7,
  bad_time = 8,
  bad_encoding = 9,      // octets that are no UTF-8
  not_suppressing = 10,  // its reason suppresses nobody: a block, a soft bounce, a subscriber
  address = 32,
};
std::string error_name(ImportError error);  // "row_too_long"; of addresses as the check names them
ImportError import_error(AddressError error);  // of an address that is bad

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
  /// Goes on at octet `from`, where a row begins or the one before ended (0: the start; a header is
  /// passed over there). `read_bytes`: taken of the file at once.
  ImportRows(const std::filesystem::path& text, const ImportFormat& format, Region default_region,
             Normalizer& normalizer, uint64_t from, size_t read_bytes = 1 << 20);
  ~ImportRows();
  /// False at the end. Fills all of `row`; one that is used again saves its allocations.
  bool next(ImportRow& row);
  /// The bytes of the row last read, with its end, until the next call; empty when it was too long.
  std::string_view bytes() const;
  /// Of the text, in all.
  uint64_t text_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
