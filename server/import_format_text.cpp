// An import's format as the JSON text that a job's plan keeps. Names of members are frozen.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "server/import_format.hpp"

namespace suppressd {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> shape_names = {"csv", "text", "ndjson"};
constexpr std::array<std::string_view, 6> origin_names = {"none",    "ses",      "sendgrid",
                                                          "mailgun", "postmark", "mailchimp"};

struct ColumnMember {
  const char* name;
  std::optional<size_t> ImportFormat::*column;
  std::string ImportFormat::*member;
};
constexpr std::array columns{
    ColumnMember{"email", &ImportFormat::email, &ImportFormat::email_member},
    ColumnMember{"phone", &ImportFormat::phone, &ImportFormat::phone_member},
    ColumnMember{"reason", &ImportFormat::reason, &ImportFormat::reason_member},
    ColumnMember{"at", &ImportFormat::at, &ImportFormat::at_member},
    ColumnMember{"evidence", &ImportFormat::evidence, &ImportFormat::evidence_member},
    ColumnMember{"region", &ImportFormat::region, &ImportFormat::region_member},
};

template <class Names>
std::optional<size_t> place_of(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

json to_json(const ImportFormat& format) {
  const bool members = format.shape == ImportShape::ndjson;
  json text = {{"shape", name_of(format.shape)},
               {"delimiter", std::string(1, format.delimiter)},
               {"header", format.header},
               {"origin", name_of(format.origin)},
               {"columns", format.columns}};
  if (format.origin_reason != Reason::none) text["origin_reason"] = name_of(format.origin_reason);
  for (const ColumnMember& one : columns) {
    if (members && !(format.*one.member).empty()) text[one.name] = format.*one.member;
    if (!members && format.*one.column) text[one.name] = *(format.*one.column);
  }
  if (members && format.member_fields) text["fields"] = *format.member_fields;
  if (!members) text["fields"] = format.fields;
  return text;
}

ImportFormat from_json(const json& text) {
  ImportFormat format;
  format.shape = parse_import_shape(text.at("shape").get<std::string>()).value();
  format.delimiter = text.at("delimiter").get<std::string>().at(0);
  format.header = text.at("header").get<bool>();
  format.origin = static_cast<ImportOrigin>(
      place_of(origin_names, text.at("origin").get<std::string>()).value());
  format.columns = text.at("columns").get<size_t>();
  if (text.contains("origin_reason")) {
    format.origin_reason = parse_reason(text["origin_reason"].get<std::string>()).value();
  }
  const bool members = format.shape == ImportShape::ndjson;
  for (const ColumnMember& one : columns) {
    if (!text.contains(one.name)) continue;
    if (members) {
      format.*one.member = text[one.name].get<std::string>();
    } else {
      format.*one.column = text[one.name].get<size_t>();
    }
  }
  if (!text.contains("fields")) return format;
  if (members) {
    format.member_fields = text["fields"].get<std::vector<std::pair<std::string, std::string>>>();
  } else {
    format.fields = text["fields"].get<std::vector<std::pair<size_t, std::string>>>();
  }
  return format;
}

}  // namespace

std::string_view name_of(ImportShape shape) {
  return shape_names[static_cast<size_t>(shape)];
}

std::optional<ImportShape> parse_import_shape(std::string_view name) {
  const auto place = place_of(shape_names, name);
  if (!place) return std::nullopt;
  return static_cast<ImportShape>(*place);
}

std::string_view name_of(ImportOrigin origin) {
  return origin_names[static_cast<size_t>(origin)];
}

std::string format_text(const ImportFormat& format) {
  return to_json(format).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ImportFormat> parse_format_text(std::string_view text) {
  try {
    return from_json(json::parse(text));
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const std::bad_optional_access&) {
    return std::nullopt;
  } catch (const std::out_of_range&) {
    return std::nullopt;
  }
}

}  // namespace suppressd
