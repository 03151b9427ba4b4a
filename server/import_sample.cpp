#include "server/import_sample.hpp"

#include <algorithm>
#include <array>

#include "server/csv_splitter.hpp"
#include "server/import_columns.hpp"
#include "server/import_row_finder.hpp"
#include "server/import_row_values.hpp"
#include "server/json_rows.hpp"

namespace suppressd {
namespace {

namespace dom = simdjson::dom;

/// The sample's first rows; the last one only if it is whole.
std::vector<std::string_view> first_rows(std::string_view text, bool whole,
                                         std::optional<char> delimiter) {
  std::vector<std::string_view> rows;
  ImportRowFinder finder(delimiter);
  finder.look_at(text);
  size_t at = 0;
  while (at < text.size() && rows.size() <= sample_rows_max) {
    const ImportRowFinder::Found found = finder.find(at, whole);
    if (found.kind == ImportRowFinder::Kind::more || found.bytes == 0) break;
    if (found.kind == ImportRowFinder::Kind::row && found.text_bytes > 0) {
      rows.push_back(text.substr(at, found.text_bytes));
    }
    at += found.bytes;
  }
  // One row longer than the sample: its start tells more than nothing.
  if (rows.empty() && !whole) rows.push_back(text);
  return rows;
}

std::string_view first_line(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  return text.substr(0, text.find_first_of("\r\n"));
}

/// The most frequent in the first row, outside of quotes; '\0' when there is none.
char find_delimiter(std::string_view text) {
  constexpr std::string_view candidates = ",;\t|";
  std::array<size_t, candidates.size()> counts{};
  bool quoted = false, any = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if ((c == '\n' || c == '\r') && any) break;
    any |= c != '\n' && c != '\r';
    const size_t which = candidates.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return *most == 0 ? '\0' : candidates[static_cast<size_t>(most - counts.begin())];
}

std::vector<std::string> cells_of(std::string_view row, char delimiter) {
  std::vector<std::string> texts;
  CsvCells cells(row, delimiter);
  std::string scratch;
  for (std::string_view cell; cells.next(cell);) {
    texts.emplace_back(without_spreadsheet_quote(csv_unquote(cell, scratch)));
  }
  return texts;
}

bool holds_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
  });
}

/// Names and not a row of data: no cell is an address, and one is a name that is known, or all that
/// hold anything hold a letter.
bool is_header(const std::vector<std::string>& cells, Normalizer& normalizer) {
  bool known = false, letters = true, any = false;
  for (const std::string& cell : cells) {
    if (cell.find('@') != std::string::npos || is_e164(cell, normalizer)) return false;
    known |= is_known_column_name(cell);
    if (cell.empty()) continue;
    any = true;
    letters &= holds_letter(cell);
  }
  return known || (any && letters);
}

void read_csv(std::string_view text, bool whole, const ImportWish& wish, bool named,
              Normalizer& normalizer, ImportSample& sample) {
  for (const std::string_view row : first_rows(text, whole, sample.delimiter)) {
    sample.rows.push_back(cells_of(row, sample.delimiter));
  }
  if (sample.rows.empty()) return;
  sample.columns = sample.rows[0].size();
  sample.header = wish.header.value_or(named || is_header(sample.rows[0], normalizer));
  if (!sample.header) return;
  sample.names = std::move(sample.rows[0]);
  sample.rows.erase(sample.rows.begin());
}

void read_text(std::string_view text, bool whole, ImportSample& sample) {
  for (const std::string_view row : first_rows(text, whole, std::nullopt)) {
    sample.rows.push_back({std::string(row)});
  }
  sample.columns = 1;
}

std::string scalar_text(dom::element value) {
  std::string_view text;
  if (value.is_null()) return {};
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

void read_json_lines(std::string_view text, bool whole, ImportSample& sample) {
  JsonRows lines("", "");
  size_t bad = 0;
  const auto rows = first_rows(text, whole, std::nullopt);
  for (const std::string_view row : rows) {
    dom::element json;
    dom::object members;
    if (!lines.line(row, json) || json.get_object().get(members) != simdjson::SUCCESS) {
      ++bad;
      continue;
    }
    auto& cells = sample.rows.emplace_back();
    for (const auto [name, value] : members) {
      auto found = std::find(sample.names.begin(), sample.names.end(), name);
      if (found == sample.names.end()) {
        if (sample.names.size() == import_columns_max) continue;
        found = sample.names.insert(found, std::string(name));
      }
      const auto column = static_cast<size_t>(found - sample.names.begin());
      if (cells.size() <= column) cells.resize(column + 1);
      cells[column] = scalar_text(value);
    }
  }
  sample.header = true;
  sample.json_document = bad == rows.size();
  sample.columns = sample.names.size();
}

ImportShape shape_of(std::string_view text, const ImportWish& wish, bool named,
                     Normalizer& normalizer) {
  if (wish.delimiter || wish.header == true) return ImportShape::csv;
  const std::string_view line = first_line(text);
  if (line.starts_with('{') || line.starts_with('[')) return ImportShape::ndjson;
  const bool one_column = find_delimiter(text) == '\0' && line.find('"') == std::string_view::npos;
  if (one_column && !named && !is_header({std::string(line)}, normalizer)) {
    return ImportShape::text;
  }
  return ImportShape::csv;
}

}  // namespace

bool is_email(std::string_view cell, Normalizer& normalizer) {
  CanonicalAddress canonical;
  return cell.find('@') != std::string_view::npos &&
         normalizer.email(cell, canonical) == AddressError::none;
}

bool is_e164(std::string_view cell, Normalizer& normalizer) {
  CanonicalAddress canonical;
  const size_t first = cell.find_first_not_of(" '");
  return first != std::string_view::npos && cell[first] == '+' &&
         normalizer.phone(cell.substr(first), Region(), canonical) == AddressError::none;
}

ImportSample read_import_sample(std::string_view text, bool whole, const ImportWish& wish,
                                bool named, Normalizer& normalizer) {
  ImportSample sample;
  sample.shape = wish.shape ? *wish.shape : shape_of(text, wish, named, normalizer);
  if (sample.shape == ImportShape::ndjson) {
    read_json_lines(text, whole, sample);
  } else if (sample.shape == ImportShape::text) {
    read_text(text, whole, sample);
  } else {
    const char found = find_delimiter(text);
    sample.delimiter = wish.delimiter ? *wish.delimiter : found != '\0' ? found : ',';
    read_csv(text, whole, wish, named, normalizer, sample);
  }
  return sample;
}

}  // namespace suppressd
