// CSV bodies of the check: one address a row, in one column.
#include <deque>

#include "server/check_body.hpp"
#include "server/csv_splitter.hpp"
#include "server/media_type.hpp"

namespace suppressd {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

class CsvReader : public BodyReader {
 public:
  CsvReader(const CsvOptions& options, size_t row_bytes_max)
      : options_(options), splitter_(row_bytes_max, options.delimiter) {}

  ReadState feed(std::string_view piece, CheckRows& rows) override {
    copies_used_ = 0;
    splitter_.feed(piece, Sink{*this, rows});
    return checked(ReadState::more);
  }

  ReadState finish(CheckRows& rows) override {
    copies_used_ = 0;
    splitter_.finish(Sink{*this, rows});
    if (splitter_.unclosed_quote()) {
      // What follows a stray quote would be swallowed as one cell and never be checked.
      return malformed("malformed-csv", "A quote is opened and never closed.");
    }
    return checked(ReadState::done);
  }

 private:
  struct Sink {
    CsvReader& reader;
    CheckRows& rows;
    void row(const CsvRow& row) { reader.row(row, rows); }
    void overlong_row() { reader.overlong_row(rows); }
  };

  ReadState checked(ReadState state) {
    if (splitter_.utf16())
      return malformed("malformed-csv", "The text is UTF-16; send it as UTF-8.");
    if (unknown_column_) {
      return fail(invalid_request_problem("column", "unknown_column",
                                          "The first row has no cell with that name."));
    }
    return state;
  }

  void row(const CsvRow& row, CheckRows& rows) {
    if (!started_) {
      started_ = true;
      if (start(row, rows)) return;
    }
    if (unknown_column_) return;
    const std::string_view line(row.text.data(), row.text.size() + row.ending.size());
    if (const auto cell = csv_cell(row.text, splitter_.delimiter(), column_)) {
      rows.add_csv(unquote(*cell), line, row.ending.size());
    } else {
      rows.add_invalid(RowError::missing_column, line, row.ending.size());
    }
  }

  // Its bytes are gone: in a CSV answer it stands as an empty row.
  void overlong_row(CheckRows& rows) {
    if (!started_) {
      started_ = true;
      unknown_column_ = std::holds_alternative<std::string>(options_.column);
      rows.csv_start({splitter_.delimiter(), splitter_.had_mark(), 0, std::nullopt});
      if (options_.header == true) return;
    }
    rows.add_invalid(RowError::line_too_long, "\n", 1);
  }

  /// Finds the column. True when the row is the header.
  bool start(const CsvRow& row, CheckRows& rows) {
    const bool header = find_column(row.text);
    CsvStart start{splitter_.delimiter(), splitter_.had_mark(),
                   csv_cell_count(row.text, splitter_.delimiter()), std::nullopt};
    if (header) start.header = row;
    rows.csv_start(start);
    return header;
  }

  bool find_column(std::string_view first_row) {
    if (const std::string* name = std::get_if<std::string>(&options_.column)) {
      find_name(first_row, to_lower(trim(*name)));
      return true;
    }
    column_ = std::get<size_t>(options_.column);
    if (options_.header) return *options_.header;
    const auto cell = csv_cell(first_row, splitter_.delimiter(), column_);
    return cell && csv_cell_is_name(unquote(*cell));
  }

  void find_name(std::string_view first_row, const std::string& name) {
    CsvCells cells(first_row, splitter_.delimiter());
    std::string_view cell;
    for (column_ = 0; cells.next(cell); ++column_) {
      if (to_lower(trim(unquote(cell))) == name) return;
    }
    unknown_column_ = true;
  }

  /// Cells with doubled quotes are rare; their copies live as long as the rows' other views.
  std::string_view unquote(std::string_view cell) {
    if (copies_used_ == copies_.size()) copies_.emplace_back();
    const std::string_view text = csv_unquote(cell, copies_[copies_used_]);
    if (text.data() == copies_[copies_used_].data()) ++copies_used_;
    return text;
  }

  CsvOptions options_;
  CsvSplitter splitter_;
  bool started_ = false;
  bool unknown_column_ = false;
  size_t column_ = 0;
  std::deque<std::string> copies_;
  size_t copies_used_ = 0;
};

}  // namespace

std::unique_ptr<BodyReader> make_csv_reader(const CsvOptions& options, const AppLimits& limits) {
  return std::make_unique<CsvReader>(options, limits.line_bytes_max);
}

}  // namespace suppressd
