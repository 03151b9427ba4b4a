#include "server/import_rows.hpp"

#include <simdjson.h>

#include "server/csv_splitter.hpp"
#include "server/import_json_row.hpp"
#include "server/import_row_finder.hpp"
#include "server/import_row_values.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {
namespace {

constexpr std::array<std::string_view, 11> own_errors = {
    "",          "row_too_long",   "unclosed_quote", "missing_column", "no_address",     "bad_json",
    "bad_field", "unknown_reason", "bad_time",       "bad_encoding",   "not_suppressing"};

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace

std::string error_name(ImportError error) {
  const auto number = static_cast<size_t>(error);
  if (error >= ImportError::address) {
    return std::string(
        error_name(static_cast<AddressError>(number - static_cast<size_t>(ImportError::address))));
  }
  return number < own_errors.size() ? std::string(own_errors[number]) : std::string();
}

ImportError import_error(AddressError error) {
  return static_cast<ImportError>(static_cast<uint8_t>(ImportError::address) +
                                  static_cast<uint8_t>(error));
}

struct ImportRows::Impl {
  Impl(const std::filesystem::path& text, const ImportFormat& how, Region region,
       Normalizer& normalizer, uint64_t from, size_t read_bytes)
      : format(how),
        reader(text, how.shape == ImportShape::csv ? std::optional(how.delimiter) : std::nullopt,
               from, read_bytes),
        values(how, region, normalizer),
        json(how) {
    choose_simdjson();
    plan_columns();
    if (from == 0 && format.header) reader.next(raw);
  }

  // ---- CSV ----
  /// What a column's cells are: a member of ImportValues, or a field's place among the cells.
  struct Column {
    std::string_view ImportValues::*value = nullptr;
    size_t field = SIZE_MAX;
  };

  void plan_columns() {
    if (format.shape != ImportShape::csv) return;
    using V = ImportValues;
    if (format.email && format.email == format.phone) {
      plan(format.email, &V::either);
    } else {
      plan(format.email, &V::email);
      plan(format.phone, &V::phone);
    }
    plan(format.reason, &V::reason);
    plan(format.at, &V::at);
    plan(format.evidence, &V::evidence);
    plan(format.region, &V::region);
    std::map<std::string, size_t> by_name;
    for (const auto& [column, name] : format.fields) by_name.emplace(name, column);
    for (const auto& [name, column] : by_name) {
      column_of(column).field = field_names.size();
      field_names.push_back(name);
    }
    field_cells.resize(field_names.size());
    field_scratch.resize(field_names.size());
  }

  Column& column_of(size_t column) {
    if (columns.size() <= column) columns.resize(column + 1);
    return columns[column];
  }

  void plan(std::optional<size_t> column, std::string_view ImportValues::*value) {
    if (column && column_of(*column).value == nullptr) column_of(*column).value = value;
  }

  ImportError csv_row(std::string_view text, ImportRow& row) {
    ImportValues found;
    std::fill(field_cells.begin(), field_cells.end(), std::string_view());
    CsvCells cells(text, format.delimiter);
    std::string_view cell;
    size_t scratch_used = 0;
    for (size_t i = 0; i < columns.size() && cells.next(cell); ++i) {
      const Column& column = columns[i];
      if (column.value != nullptr) {
        found.*column.value = csv_unquote(cell, value_scratch[scratch_used++]);
      }
      if (column.field != SIZE_MAX) {
        field_cells[column.field] =
            without_spreadsheet_quote(csv_unquote(cell, field_scratch[column.field]));
      }
    }
    const ImportError error = values.read(found, row);
    return error == ImportError::none ? set_fields(row) : error;
  }

  /// The names are in the order of the map: what the row before left there is written over.
  ImportError set_fields(ImportRow& row) {
    auto at = row.fields.begin();
    for (size_t i = 0; i < field_names.size(); ++i) {
      const std::string_view cell = field_cells[i];
      if (cell.empty()) continue;
      if (cell.size() > field_value_octets_max) return ImportError::bad_field;
      while (at != row.fields.end() && at->first < field_names[i]) at = row.fields.erase(at);
      if (at == row.fields.end() || at->first != field_names[i]) {
        at = row.fields.emplace_hint(at, field_names[i], cell);
      } else {
        at->second.assign(cell);
      }
      ++at;
    }
    row.fields.erase(at, row.fields.end());
    return ImportError::none;
  }

  // ---- Text ----
  ImportError text_row(std::string_view line, ImportRow& row) {
    ImportValues found;
    const bool both = format.email.has_value() == format.phone.has_value();
    (both ? found.either : format.email ? found.email : found.phone) = line;
    row.fields.clear();
    return values.read(found, row);
  }

  ImportError read(ImportRow& row) {
    if (raw.error != ImportError::none) return raw.error;
    if (!is_utf8(raw.text)) return ImportError::bad_encoding;
    switch (format.shape) {
      case ImportShape::csv:
        return csv_row(raw.text, row);
      case ImportShape::text:
        return text_row(raw.text, row);
      case ImportShape::ndjson:
        return json.read(raw.text, values, row);
    }
    return ImportError::none;
  }

  const ImportFormat format;
  ImportRowReader reader;
  RawImportRow raw;
  ImportValueReader values;
  ImportJsonRow json;
  std::vector<Column> columns;
  std::vector<std::string> field_names;  // ascending
  std::vector<std::string_view> field_cells;
  std::vector<std::string> field_scratch;
  std::array<std::string, 6> value_scratch;  // one a member of ImportValues that a row may hold
};

ImportRows::ImportRows(const std::filesystem::path& text, const ImportFormat& format,
                       Region default_region, Normalizer& normalizer, uint64_t from,
                       size_t read_bytes)
    : impl_(std::make_unique<Impl>(text, format, default_region, normalizer, from, read_bytes)) {}
ImportRows::~ImportRows() = default;

bool ImportRows::next(ImportRow& row) {
  if (!impl_->reader.next(impl_->raw)) {
    impl_->raw.bytes = {};
    return false;
  }
  row.begin = impl_->raw.begin;
  row.end = impl_->raw.end;
  row.error = impl_->read(row);
  if (row.error == ImportError::none) return true;
  for (size_t i = 0; i < channels; ++i) {
    row.addresses[i].clear();
    row.given[i].clear();
  }
  row.fields.clear();
  row.reason = Reason::none;
  row.at = 0;
  row.evidence.clear();
  return true;
}

std::string_view ImportRows::bytes() const {
  return impl_->raw.bytes;
}

uint64_t ImportRows::text_bytes() const {
  return impl_->reader.text_bytes();
}

}  // namespace suppressd
