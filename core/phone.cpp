#include "core/phone_paths.hpp"

namespace suppressd {
namespace {

bool is_separator(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

}  // namespace

bool plain_phone(std::string_view raw, char* scratch, std::string_view& canonical) {
  if (raw.empty() || raw.front() != '+') return false;
  size_t digits = 0;
  for (const char c : raw.substr(1)) {
    if (c >= '0' && c <= '9') {
      if (digits == phone_digits_max) return false;
      scratch[++digits] = c;
    } else if (!is_separator(c)) {
      return false;
    }
  }
  if (digits < phone_digits_min) return false;
  scratch[0] = '+';
  canonical = digits + 1 == raw.size() ? raw : std::string_view(scratch, digits + 1);
  return true;
}

}  // namespace suppressd
