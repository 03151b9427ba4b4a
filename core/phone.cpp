#include "core/phone_codes.hpp"
#include "core/phone_paths.hpp"

namespace suppressd {
namespace {

using PlainLengths = std::array<std::array<uint16_t, 10>, calling_codes.size()>;

constexpr PlainLengths plain_lengths_by_digit = [] {
  PlainLengths lengths{};
  for (size_t i = 0; i < calling_codes.size(); ++i) {
    for (unsigned digit = 0; digit < 10; ++digit) {
      lengths[i][digit] = plain_lengths(calling_codes[i], digit);
    }
  }
  return lengths;
}();

bool is_white_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_separator(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

bool starts_with_tel(std::string_view text) {
  return text.size() > 4 && (text[0] | 0x20) == 't' && (text[1] | 0x20) == 'e' &&
         (text[2] | 0x20) == 'l' && text[3] == ':';
}

/// Whether libphonenumber takes these digits, code first, as they stand.
bool stands_as_written(const char* digits, size_t count) {
  const auto digit = [digits](size_t i) { return static_cast<unsigned>(digits[i] - '0'); };
  const size_t place = calling_code_places[digit(0) * 100 + digit(1) * 10 + digit(2)];
  if (place == 0) return false;
  const size_t code = calling_codes[place - 1].code;
  const size_t code_digits = code < 10 ? 1 : code < 100 ? 2 : 3;
  const unsigned lengths = plain_lengths_by_digit[place - 1][digit(code_digits)];
  return ((lengths >> (count - code_digits)) & 1) != 0;
}

}  // namespace

std::string_view unwrap_phone(std::string_view raw) {
  while (!raw.empty() && is_white_space(raw.front())) raw.remove_prefix(1);
  while (!raw.empty() && is_white_space(raw.back())) raw.remove_suffix(1);
  if (starts_with_tel(raw)) raw.remove_prefix(std::string_view("tel:").size());
  return raw;
}

bool plain_phone(std::string_view raw, char* scratch, std::string_view& canonical) {
  if (raw.size() > raw_address_octets_max) return false;
  const std::string_view text = unwrap_phone(raw);
  if (text.empty() || text.front() != '+') return false;
  size_t digits = 0;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      if (digits == phone_digits_max) return false;
      scratch[++digits] = c;
    } else if (!is_separator(c)) {
      return false;
    }
  }
  if (digits < phone_digits_min || !stands_as_written(scratch + 1, digits)) return false;
  scratch[0] = '+';
  canonical = digits + 1 == text.size() ? text : std::string_view(scratch, digits + 1);
  return true;
}

}  // namespace suppressd
