// Times on the wire: RFC 3339, always UTC when written ("2026-03-01T09:30:00.250Z").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"

namespace suppressd {

TimeMs now_ms();
std::string time_text(TimeMs time);
/// Any offset, seconds required, fractions past milliseconds are cut. nullopt for anything else,
/// for times before 1970 and for days that no calendar has. A leap second counts as the next one.
std::optional<TimeMs> parse_time(std::string_view text);

}  // namespace suppressd
