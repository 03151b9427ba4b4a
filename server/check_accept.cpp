// Accept: which answer format a client likes best.
#include <charconv>

#include "server/check_request.hpp"
#include "server/media_type.hpp"

namespace suppressd {
namespace {

constexpr int quality_max = 1000;  // RFC 9110 gives quality values three decimals

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the part before the next `separator` off the front of `text`.
std::string_view take_part(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trim(part);
}

/// "0.25" in thousandths; a value that is none counts as zero: what it meant cannot be known.
int parse_quality(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return 0;
  if (!(value >= 0 && value <= 1)) return 0;
  return static_cast<int>(value * quality_max + 0.5);
}

/// 0: does not match; 1: */*; 2: type/*; 3: the very type.
int match(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  const size_t slash = type.find('/');
  if (range == std::string(type.substr(0, slash)) + "/*") return 2;
  return range == type ? 3 : 0;
}

struct Preference {
  int specificity = 0;
  int quality = 0;
};

void weigh(std::string_view accept, std::string_view type, Preference& preference) {
  while (!accept.empty()) {
    std::string_view parameters = take_part(accept, ',');
    const int specificity = match(to_lower(take_part(parameters, ';')), type);
    int quality = quality_max;
    while (!parameters.empty()) {
      std::string_view value = take_part(parameters, ';');
      if (to_lower(take_part(value, '=')) == "q") quality = parse_quality(trim(value));
    }
    if (specificity > preference.specificity) preference = {specificity, quality};
  }
}

}  // namespace

std::optional<size_t> choose_media_type(const RequestHead& head,
                                        const std::vector<std::string_view>& offered) {
  bool asked = false;
  for (const auto& [name, value] : head.fields) asked |= name == "accept" && !trim(value).empty();
  if (!asked) return 0;
  std::optional<size_t> best;
  int best_quality = 0;
  for (size_t i = 0; i < offered.size(); ++i) {
    Preference preference;
    for (const auto& [name, value] : head.fields) {
      if (name == "accept") weigh(value, offered[i], preference);
    }
    if (preference.quality > best_quality) {
      best_quality = preference.quality;
      best = i;
    }
  }
  return best;
}

}  // namespace suppressd
