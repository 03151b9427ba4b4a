#include <algorithm>
#include <charconv>

#include "core/phone_codes.hpp"
#include "core/phone_paths.hpp"
#include "core/phone_plans.hpp"

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

/// Copies the digits of digits and separators; 0 when there is anything else, or more than `room`.
size_t copy_digits(std::string_view text, char* out, size_t room) {
  size_t digits = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (digits == room) return 0;
      out[digits++] = c;
    } else if (!is_separator(c)) {
      return 0;
    }
  }
  return digits;
}

const DialingPlan* plan_of(Region region) {
  const auto first = static_cast<unsigned>(region.letters[0] - 'A');
  const auto second = static_cast<unsigned>(region.letters[1] - 'A');
  if (first >= 26 || second >= 26) return nullptr;
  const size_t place = dialing_plan_places[first * 26 + second];
  return place == 0 ? nullptr : &dialing_plans[place - 1];
}

bool holds(uint16_t digits, char digit) {
  return ((digits >> (digit - '0')) & 1) != 0;
}

bool starts_with_code(std::string_view dialed, uint16_t code) {
  char text[3] = {};
  const char* end = std::to_chars(text, text + sizeof text, code).ptr;
  return dialed.starts_with(std::string_view(text, static_cast<size_t>(end - text)));
}

/// The national number in what was dialed; empty when only libphonenumber can say.
std::string_view national_part(std::string_view dialed, const DialingPlan& plan) {
  const bool may_be_idd = holds(plan.idd_first, dialed[0]) && holds(plan.idd_second, dialed[1]);
  if (may_be_idd) return {};
  if (starts_with_code(dialed, plan.code)) {
    // Too long for a national number, so it can only be the country code; libphonenumber would then
    // take off a national prefix without looking at the length.
    const std::string_view number = dialed.substr(plan.code < 10 ? 1 : plan.code < 100 ? 2 : 3);
    return dialed.size() > plan.longest && !holds(plan.prefix, number[0]) ? number
                                                                          : std::string_view();
  }
  if (!holds(plan.prefix, dialed[0])) return dialed;
  const bool ambiguous = ((plan.ambiguous >> dialed.size()) & 1) != 0;
  return holds(plan.trunk, dialed[0]) && !ambiguous ? dialed.substr(1) : std::string_view();
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
  const size_t digits = copy_digits(text.substr(1), scratch + 1, phone_digits_max);
  if (digits < phone_digits_min || !stands_as_written(scratch + 1, digits)) return false;
  scratch[0] = '+';
  canonical = digits + 1 == text.size() ? text : std::string_view(scratch, digits + 1);
  return true;
}

bool is_plain_e164(std::string_view text) {
  const size_t digits = text.size() - 1;
  return digits >= phone_digits_min && digits <= phone_digits_max &&
         stands_as_written(text.data() + 1, digits);
}

bool plain_national_phone(std::string_view raw, Region region, char* scratch,
                          std::string_view& canonical) {
  if (raw.size() > raw_address_octets_max) return false;
  const DialingPlan* plan = plan_of(region);
  if (plan == nullptr) return false;
  std::array<char, phone_digits_max + 1> dialed;
  const size_t digits = copy_digits(unwrap_phone(raw), dialed.data(), dialed.size());
  if (digits < phone_digits_min) return false;
  const std::string_view number = national_part({dialed.data(), digits}, *plan);
  if (number.empty()) return false;
  char* end = scratch;
  *end++ = '+';
  end = std::to_chars(end, end + 3, plan->code).ptr;
  if (static_cast<size_t>(end - scratch) + number.size() > phone_digits_max + 1) return false;
  end = std::copy(number.begin(), number.end(), end);
  canonical = std::string_view(scratch, static_cast<size_t>(end - scratch));
  return canonical.size() > phone_digits_min &&
         stands_as_written(canonical.data() + 1, canonical.size() - 1);
}

}  // namespace suppressd
