// Reads a list of any size as rows, in batches, without ever holding more than a few of them.
//
// Invariants
//  1. Nothing is lost: prefix() and the raw bytes of all rows, put together, are the input.
//  2. Where a row ends does not depend on how the input arrived. CSV rows end where the server's
//     splitter says (quoted line breaks do not count), text and NDJSON rows at LF.
//  3. Memory: a batch ends at rows_per_batch or bytes_per_batch, and one row may be row_bytes_max.
// Errors: Failure for input that cannot be read, is UTF-16, or holds a row beyond row_bytes_max.
// Thread safety: one thread's; a RowBatch is a value.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace suppressctl {

enum class Format : uint8_t { text, csv, ndjson };

inline constexpr size_t row_bytes_max = 16 << 20;
inline constexpr size_t batch_bytes = 8 << 20;

/// A file, or standard input when the path is "-". Never writes.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Bytes read into the buffer; 0 at the end.
  size_t read(char* buffer, size_t size);
  void seek(uint64_t offset);
  const std::string& path() const { return path_; }
  bool is_standard_input() const { return path_ == "-"; }
  int descriptor() const { return descriptor_; }

 private:
  std::string path_;
  int descriptor_;
};

struct RowBatch {
  struct Row {
    uint32_t end;          // of the raw row in `bytes`
    uint32_t ending_size;  // line end included in it: 0 (end of input), 1 or 2
  };
  std::string bytes;
  std::vector<Row> rows;
  uint64_t first_row = 0;   // 0-based number of its first row in the input, header included
  uint64_t first_line = 1;  // 1-based line that row starts on
  uint64_t end_offset = 0;  // in the input, behind its last row
  uint64_t end_line = 1;    // on which the row after it starts

  size_t size() const { return rows.size(); }
  /// With its line end, byte for byte.
  std::string_view raw(size_t i) const;
  /// Without it.
  std::string_view text(size_t i) const;
  std::string_view ending(size_t i) const;
  /// Lines it spans: more than one where a quoted cell holds line breaks.
  uint64_t lines_of(size_t i) const;
};

/// Where reading starts: the beginning, or where an earlier run stopped.
struct RowPosition {
  uint64_t offset = 0;
  uint64_t row = 0;
  uint64_t line = 1;
};

class RowReader {
 public:
  /// `delimiter`: of CSV; nullopt takes the most frequent of comma, semicolon and tab.
  RowReader(InputFile& input, Format format, std::optional<char> delimiter, size_t rows_per_batch,
            RowPosition start = {}, size_t bytes_per_batch = batch_bytes);
  ~RowReader();

  /// The first row alone, to look at for a header; nullptr for empty input. Precondition: next()
  /// was not called. take_first() then keeps it out of the batches.
  const RowBatch* first();
  void take_first();
  /// False at the end of the input.
  bool next(RowBatch& batch);

  /// The byte order mark at the start, or empty. Known with the first row.
  std::string_view prefix() const;
  /// Of CSV. Known with the first row.
  char delimiter() const;

 private:
  struct Splitter;
  struct TextSplitter;
  struct CsvRows;
  bool fill();
  void add_row(std::string_view text, std::string_view ending);
  void close_batch();

  InputFile& input_;
  std::unique_ptr<Splitter> splitter_;
  size_t rows_per_batch_;
  size_t bytes_per_batch_;
  RowPosition at_;
  bool first_row_;  // the next row is a CSV's first: it stands in a batch of its own
  bool ended_ = false;
  bool prefix_counted_ = false;
  std::string piece_;
  RowBatch open_;
  std::deque<RowBatch> ready_;
};

/// Guessed from the file's name; text when it says nothing.
Format format_of_name(std::string_view path);
/// Throws Failure for a name that is none.
Format parse_format(std::string_view name);

}  // namespace suppressctl
