// Times as the files that people import have them. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "persistence/records.hpp"

namespace suppressd {

/// RFC 3339; the same with a space, without seconds, with UTC or GMT or no zone (then it is UTC); a
/// date; RFC 2822 (Tue, 07 Jan 2025 19:25:45 UTC); Unix seconds (9 to 11 digits, with or without a
/// fraction) and milliseconds (12 to 14). 0, that is unknown, for times before 1970. nullopt for
/// anything else; so for 01/02/2025, which two halves of the world read differently.
std::optional<TimeMs> parse_import_time(std::string_view text);

}  // namespace suppressd
