#include "server/suppression_csv.hpp"

#include <simdjson.h>

#include <algorithm>

#include "server/media_type.hpp"

namespace suppressd {
namespace {

constexpr std::array<std::string_view, 5> taken_by_name = {"reason", "evidence", "campaign",
                                                           "region", "at"};
constexpr size_t address_member = 0;
/// Members that are stored as they are given.
constexpr std::array<size_t, 3> free_texts = {4, 5, 6};
static_assert(row_members[4] == "source" && row_members[5] == "campaign" &&
              row_members[6] == "evidence");

std::string parameter_of(size_t member) {
  return member == address_member ? "column" : std::string(row_members[member]) + "_column";
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> names_of(std::string_view row, char delimiter) {
  std::vector<std::string> names;
  CsvCells cells(row, delimiter);
  std::string scratch;
  for (std::string_view cell; cells.next(cell);) {
    names.push_back(to_lower(trim(csv_unquote(cell, scratch))));
  }
  return names;
}

bool is_name(const CsvColumn& column) {
  return std::holds_alternative<std::string>(column);
}

Problem bad_value(const std::string& name, std::string_view expected) {
  return invalid_request_problem(name, "bad_value", "Expected: " + std::string(expected) + ".");
}

}  // namespace

std::optional<Problem> RowColumns::read(const Query& query, RowColumns& out) {
  if (const auto value = query.get("header"); value && !read_csv_header(*value, out.csv)) {
    return bad_value("header", "true or false");
  }
  if (const auto value = query.get("delimiter"); value && !read_csv_delimiter(*value, out.csv)) {
    return bad_value("delimiter", "comma, semicolon or tab");
  }
  for (size_t member = 0; member < row_members.size(); ++member) {
    const std::string name = parameter_of(member);
    const auto value = query.get(name);
    if (!value) continue;
    CsvColumn column;
    if (!read_csv_column(*value, column)) {
      return bad_value(name, "a column's name, or its number counted from 0");
    }
    if (is_name(column) && out.csv.header == false) {
      return invalid_request_problem(name, "name_without_header",
                                     "A column has a name only with a header; give its number.");
    }
    if (is_name(column)) out.csv.header = true;
    (member == address_member ? out.csv.column : out.of[member].emplace()) = std::move(column);
  }
  return std::nullopt;
}

SuppressionCsv::SuppressionCsv(SuppressionRows& reader, const RowColumns& columns,
                               size_t row_bytes_max)
    : reader_(reader), columns_(columns), splitter_(row_bytes_max, columns.csv.delimiter) {}

void SuppressionCsv::feed(std::string_view piece, RowSink& sink) {
  splitter_.feed(piece, Rows{*this, sink});
}

void SuppressionCsv::finish(RowSink& sink) {
  splitter_.finish(Rows{*this, sink});
}

std::optional<Problem> SuppressionCsv::problem() const {
  if (splitter_.utf16()) {
    return invalid_body_problem({{std::nullopt, "", "utf16"}}, "The body is UTF-16; send UTF-8.");
  }
  if (!unknown_.empty()) {
    return invalid_request_problem(unknown_, "unknown_column",
                                   "The first row has no cell with that name.");
  }
  if (splitter_.unclosed_quote()) {
    return Problem{400,
                   "malformed-csv",
                   "The body is not what its Content-Type says.",
                   "A quote is opened and never closed.",
                   {},
                   {},
                   {}};
  }
  return std::nullopt;
}

void SuppressionCsv::row(std::string_view text, RowSink& sink) {
  if (!started_) {
    started_ = true;
    if (start(text)) return;
  }
  if (!unknown_.empty()) return;
  RowValues values{};
  CsvCells cells(text, splitter_.delimiter());
  std::string_view cell;
  for (size_t column = 0; column < member_of_.size() && cells.next(cell); ++column) {
    const size_t member = member_of_[column];
    if (member == none) continue;
    const std::string_view value = csv_unquote(cell, scratch_[member]);
    if (!value.empty() || member == address_member) values[member] = value;
  }
  if (values[address_member].data() == nullptr) return sink.fault({"address", "missing_column"});
  for (const size_t member : free_texts) {
    const std::string_view value = values[member];
    if (value.data() != nullptr && !simdjson::validate_utf8(value)) {
      return sink.fault({row_members[member], "not_utf8"});
    }
  }
  RowView view;
  if (const auto fault = reader_.values(values, view)) return sink.fault(*fault);
  sink.row(view);
}

void SuppressionCsv::overlong_row(RowSink& sink) {
  if (!started_) {
    started_ = true;
    if (start("") && columns_.csv.header == true) return;
  }
  sink.fault({"", "line_too_long"});
}

bool SuppressionCsv::start(std::string_view first_row) {
  const std::vector<std::string> names = names_of(first_row, splitter_.delimiter());
  bool header = columns_.csv.header.value_or(is_name(columns_.csv.column));
  if (!columns_.csv.header && !is_name(columns_.csv.column)) {
    std::string scratch;
    const auto cell =
        csv_cell(first_row, splitter_.delimiter(), std::get<size_t>(columns_.csv.column));
    header = cell && csv_cell_is_name(csv_unquote(*cell, scratch));
  }
  find(columns_.csv.column, address_member, names);
  for (size_t member = address_member + 1; member < row_members.size(); ++member) {
    if (columns_.of[member]) {
      find(*columns_.of[member], member, names);
    } else if (header && std::find(taken_by_name.begin(), taken_by_name.end(),
                                   row_members[member]) != taken_by_name.end()) {
      const auto named = std::find(names.begin(), names.end(), row_members[member]);
      if (named != names.end()) find(static_cast<size_t>(named - names.begin()), member, names);
    }
  }
  return header;
}

/// A column that holds two members is the first one's.
void SuppressionCsv::find(const CsvColumn& column, size_t member,
                          const std::vector<std::string>& names) {
  size_t number = 0;
  if (const std::string* name = std::get_if<std::string>(&column)) {
    const auto found = std::find(names.begin(), names.end(), to_lower(trim(*name)));
    if (found == names.end()) {
      unknown_ = parameter_of(member);
      return;
    }
    number = static_cast<size_t>(found - names.begin());
  } else {
    number = std::get<size_t>(column);
  }
  if (number >= columns_max) {
    unknown_ = parameter_of(member);
    return;
  }
  if (member_of_.size() <= number) member_of_.resize(number + 1, none);
  if (member_of_[number] == none) member_of_[number] = member;
}

}  // namespace suppressd
