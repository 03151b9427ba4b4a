// What the readers of JSON and of NDJSON bodies share: simdjson's lazy values, read whole. Included
// by those two only: simdjson's header is heavy.
#pragma once

#include <simdjson.h>

#include <string_view>

namespace suppressd {

namespace ondemand = simdjson::ondemand;

inline constexpr int json_nesting_max = 32;  // of values that are not addresses

/// The characters of a JSON string as written, between its quotes.
inline std::string_view written_json_string(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.substr(1, token.rfind('"') - 1);
}

inline bool has_escape(std::string_view written) {
  return written.find('\\') != std::string_view::npos;
}

/// The string's text. Without escapes it is a view into the document.
inline simdjson::error_code read_json_string(ondemand::value& value, std::string_view& text) {
  const std::string_view written = written_json_string(value);
  if (has_escape(written)) return value.get_string().get(text);
  text = written;
  return simdjson::SUCCESS;
}

/// The parser is lazy: what nobody reads is not looked at. This looks at all of a value.
inline simdjson::error_code validate_json(ondemand::value value, int depth) {
  ondemand::json_type type{};
  if (auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view text;
      return read_json_string(value, text);
    }
    case ondemand::json_type::number:
      return value.get_double().error();
    case ondemand::json_type::boolean:
      return value.get_bool().error();
    case ondemand::json_type::null: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return error;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
    case ondemand::json_type::array: {
      if (depth == 0) return simdjson::DEPTH_ERROR;
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      for (auto element : array) {
        ondemand::value inner;
        if (auto error = element.get(inner)) return error;
        if (auto error = validate_json(inner, depth - 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::object: {
      if (depth == 0) return simdjson::DEPTH_ERROR;
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      for (auto member : object) {
        std::string_view key;
        if (auto error = member.unescaped_key().get(key)) return error;
        ondemand::value inner;
        if (auto error = member.value().get(inner)) return error;
        if (auto error = validate_json(inner, depth - 1)) return error;
      }
      return simdjson::SUCCESS;
    }
  }
  return simdjson::TAPE_ERROR;
}

inline bool json_at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace suppressd
