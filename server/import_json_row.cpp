#include "server/import_json_row.hpp"

#include "server/contact_fields.hpp"

namespace suppressd {

namespace dom = simdjson::dom;

ImportJsonRow::ImportJsonRow(const ImportFormat& format) : format_(format) {}

std::string_view ImportJsonRow::text_of(dom::element value) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return text;
  return texts_.emplace_back(simdjson::minify(value));
}

std::string_view* ImportJsonRow::role(std::string_view name, ImportValues& values) const {
  if (name == format_.email_member) {
    return name == format_.phone_member ? &values.either : &values.email;
  }
  if (name == format_.phone_member) return &values.phone;
  if (name == format_.reason_member) return &values.reason;
  if (name == format_.at_member) return &values.at;
  if (name == format_.evidence_member) return &values.evidence;
  if (name == format_.region_member) return &values.region;
  return nullptr;
}

ImportError ImportJsonRow::add_field(std::string_view name, dom::element value, ImportRow& row) {
  if (value.is_null()) return ImportError::none;
  const std::string_view text = text_of(value);
  if (text.empty()) return ImportError::none;
  if (!field_name_error(name).empty() || !field_value_error(text).empty() ||
      !row.fields.emplace(name, text).second || row.fields.size() > contact_fields_max) {
    return ImportError::bad_field;
  }
  return ImportError::none;
}

ImportError ImportJsonRow::add_member(std::string_view name, dom::element value, ImportRow& row) {
  if (format_.member_fields) {
    for (const auto& [member, field] : *format_.member_fields) {
      if (member == name) return add_field(field, value, row);
    }
    return ImportError::none;
  }
  dom::object fields;
  if (name != "fields" || value.get_object().get(fields) != simdjson::SUCCESS) {
    return add_field(name, value, row);
  }
  for (const auto [inner_name, inner] : fields) {
    const ImportError error = add_field(inner_name, inner, row);
    if (error != ImportError::none) return error;
  }
  return ImportError::none;
}

ImportError ImportJsonRow::read(std::string_view line, ImportValueReader& values, ImportRow& row) {
  texts_.clear();
  row.fields.clear();
  dom::element json;
  dom::object members;
  if (!lines_.line(line, json) || json.get_object().get(members) != simdjson::SUCCESS) {
    return ImportError::bad_json;
  }
  ImportValues found;
  ImportError field_error = ImportError::none;
  for (const auto [name, value] : members) {
    std::string_view* const slot = role(name, found);
    if (slot == nullptr) {
      const ImportError error = add_member(name, value, row);
      if (field_error == ImportError::none) field_error = error;
      continue;
    }
    if (slot->data() != nullptr) return ImportError::bad_json;  // given twice
    if (!value.is_null()) *slot = text_of(value);
  }
  const ImportError error = values.read(found, row);
  return error == ImportError::none ? field_error : error;
}

}  // namespace suppressd
