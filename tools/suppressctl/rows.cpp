#include "tools/suppressctl/rows.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/csv_splitter.hpp"
#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

constexpr size_t read_piece_bytes = 256 * 1024;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

Failure overlong_row(uint64_t row) {
  return Failure("Row " + std::to_string(row + 1) + " is longer than " +
                 std::to_string(row_bytes_max >> 20) + " MiB: is this a list of addresses?");
}

uint64_t lines_in(std::string_view text) {
  return 1 + static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

bool ends_with_ignoring_case(std::string_view text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  text.remove_prefix(text.size() - ending.size());
  return std::equal(text.begin(), text.end(), ending.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path), descriptor_(STDIN_FILENO) {
  if (is_standard_input()) return;
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw Failure("Cannot read " + path + ": " + std::strerror(errno) + ".");
}

InputFile::~InputFile() {
  if (!is_standard_input()) ::close(descriptor_);
}

size_t InputFile::read(char* buffer, size_t size) {
  while (true) {
    const ssize_t n = ::read(descriptor_, buffer, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) continue;
    throw Failure("Cannot read " + (is_standard_input() ? "standard input" : path_) + ": " +
                  std::strerror(errno) + ".");
  }
}

void InputFile::seek(uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0)
    throw Failure("Cannot continue in the middle of " + path_ + ": " + std::strerror(errno) + ".");
}

std::string_view RowBatch::raw(size_t i) const {
  const size_t begin = i == 0 ? 0 : rows[i - 1].end;
  return std::string_view(bytes).substr(begin, rows[i].end - begin);
}

std::string_view RowBatch::text(size_t i) const {
  std::string_view row = raw(i);
  row.remove_suffix(rows[i].ending_size);
  return row;
}

std::string_view RowBatch::ending(size_t i) const {
  const std::string_view row = raw(i);
  return row.substr(row.size() - rows[i].ending_size);
}

uint64_t RowBatch::lines_of(size_t i) const {
  return lines_in(text(i));
}

/// Text in pieces to rows; the two ways below differ in what ends a row.
struct RowReader::Splitter {
  virtual ~Splitter() = default;
  virtual void feed(std::string_view piece, RowReader& reader) = 0;
  virtual void finish(RowReader& reader) = 0;
  virtual bool had_mark() const = 0;
  virtual bool utf16() const = 0;
  virtual char delimiter() const { return ','; }
};

struct RowReader::TextSplitter final : Splitter {
  void feed(std::string_view piece, RowReader& reader) override {
    if (mark.kind() == suppressd::ByteOrderMark::Kind::undecided) {
      piece.remove_prefix(mark.feed(piece));
      if (mark.kind() == suppressd::ByteOrderMark::Kind::undecided) return;
      partial += mark.held();
    }
    while (!piece.empty()) {
      const size_t newline = piece.find('\n');
      if (newline == std::string_view::npos) break;
      if (partial.empty()) {
        add(piece.substr(0, newline + 1), reader);
      } else {
        partial += piece.substr(0, newline + 1);
        add(partial, reader);
        partial.clear();
      }
      piece.remove_prefix(newline + 1);
    }
    if (partial.size() + piece.size() > row_bytes_max) throw overlong_row(reader.at_.row);
    partial += piece;
  }
  void finish(RowReader& reader) override {
    if (mark.kind() == suppressd::ByteOrderMark::Kind::undecided) partial += mark.held();
    if (!partial.empty()) reader.add_row(partial, {});
    partial.clear();
  }
  static void add(std::string_view line, RowReader& reader) {
    const size_t ending = line.size() >= 2 && line[line.size() - 2] == '\r' ? 2 : 1;
    reader.add_row(line.substr(0, line.size() - ending), line.substr(line.size() - ending));
  }
  bool had_mark() const override { return mark.kind() == suppressd::ByteOrderMark::Kind::utf8; }
  bool utf16() const override { return mark.kind() == suppressd::ByteOrderMark::Kind::utf16; }

  suppressd::ByteOrderMark mark;
  std::string partial;
};

struct RowReader::CsvRows final : Splitter {
  struct Sink {
    RowReader& reader;
    void row(const suppressd::CsvRow& row) { reader.add_row(row.text, row.ending); }
    void overlong_row() { throw suppressctl::overlong_row(reader.at_.row); }
  };
  explicit CsvRows(std::optional<char> delimiter) : splitter(row_bytes_max, delimiter) {}

  void feed(std::string_view piece, RowReader& reader) override {
    splitter.feed(piece, Sink{reader});
  }
  void finish(RowReader& reader) override {
    splitter.finish(Sink{reader});
    if (splitter.unclosed_quote())
      throw Failure("Row " + std::to_string(reader.at_.row) +
                    " opens a quote that nothing closes; everything behind it was read as one "
                    "row. Close the quote, or double it if it is part of the text.");
  }
  bool had_mark() const override { return splitter.had_mark(); }
  bool utf16() const override { return splitter.utf16(); }
  char delimiter() const override { return splitter.delimiter(); }

  suppressd::CsvSplitter splitter;
};

RowReader::RowReader(InputFile& input, Format format, std::optional<char> delimiter,
                     size_t rows_per_batch, RowPosition start, size_t bytes_per_batch)
    : input_(input),
      rows_per_batch_(rows_per_batch),
      bytes_per_batch_(bytes_per_batch),
      at_(start),
      piece_(read_piece_bytes, '\0') {
  if (format == Format::csv)
    splitter_ = std::make_unique<CsvRows>(delimiter);
  else
    splitter_ = std::make_unique<TextSplitter>();
  if (start.offset > 0) input.seek(start.offset);
  first_row_ = format == Format::csv && start.offset == 0;
  open_.first_row = at_.row;
  open_.first_line = at_.line;
}

RowReader::~RowReader() = default;

const RowBatch* RowReader::first() {
  while (ready_.empty() && fill()) {
  }
  return ready_.empty() ? nullptr : &ready_.front();
}

void RowReader::take_first() {
  ready_.pop_front();
}

bool RowReader::next(RowBatch& batch) {
  while (ready_.empty() && fill()) {
  }
  if (ready_.empty()) return false;
  batch = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

std::string_view RowReader::prefix() const {
  return splitter_->had_mark() ? byte_order_mark : std::string_view{};
}

char RowReader::delimiter() const {
  return splitter_->delimiter();
}

bool RowReader::fill() {
  if (ended_) return false;
  const size_t size = input_.read(piece_.data(), piece_.size());
  if (size > 0) {
    splitter_->feed({piece_.data(), size}, *this);
  } else {
    ended_ = true;
    splitter_->finish(*this);
    close_batch();
  }
  if (splitter_->utf16())
    throw Failure("The input is UTF-16. Convert it first: iconv -f UTF-16 -t UTF-8 FILE");
  return true;
}

void RowReader::add_row(std::string_view text, std::string_view ending) {
  if (!prefix_counted_) {
    prefix_counted_ = true;
    at_.offset += prefix().size();
  }
  open_.bytes += text;
  open_.bytes += ending;
  open_.rows.push_back(
      {static_cast<uint32_t>(open_.bytes.size()), static_cast<uint32_t>(ending.size())});
  at_.offset += text.size() + ending.size();
  at_.row += 1;
  at_.line += lines_in(text);
  const bool full = open_.rows.size() >= rows_per_batch_ || open_.bytes.size() >= bytes_per_batch_;
  if (full || first_row_) close_batch();
  first_row_ = false;
}

void RowReader::close_batch() {
  if (open_.rows.empty()) return;
  open_.end_offset = at_.offset;
  open_.end_line = at_.line;
  ready_.push_back(std::move(open_));
  open_ = RowBatch{};
  open_.first_row = at_.row;
  open_.first_line = at_.line;
}

Format format_of_name(std::string_view path) {
  for (const std::string_view ending : {".csv", ".tsv"})
    if (ends_with_ignoring_case(path, ending)) return Format::csv;
  for (const std::string_view ending : {".ndjson", ".jsonl"})
    if (ends_with_ignoring_case(path, ending)) return Format::ndjson;
  return Format::text;
}

Format parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "csv") return Format::csv;
  if (name == "ndjson") return Format::ndjson;
  throw Failure("'" + std::string(name) + "' is no format; known are text, csv and ndjson.");
}

}  // namespace suppressctl
