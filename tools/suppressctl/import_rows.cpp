#include "tools/suppressctl/import_rows.hpp"

#include <algorithm>

namespace suppressctl {
namespace {

/// Lines that are JSON already; the server reads them. An empty one would not count there.
void append_json_lines(const RowBatch& batch, ImportBody& body) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const std::string_view line = batch.text(i);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      body.rejected.push_back({i, "empty"});
      continue;
    }
    body.own_bytes += line;
    body.own_bytes += '\n';
    body.rows.push_back(i);
  }
}

std::string_view name_of_delimiter(char delimiter) {
  return delimiter == ';' ? "semicolon" : delimiter == '\t' ? "tab" : "comma";
}

}  // namespace

std::string_view ImportShape::address_of(std::string_view row, std::string& scratch) const {
  return format == Format::csv ? cell_text(row, delimiter, columns[0].value_or(0), scratch) : row;
}

void ImportShape::add_to(QueryText& query) const {
  if (format != Format::csv) return;
  query.add("header", "false").add("delimiter", name_of_delimiter(delimiter));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i]) continue;
    const std::string name = i == 0 ? "column" : std::string(import_members[i]) + "_column";
    query.add(name, std::to_string(*columns[i]));
  }
}

ImportColumns find_import_columns(std::string_view header, char delimiter,
                                  const WantedColumns& wanted, bool has_header) {
  ImportColumns columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].empty())
      columns[i] = find_column(header, delimiter, wanted[i]);
    else if (i == 0)
      columns[i] = guess_address_column(header, delimiter);
    else if (has_header)
      columns[i] = column_named(header, delimiter, import_members[i]);
  }
  return columns;
}

ImportBody import_body(RowBatch& batch, const ImportShape& shape) {
  ImportBody body;
  if (shape.format == Format::ndjson) {
    body.content_type = "application/x-ndjson";
    append_json_lines(batch, body);
    body.bytes = body.own_bytes;
    return body;
  }
  body.content_type = shape.format == Format::csv ? "text/csv" : "text/plain";
  if (batch.ending(batch.size() - 1).empty()) batch.bytes += '\n';
  body.bytes = batch.bytes;
  return body;
}

}  // namespace suppressctl
