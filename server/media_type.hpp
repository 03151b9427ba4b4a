// Content-Type values: type/subtype matched without case, parameters by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace suppressd {

/// "application/json; Charset=UTF-8" → "application/json". nullopt when the value is malformed or
/// has a charset other than UTF-8 (US-ASCII counts as UTF-8). Other parameters are ignored.
std::optional<std::string> media_type(std::string_view content_type);

/// ASCII only; other octets stay.
std::string to_lower(std::string_view text);

}  // namespace suppressd
