// What the names and values of a contact's free fields may be. Thread safety: pure functions.
#pragma once

#include <algorithm>
#include <string_view>

#include "persistence/contact.hpp"

namespace suppressd {

/// What is wrong with a name, in static storage; empty when nothing is. Names are parts of index
/// keys, in which control characters end things.
inline std::string_view field_name_error(std::string_view name) {
  if (name.empty()) return "empty_field_name";
  if (name.size() > field_name_octets_max) return "field_name_too_long";
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return std::any_of(name.begin(), name.end(), control) ? "control_character" : "";
}

/// Likewise of a value, which may hold any text.
inline std::string_view field_value_error(std::string_view value) {
  return value.size() > field_value_octets_max ? "field_value_too_long" : "";
}

}  // namespace suppressd
