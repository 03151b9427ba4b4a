#include "tools/suppressctl/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr double KiB = 1024, MiB = KiB * 1024, GiB = MiB * 1024, TiB = GiB * 1024;
constexpr Unit count_units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}};
constexpr Unit time_units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}};
constexpr Unit byte_units[] = {{"", 1}, {"KiB", KiB}, {"MiB", MiB}, {"GiB", GiB}, {"TiB", TiB}};
constexpr Unit share_units[] = {{"", 1}, {"%", 0.01}};

[[noreturn]] void refuse(std::string_view option, std::string_view text, const std::string& want) {
  throw Failure(std::string(option) + " '" + std::string(text) + "' must be " + want + ".");
}

double parse(std::string_view option, std::string_view text, std::span<const Unit> units,
             Bounds bounds, const std::string& want) {
  std::string bare;
  for (const char c : text)
    if (c != ',') bare += c;
  double number = 0;
  const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
  if (error != std::errc() || !std::isfinite(number)) refuse(option, text, want);
  const std::string_view suffix(end, bare.data() + bare.size());
  const auto* unit = std::find_if(units.data(), units.data() + units.size(),
                                  [&](const Unit& candidate) { return candidate.name == suffix; });
  if (unit == units.data() + units.size()) refuse(option, text, want);
  const double value = number * unit->factor;
  if (!(value >= bounds.least && value <= bounds.most)) refuse(option, text, want);
  return value;
}

std::string between(const std::string& what, const std::string& least, const std::string& most) {
  return what + " from " + least + " to " + most;
}

std::string with_unit(double value, std::initializer_list<Unit> large_to_small) {
  for (const Unit& unit : large_to_small) {
    if (std::abs(value) >= unit.factor)
      return short_number(value / unit.factor) + (unit.name.empty() ? "" : " ") +
             std::string(unit.name);
  }
  const Unit& last = *(large_to_small.end() - 1);
  return short_number(value / last.factor) + (last.name.empty() ? "" : " ") +
         std::string(last.name);
}

}  // namespace

uint64_t parse_count(std::string_view option, std::string_view text, Bounds bounds) {
  const std::string want =
      between("a whole number", rate_text(bounds.least), rate_text(bounds.most)) +
      ", such as 1000000, 1e6 or 1M";
  const double value = parse(option, text, count_units, bounds, want);
  if (value != std::floor(value)) refuse(option, text, want);
  return static_cast<uint64_t>(value);
}

double parse_rate(std::string_view option, std::string_view text, Bounds bounds) {
  const std::string want =
      between("a number a second", rate_text(bounds.least), rate_text(bounds.most)) +
      ", such as 2e6/s or 500k";
  std::string_view bare = text;
  if (bare.ends_with("/s")) bare.remove_suffix(2);
  return parse(option, bare, count_units, bounds, want);
}

std::chrono::nanoseconds parse_time(std::string_view option, std::string_view text, Bounds bounds) {
  const std::string want =
      between("a time", time_text(bounds.least), time_text(bounds.most)) + ", such as 5ms or 10s";
  return std::chrono::nanoseconds(
      std::llround(parse(option, text, time_units, bounds, want) * 1e9));
}

uint64_t parse_bytes(std::string_view option, std::string_view text, Bounds bounds) {
  const std::string want =
      between("a size", bytes_text(bounds.least), bytes_text(bounds.most)) + ", such as 64GiB";
  return static_cast<uint64_t>(parse(option, text, byte_units, bounds, want));
}

double parse_share(std::string_view option, std::string_view text, Bounds bounds) {
  const std::string want = between("a share", short_number(bounds.least * 100) + "%",
                                   short_number(bounds.most * 100) + "%") +
                           ", such as 10% or 0.1";
  return parse(option, text, share_units, bounds, want);
}

std::vector<std::string_view> parse_list(std::string_view option, std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end == begin) refuse(option, text, "values with a comma between them");
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::pair<std::string, double>> parse_mix(std::string_view option,
                                                      std::string_view text) {
  constexpr Bounds weights{1e-6, 1e6};
  std::vector<std::pair<std::string, double>> mix;
  for (const std::string_view part : parse_list(option, text)) {
    const size_t colon = part.find(':');
    const double weight = colon == std::string_view::npos
                              ? 1
                              : parse(option, part.substr(colon + 1), count_units, weights,
                                      "names with weights above zero, such as text:60,json:40");
    mix.emplace_back(part.substr(0, colon), weight);
  }
  return mix;
}

std::string short_number(double number) {
  if (number == 0 || !std::isfinite(number)) return number == 0 ? "0" : "-";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(number)) + 1e-12));
  const int decimals = std::clamp(2 - magnitude, 0, 9);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  std::string out = text;
  if (decimals > 0) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out;
}

std::string time_text(double seconds) {
  return with_unit(seconds, {{"min", 60}, {"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}});
}

std::string rate_text(double rate) {
  return with_unit(rate, {{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}});
}

std::string bytes_text(double bytes) {
  return with_unit(bytes, {{"TiB", TiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}});
}

}  // namespace suppressctl
