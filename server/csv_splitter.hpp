// Splits CSV that arrives in pieces of any size into rows, and rows into cells.
//
// RFC 4180 with what real files bring: rows end with LF, CR LF or CR; the delimiter is a comma, a
// semicolon or a tab; a quote opens only at the start of a cell; inside, a doubled quote stands for
// one, and delimiters and line ends are text; what follows a closing quote is text of the cell.
// Rows may have any number of cells; an empty line is a row of one empty cell. A UTF-8 byte order
// mark at the start is dropped. A row longer than row_bytes_max is reported as such and read over
// in constant memory. The rows do not depend on how the text was cut into pieces.
//
// The delimiter, when not given, is the most frequent of the three in the first row, outside quotes
// (comma, then semicolon, when equal).
//
// A sink has two members: row(const CsvRow&) and overlong_row(). Views live until the next call of
// feed() or finish(), and no longer than the piece they came with. Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/byte_order_mark.hpp"

namespace suppressd {

struct CsvRow {
  std::string_view text;    // the row's bytes, without its end
  std::string_view ending;  // "\n", "\r\n", "\r", or empty at the end of the text
};

/// The cells of a row, as written.
class CsvCells {
 public:
  CsvCells(std::string_view row, char delimiter) : rest_(row), delimiter_(delimiter) {}
  /// The next cell with its quotes; false after the last one.
  bool next(std::string_view& cell);

 private:
  std::string_view rest_;
  char delimiter_;
  bool ended_ = false;
};

/// A cell's text: quotes undone. The view is into `cell`, or into `scratch` when a copy was needed.
std::string_view csv_unquote(std::string_view cell, std::string& scratch);
/// The cell of that 0-based column as written, or nullopt when the row is shorter.
std::optional<std::string_view> csv_cell(std::string_view row, char delimiter, size_t column);
size_t csv_cell_count(std::string_view row, char delimiter);
/// Whether a cell of the first row is a column's name and not an address: it holds a letter, and
/// neither an @ nor a digit.
bool csv_cell_is_name(std::string_view text);

class CsvSplitter {
 public:
  /// The first row is looked at this far to find the delimiter.
  static constexpr size_t detection_bytes_max = 64 * 1024;

  CsvSplitter(size_t row_bytes_max, std::optional<char> delimiter)
      : row_bytes_max_(row_bytes_max), delimiter_(delimiter) {}

  template <class Sink>
  void feed(std::string_view piece, Sink&& sink) {
    if (mark_.kind() == ByteOrderMark::Kind::undecided) {
      piece.remove_prefix(mark_.feed(piece));
      if (mark_.kind() == ByteOrderMark::Kind::undecided) return;
      start_.append(mark_.held());
    }
    if (delimiter_ && start_.empty()) return split(piece, sink);
    start_.append(piece);
    if (!delimiter_) delimiter_ = detect_delimiter(start_, false);
    if (delimiter_) split_start(sink);
  }

  template <class Sink>
  void finish(Sink&& sink) {
    if (mark_.kind() == ByteOrderMark::Kind::undecided) start_.append(mark_.held());
    if (!delimiter_) delimiter_ = detect_delimiter(start_, true);
    if (!start_.empty()) split_start(sink);
    unclosed_quote_ = state_ == State::quoted;
    if (skipping_ || !partial_.empty()) end_partial(std::string_view(), sink);
  }

  /// Known when the first row was reported.
  char delimiter() const { return delimiter_.value_or(','); }
  bool had_mark() const { return mark_.kind() == ByteOrderMark::Kind::utf8; }
  bool utf16() const { return mark_.kind() == ByteOrderMark::Kind::utf16; }
  /// After finish(): the last row opened a quote that nothing closed.
  bool unclosed_quote() const { return unclosed_quote_; }

 private:
  enum class State : unsigned char { cell_start, unquoted, quoted, quote_in_quoted, after_return };

  static std::optional<char> detect_delimiter(std::string_view start, bool whole);
  static CsvRow without_ending(std::string_view row);
  /// Where the row that `state` is in ends, past its line end; null when not before `end`.
  const char* row_end(const char* at, const char* end, State& state) const;
  const char* plain_row_end(const char* at, const char* end);

  template <class Sink>
  void split_start(Sink& sink) {
    started_.swap(start_);
    start_.clear();
    split(started_, sink);
  }

  template <class Sink>
  void split(std::string_view piece, Sink& sink) {
    const char* at = piece.data();
    const char* const end = at + piece.size();
    if (skipping_ || !partial_.empty()) {
      at = row_end(at, end, state_);
      if (at == nullptr) return keep(piece);
      end_partial(piece.substr(0, static_cast<size_t>(at - piece.data())), sink);
    }
    next_newline_ = next_quote_ = next_return_ = nullptr;
    while (at != end) {
      const char* next = plain_row_end(at, end);
      if (next == nullptr) {
        state_ = State::cell_start;
        next = row_end(at, end, state_);
      }
      if (next == nullptr) return keep({at, static_cast<size_t>(end - at)});
      report({at, static_cast<size_t>(next - at)}, sink);
      at = next;
    }
  }

  template <class Sink>
  void report(std::string_view whole, Sink& sink) {
    const CsvRow row = without_ending(whole);
    if (row.text.size() > row_bytes_max_) {
      sink.overlong_row();
    } else {
      sink.row(row);
    }
  }

  // A row's end has up to two bytes.
  void keep(std::string_view rest) {
    if (skipping_) return;
    if (partial_.size() + rest.size() > row_bytes_max_ + 2) {
      skipping_ = true;
      std::string().swap(partial_);
      return;
    }
    partial_.append(rest);
  }

  template <class Sink>
  void end_partial(std::string_view rest, Sink& sink) {
    keep(rest);
    state_ = State::cell_start;
    if (skipping_) {
      skipping_ = false;
      sink.overlong_row();
      return;
    }
    joined_.swap(partial_);
    partial_.clear();
    report(joined_, sink);
  }

  size_t row_bytes_max_;
  std::optional<char> delimiter_;
  ByteOrderMark mark_;
  State state_ = State::cell_start;  // of the unfinished row
  bool skipping_ = false;
  bool unclosed_quote_ = false;
  // In the piece being split: the first of each last found, its end when there is no further one.
  const char* next_newline_ = nullptr;
  const char* next_quote_ = nullptr;
  const char* next_return_ = nullptr;
  std::string start_;    // what came before the delimiter was known
  std::string started_;  // that, while views into it live
  std::string partial_;  // an unfinished row
  std::string joined_;   // the last finished one of those, while its view lives
};

}  // namespace suppressd
