// Where the rows of an import's text begin and end. Rows end with LF, CR LF or CR. In CSV a quoted
// cell (csv_splitter.hpp) may hold line ends, but a quote that nothing closes must not swallow the
// file: a row with line ends in it is at most quoted_row_bytes_max long, and one that would go on,
// or to the text's end, is unclosed_quote and ends with its first line. A first line longer than
// import_row_bytes_max is too_long and ends where the line does, whatever it holds.
//
// So a row is known from its first byte on, without what stands before, and from at most
// import_row_bytes_max + 2 bytes. The rows do not depend on how the text was cut into pieces.
// Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "server/import_rows.hpp"
#include "server/input_file.hpp"

namespace suppressd {

/// A spreadsheet's cell holds at most 32,767 characters: one of those, and the rest of its row.
inline constexpr size_t quoted_row_bytes_max = 128 << 10;
static_assert(quoted_row_bytes_max <= import_row_bytes_max);

class ImportRowFinder {
 public:
  enum class Kind : uint8_t {
    row,
    unclosed_quote,
    too_long,
    more,  // the text seen so far does not tell
  };
  struct Found {
    Kind kind = Kind::more;
    size_t text_bytes = 0;
    size_t bytes = 0;  // with the row's end; 0 of a row too long whose end is not in sight
  };

  /// nullopt: rows are lines, and quotes mean nothing.
  explicit ImportRowFinder(std::optional<char> delimiter) : delimiter_(delimiter) {}

  /// The text seen so far; views of it must outlive the calls of find().
  void look_at(std::string_view window);
  /// The row that begins at `at` in the window. `whole`: the window ends where the text does.
  Found find(size_t at, bool whole);

 private:
  Found quoted_row(const char* begin, Found first_line, bool whole) const;

  const std::optional<char> delimiter_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  // The first of each from where it was last looked for, end_ when there is none: a window without
  // it is searched once and not once a row.
  const char* next_newline_ = nullptr;
  const char* next_return_ = nullptr;
  const char* next_quote_ = nullptr;
};

struct RawImportRow {
  uint64_t begin = 0, end = 0;  // octets of the text, with the row's end
  std::string_view text;        // without its end, until the next row is read; empty when too long
  std::string_view bytes;       // with its end, likewise
  ImportError error = ImportError::none;  // row_too_long or unclosed_quote
};

/// The rows of a file, without those that are empty.
class ImportRowReader {
 public:
  ImportRowReader(const std::filesystem::path& text, std::optional<char> delimiter, uint64_t from,
                  size_t read_bytes);
  bool next(RawImportRow& row);
  uint64_t text_bytes() const { return file_.bytes(); }

 private:
  void read_on();
  void pass_over_line();

  const InputFile file_;
  const size_t read_bytes_;
  ImportRowFinder finder_;
  std::vector<char> window_;
  size_t filled_ = 0;  // of the window
  size_t at_ = 0;      // in the window: where the next row begins
  uint64_t base_;      // octet of the window's first byte
  bool whole_ = false;
};

}  // namespace suppressd
