#include "server/time_text.hpp"

#include <chrono>
#include <cstdio>

namespace suppressd {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;

/// Takes exactly `digits` digits off the front; -1 when there are fewer.
int take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".25" as 250; no fraction as 0; -1 for a lone point.
int take_fraction_ms(std::string_view& text) {
  if (!take(text, ".")) return 0;
  int ms = 0;
  int scale = 100;
  size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    ms += scale * (text[0] - '0');
    scale /= 10;
  }
  return digits == 0 ? -1 : ms;
}

/// Minutes east of UTC; nullopt when the rest of the text is no offset.
std::optional<int> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = take_number(text, 2);
  if (!take(text, ":")) return std::nullopt;
  const int minutes = take_number(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

}  // namespace

TimeMs now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<TimeMs>(std::chrono::duration_cast<milliseconds>(now).count());
}

std::string time_text(TimeMs time) {
  const std::chrono::sys_time<milliseconds> point{milliseconds(time)};
  const auto day = std::chrono::floor<days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(point - day);
  char text[64];
  std::snprintf(
      text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<TimeMs> parse_time(std::string_view text) {
  const int year = take_number(text, 4);
  if (!take(text, "-")) return std::nullopt;
  const int month = take_number(text, 2);
  if (!take(text, "-")) return std::nullopt;
  const int day = take_number(text, 2);
  if (!take(text, "Tt")) return std::nullopt;
  const int hour = take_number(text, 2);
  if (!take(text, ":")) return std::nullopt;
  const int minute = take_number(text, 2);
  if (!take(text, ":")) return std::nullopt;
  const int second = take_number(text, 2);
  const int ms = take_fraction_ms(text);
  const std::optional<int> offset = take_offset(text);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60 || ms < 0 || !offset) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto point = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                     std::chrono::minutes(minute - *offset) + std::chrono::seconds(second) +
                     milliseconds(ms);
  const auto since_epoch = point.time_since_epoch().count();
  if (since_epoch < 0) return std::nullopt;
  return static_cast<TimeMs>(since_epoch);
}

}  // namespace suppressd
