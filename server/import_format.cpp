#include "server/import_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/unicode_text.hpp"
#include "server/contact_fields.hpp"
#include "server/import_columns.hpp"
#include "server/import_origins.hpp"
#include "server/import_sample.hpp"
#include "server/media_type.hpp"

namespace suppressd {
namespace {

constexpr size_t names_shown_max = 40;  // of columns, in a problem's text

using Wished = std::optional<std::string> ImportWish::*;
using Found = std::optional<size_t> ImportColumns::*;

struct Role {
  std::string_view name;
  Wished wish;
  Found column;
};

constexpr std::array roles{
    Role{"email", &ImportWish::email, &ImportColumns::email},
    Role{"phone", &ImportWish::phone, &ImportColumns::phone},
    Role{"reason", &ImportWish::reason, &ImportColumns::reason},
    Role{"at", &ImportWish::at, &ImportColumns::at},
    Role{"evidence", &ImportWish::evidence, &ImportColumns::evidence},
    Role{"region", &ImportWish::region, &ImportColumns::region},
};

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<size_t> number_of(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool names_columns(const ImportWish& wish) {
  const bool roles_do = std::any_of(roles.begin(), roles.end(), [&wish](const Role& role) {
    return wish.*role.wish && !number_of(*(wish.*role.wish));
  });
  return roles_do ||
         (wish.fields && std::any_of(wish.fields->begin(), wish.fields->end(),
                                     [](const auto& field) { return !number_of(field.first); }));
}

/// Which columns there are: their names when the first row is names, for data is not to be shown.
std::string columns_text(const ImportSample& sample) {
  if (sample.names.empty()) {
    return "The rows have " + std::to_string(sample.columns) +
           " columns, numbered from 0, and no header.";
  }
  std::string text = "The columns are: ";
  for (size_t i = 0; i < sample.names.size() && i < names_shown_max; ++i) {
    if (i > 0) text += ", ";
    text += '"' + sample.names[i] + '"';
  }
  return text + (sample.names.size() > names_shown_max ? ", …" : ".");
}

Problem unmappable(std::vector<Problem::Row> errors, std::string detail) {
  return {422,
          "unmappable-import",
          "The file's columns cannot be mapped.",
          std::move(detail),
          {},
          std::move(errors),
          {}};
}

Problem unknown_column(std::string_view role, const ImportSample& sample) {
  return unmappable({{std::nullopt, std::string(role), "unknown_column"}},
                    "There is no such column. " + columns_text(sample));
}

std::optional<size_t> column_of(std::string_view wished, const ImportSample& sample) {
  if (const auto number = number_of(wished)) {
    size_t columns = std::max(sample.columns, sample.names.size());
    for (const auto& row : sample.rows) columns = std::max(columns, row.size());
    return *number < std::min(columns, import_columns_max) ? number : std::nullopt;
  }
  const std::string lower = to_lower(trim(wished));
  for (size_t column = 0; column < sample.names.size(); ++column) {
    if (to_lower(trim(sample.names[column])) == lower) return column;
  }
  return std::nullopt;
}

/// The wished columns; a problem when one is not there.
std::optional<Problem> find_wished(const ImportWish& wish, const ImportSample& sample,
                                   ImportColumns& columns) {
  for (const Role& role : roles) {
    if (!(wish.*role.wish)) continue;
    columns.*role.column = column_of(*(wish.*role.wish), sample);
    if (!(columns.*role.column)) return unknown_column(role.name, sample);
  }
  return std::nullopt;
}

bool is_own_export(const ImportSample& sample) {
  const auto holds = [&sample](std::string_view name) {
    return std::find(sample.names.begin(), sample.names.end(), name) != sample.names.end();
  };
  return holds("email_given") && holds("phone_given") && holds("email_state");
}

/// Column → field of every named column that is nothing else.
std::vector<std::pair<size_t, std::string>> other_fields(const ImportSample& sample,
                                                         const std::vector<size_t>& taken) {
  constexpr std::string_view own_prefix = "field.";
  const bool own = is_own_export(sample);
  std::vector<std::pair<size_t, std::string>> fields;
  for (size_t column = 0; column < sample.names.size(); ++column) {
    std::string_view name = trim(sample.names[column]);
    if (std::find(taken.begin(), taken.end(), column) != taken.end()) continue;
    if (own && !name.starts_with(own_prefix)) continue;
    if (own) name.remove_prefix(own_prefix.size());
    const bool again = std::any_of(fields.begin(), fields.end(),
                                   [name](const auto& field) { return field.second == name; });
    if (!field_name_error(name).empty() || !is_utf8(name) || again || column >= import_columns_max)
      continue;
    if (fields.size() < contact_fields_max) fields.emplace_back(column, name);
  }
  return fields;
}

std::optional<Problem> find_fields(const ImportWish& wish, const ImportSample& sample,
                                   const std::vector<size_t>& taken, ImportFormat& format) {
  if (!wish.fields) {
    format.fields = other_fields(sample, taken);
    return std::nullopt;
  }
  for (const auto& [column, field] : *wish.fields) {
    const auto found = column_of(column, sample);
    if (!found) return unknown_column("fields", sample);
    format.fields.emplace_back(*found, field);
  }
  return std::nullopt;
}

/// NDJSON's rows know members and no columns.
void name_members(const ImportWish& wish, const ImportSample& sample, const ImportColumns& columns,
                  ImportFormat& format) {
  const auto name = [&sample](std::optional<size_t> column) {
    return column ? sample.names[*column] : std::string();
  };
  format.email_member = name(columns.email);
  format.phone_member = name(columns.phone);
  format.reason_member = name(columns.reason);
  format.at_member = name(columns.at);
  format.evidence_member = name(columns.evidence);
  format.region_member = name(columns.region);
  if (!wish.fields) return;
  format.member_fields.emplace();
  for (const auto& [column, field] : format.fields) {
    format.member_fields->emplace_back(sample.names[column], field);
  }
}

void place(const ImportColumns& columns, ImportFormat& format) {
  format.email = columns.email;
  format.phone = columns.phone;
  format.reason = columns.reason;
  format.at = columns.at;
  format.evidence = columns.evidence;
  format.region = columns.region;
}

/// What the caller did not say; `taken` gets all columns that mean something.
void find_others(const ImportWish& wish, const ImportSample& sample, Normalizer& normalizer,
                 ImportColumns& columns, std::vector<size_t>& taken, ImportFormat& format) {
  for (const Role& role : roles) {
    if (columns.*role.column) taken.push_back(*(columns.*role.column));
  }
  std::vector<std::string> plain;
  for (const std::string& name : sample.names) plain.push_back(plain_column_name(name));
  const auto known = recognize_export(plain);
  const ImportColumns guessed = guess_columns(sample, known, wish.suppressions, taken, normalizer);
  const bool addresses_wished = wish.email || wish.phone;
  for (const Role& role : roles) {
    const bool address = role.name == "email" || role.name == "phone";
    if (columns.*role.column || !(guessed.*role.column) || (address && addresses_wished)) continue;
    columns.*role.column = guessed.*role.column;
    taken.push_back(*(guessed.*role.column));
  }
  if (!known) return;
  format.origin = known->origin;
  if (wish.suppressions) format.origin_reason = known->reason;
  // A reason from elsewhere is not a status of SendGrid's.
  if (wish.reason) format.origin = ImportOrigin::none;
}

std::variant<ImportFormat, Problem> find_text_format(const ImportWish& wish,
                                                     const ImportSample& sample,
                                                     Normalizer& normalizer) {
  ImportFormat format;
  format.shape = ImportShape::text;
  if (!lines_are_addresses(sample, normalizer)) {
    return unmappable({}, "No line of the file's start can be an address.");
  }
  if (wish.email || !wish.phone) format.email = 0;
  if (wish.phone || !wish.email) format.phone = 0;
  return format;
}

}  // namespace

std::variant<ImportFormat, Problem> find_import_format(std::string_view sample_text, bool whole,
                                                       const ImportWish& wish) {
  if (sample_text.find_first_not_of(" \t\r\n,;") == std::string_view::npos && whole) {
    return Problem{422, "empty-import", "The file holds no rows.", "It is empty.", {}, {}, {}};
  }
  const bool named = names_columns(wish);
  if (named && wish.header == false && wish.shape != ImportShape::ndjson) {
    return unmappable({{std::nullopt, "header", "name_without_header"}},
                      "A column has a name only with a header; give its number.");
  }
  Normalizer normalizer;
  const ImportSample sample = read_import_sample(sample_text, whole, wish, named, normalizer);
  if (sample.json_document) {
    return unmappable({{std::nullopt, "", "not_ndjson"}},
                      "No line of the file's start is a JSON object; send one object a line.");
  }
  if (sample.shape == ImportShape::text) return find_text_format(wish, sample, normalizer);
  if (sample.rows.empty()) {
    return Problem{422,
                   "empty-import",
                   "The file holds no rows.",
                   "It is a header and nothing "
                   "else. " +
                       columns_text(sample),
                   {},
                   {},
                   {}};
  }
  ImportFormat format;
  format.shape = sample.shape;
  format.delimiter = sample.delimiter;
  format.header = sample.shape == ImportShape::csv && sample.header;
  format.columns = sample.columns;
  ImportColumns columns;
  if (auto problem = find_wished(wish, sample, columns)) return *std::move(problem);
  std::vector<size_t> taken;
  find_others(wish, sample, normalizer, columns, taken, format);
  if (!columns.email && !columns.phone) {
    return unmappable({},
                      "No column holds email addresses or phone numbers; name the one that "
                      "does. " +
                          columns_text(sample));
  }
  if (auto problem = find_fields(wish, sample, taken, format)) return *std::move(problem);
  if (sample.shape == ImportShape::ndjson) {
    name_members(wish, sample, columns, format);
    format.fields.clear();
  } else {
    place(columns, format);
  }
  return format;
}

}  // namespace suppressd
