#include "tools/suppressctl/import_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace suppressctl {
namespace {

using nlohmann::json;

void append_text_rows(const RowBatch& batch, const ImportShape& shape, ImportBody& body) {
  std::string scratch;
  for (size_t i = 0; i < batch.size(); ++i) {
    append_value_line(shape.address_of(batch.text(i), scratch), body.bytes);
    body.rows.push_back(i);
  }
}

/// Lines that are JSON already; the server reads them. An empty one would not count there.
void append_json_lines(const RowBatch& batch, ImportBody& body) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const std::string_view line = batch.text(i);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      body.rejected.push_back({i, "empty"});
      continue;
    }
    body.bytes += line;
    body.bytes += '\n';
    body.rows.push_back(i);
  }
}

void append_cells_as_json(const RowBatch& batch, const ImportShape& shape, ImportBody& body) {
  std::string scratch;
  for (size_t i = 0; i < batch.size(); ++i) {
    const size_t begin = body.bytes.size();
    try {
      for (size_t member = 0; member < import_members.size(); ++member) {
        if (!shape.columns[member]) continue;
        const std::string_view cell =
            cell_text(batch.text(i), shape.delimiter, *shape.columns[member], scratch);
        if (cell.empty() && member != 0) continue;
        body.bytes += body.bytes.size() == begin ? "{\"" : ",\"";
        body.bytes.append(import_members[member]).append("\":");
        body.bytes += json(cell).dump();
      }
      body.bytes += "}\n";
      body.rows.push_back(i);
    } catch (const json::type_error&) {  // the cell is not UTF-8, so no JSON can carry it
      body.bytes.resize(begin);
      body.rejected.push_back({i, "not_utf8"});
    }
  }
}

}  // namespace

std::string_view ImportShape::address_of(std::string_view row, std::string& scratch) const {
  return format == Format::csv ? cell_text(row, delimiter, columns[0].value_or(0), scratch) : row;
}

bool ImportShape::only_addresses() const {
  return std::none_of(columns.begin() + 1, columns.end(), [](auto& c) { return c.has_value(); });
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

ImportBody import_body(const RowBatch& batch, const ImportShape& shape) {
  ImportBody body;
  body.rows.reserve(batch.size());
  if (shape.format == Format::ndjson) {
    body.content_type = "application/x-ndjson";
    append_json_lines(batch, body);
  } else if (shape.format == Format::csv && !shape.only_addresses()) {
    body.content_type = "application/x-ndjson";
    append_cells_as_json(batch, shape, body);
  } else {
    body.content_type = "text/plain";
    append_text_rows(batch, shape, body);
  }
  return body;
}

}  // namespace suppressctl
