#include <algorithm>

#include "core/email_paths.hpp"

namespace suppressd {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// A decimal octet as addresses are written: 0 to 255, no zero in front.
bool is_octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), is_digit))
    return false;
  if (text.size() > 1 && text.front() == '0') return false;
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value <= 255;
}

bool is_ipv4(std::string_view text) {
  for (int octet = 0; octet < 3; ++octet) {
    const size_t dot = text.find('.');
    if (dot == std::string_view::npos || !is_octet(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_octet(text);
}

/// How many 16-bit groups `text` spells, an IPv4 tail being two; -1 when it is not groups.
int count_groups(std::string_view text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  int groups = 0;
  while (true) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && may_end_in_ipv4 && is_ipv4(group)) return groups + 2;
    if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), is_hex))
      return -1;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

bool is_ipv6(std::string_view text) {
  constexpr int groups_in_address = 8;
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == groups_in_address;
  const int before = count_groups(text.substr(0, gap), false);
  const int after = count_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after < groups_in_address;
}

}  // namespace

bool is_address_literal(std::string_view lower_case) {
  if (lower_case.size() < 2 || lower_case.front() != '[' || lower_case.back() != ']') return false;
  const std::string_view inside = lower_case.substr(1, lower_case.size() - 2);
  constexpr std::string_view ipv6_tag = "ipv6:";
  if (inside.substr(0, ipv6_tag.size()) == ipv6_tag) return is_ipv6(inside.substr(ipv6_tag.size()));
  return is_ipv4(inside);
}

}  // namespace suppressd
