#include "server/import_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "server/media_type.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Takes one digit or more off the front, at most `most`; empty when there is none.
std::string_view take_digits(std::string_view& text, size_t most) {
  size_t size = 0;
  while (size < text.size() && size < most && is_digit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::string two_digits(std::string_view digits) {
  return digits.size() == 1 ? "0" + std::string(digits) : std::string(digits);
}

std::optional<TimeMs> unix_time(std::string_view text) {
  const std::string_view digits = take_digits(text, 14);
  if (digits.size() < 9) return std::nullopt;
  TimeMs number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.size() >= 12) return text.empty() ? std::optional(number) : std::nullopt;
  number *= 1000;
  if (text.empty()) return number;
  if (!take(text, '.')) return std::nullopt;
  std::string fraction(take_digits(text, text.size()));
  if (fraction.empty() || !text.empty()) return std::nullopt;
  fraction.resize(3, '0');
  return number + std::stoul(fraction);
}

/// "T19:25:45.5" of "19:25:45.5 …"; empty when it is none. No time of day is midnight.
std::string take_clock(std::string_view& text) {
  if (text.empty()) return "T00:00:00";
  const std::string_view hour = take_digits(text, 2);
  if (hour.empty() || !take(text, ':')) return {};
  const std::string_view minute = take_digits(text, 2);
  if (minute.size() != 2) return {};
  std::string clock = "T" + two_digits(hour) + ":" + std::string(minute);
  if (!take(text, ':')) return clock + ":00";
  const std::string_view second = take_digits(text, 2);
  if (second.size() != 2) return {};
  clock += ":" + std::string(second);
  if (take(text, '.')) {
    const std::string_view fraction = take_digits(text, text.size());
    if (fraction.empty()) return {};
    clock += "." + std::string(fraction);
  }
  return clock;
}

/// As RFC 3339 has it; empty when it is none.
std::string zone_of(std::string_view text) {
  text = trim(text);
  const std::string lower = to_lower(text);
  if (lower.empty() || lower == "z" || lower == "utc" || lower == "gmt" || lower == "ut") {
    return "Z";
  }
  if (text[0] != '+' && text[0] != '-') return {};
  if (text.size() == 6) return std::string(text);
  if (text.size() != 5) return {};
  return std::string(text.substr(0, 3)) + ":" + std::string(text.substr(3));
}

std::optional<TimeMs> time_of(std::string_view year, std::string_view month, std::string_view day,
                              std::string_view rest) {
  if (year.size() != 4 || day.empty()) return std::nullopt;
  const std::string clock = take_clock(rest);
  const std::string zone = zone_of(rest);
  if (clock.empty() || zone.empty()) return std::nullopt;
  const std::string tail = "-" + two_digits(month) + "-" + two_digits(day) + clock + zone;
  if (year >= "1970") {
    const auto time = parse_time(std::string(year) + tail);
    // The first hours of 1970 east of Greenwich are before it.
    if (time || year > "1970") return time;
  }
  return parse_time("2000" + tail) ? std::optional<TimeMs>(0) : std::nullopt;
}

/// "2025-01-07 19:25:45 UTC"
std::optional<TimeMs> iso_time(std::string_view text) {
  const std::string_view year = take_digits(text, 4);
  if (!take(text, '-')) return std::nullopt;
  const std::string_view month = take_digits(text, 2);
  if (month.empty() || !take(text, '-')) return std::nullopt;
  const std::string_view day = take_digits(text, 2);
  if (!text.empty() && text[0] != 'T' && text[0] != 't' && text[0] != ' ') return std::nullopt;
  if (!text.empty()) text.remove_prefix(1);
  return time_of(year, month, day, text);
}

/// "Tue, 07 Jan 2025 19:25:45 +0000"
std::optional<TimeMs> mail_time(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma != std::string_view::npos) text = trim(text.substr(comma + 1));
  const std::string_view day = take_digits(text, 2);
  if (day.empty() || !take(text, ' ') || text.size() < 4) return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), to_lower(text.substr(0, 3)));
  if (month == months.end()) return std::nullopt;
  text.remove_prefix(3);
  if (!take(text, ' ')) return std::nullopt;
  const std::string_view year = take_digits(text, 4);
  if (!text.empty() && !take(text, ' ')) return std::nullopt;
  return time_of(year, std::to_string(month - months.begin() + 1), day, text);
}

}  // namespace

std::optional<TimeMs> parse_import_time(std::string_view text) {
  text = trim(text);
  if (const auto time = unix_time(text)) return time;
  if (const auto time = iso_time(text)) return time;
  return mail_time(text);
}

}  // namespace suppressd
