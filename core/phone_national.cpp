#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

#include <algorithm>
#include <set>

#include "core/phone_paths.hpp"
#include "core/unicode_text.hpp"

namespace suppressd {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

/// More digits than any number with prefixes and trunk zeros; libphonenumber need not see more.
constexpr size_t phone_digits_read_max = 24;
/// National input this short may be a short code.
constexpr size_t short_code_digits_max = 6;
/// Taking off a national prefix can bare another one. Numbers that go on and on are refused.
constexpr int parse_rounds_max = 4;
/// What libphonenumber calls the region of input that must bring its own country code.
constexpr const char* no_default = "ZZ";

/// The process's one instance. Its own logger prints numbers, so it gets one that says nothing.
const PhoneNumberUtil& metadata() {
  static const PhoneNumberUtil& util = []() -> PhoneNumberUtil& {
    PhoneNumberUtil& instance = *PhoneNumberUtil::GetInstance();
    instance.SetLogger(new i18n::phonenumbers::NullLogger);
    return instance;
  }();
  return util;
}

const ShortNumberInfo& short_codes() {
  metadata();  // its logger must be silenced first
  static const ShortNumberInfo info;
  return info;
}

const std::set<std::string>& supported_regions() {
  static const std::set<std::string> regions = [] {
    std::set<std::string> all;
    metadata().GetSupportedRegions(&all);
    return all;
  }();
  return regions;
}

/// A number as libphonenumber should see it: an optional '+' and ASCII digits.
struct Reading {
  std::string text;
  size_t digits = 0;
  bool international = false;
  bool foreign = false;  // holds what no number is written with
};

Reading read(std::string_view text) {
  Reading reading;
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (const int digit = digit_value(c); digit >= 0) {
      reading.text.push_back(static_cast<char>('0' + digit));
      ++reading.digits;
    } else if ((c == U'+' || c == U'\uFF0B') && reading.text.empty()) {
      reading.text.push_back('+');
      reading.international = true;
    } else if (!is_phone_separator(c)) {
      reading.foreign = true;
    }
  }
  return reading;
}

/// For text that holds letters or signs: those of an extension, or no number's at all.
AddressError judge_foreign(std::string_view text, Region default_region) {
  PhoneNumber number;
  const std::string region(default_region.empty() ? "US" : default_region.text());
  metadata().Parse(std::string(text), region, &number);
  return number.has_extension() ? AddressError::extension : AddressError::not_a_number;
}

AddressError error_of(PhoneNumberUtil::ErrorType error) {
  switch (error) {
    case PhoneNumberUtil::NO_PARSING_ERROR:
      return AddressError::none;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
      return AddressError::bad_country_code;
    case PhoneNumberUtil::TOO_LONG_NSN:
      return AddressError::too_many_digits;
    default:  // what it calls not a number is, of nothing but digits, fewer than two of them
      return AddressError::too_short;
  }
}

AddressError error_of(PhoneNumberUtil::ValidationResult result) {
  switch (result) {
    case PhoneNumberUtil::IS_POSSIBLE:
      return AddressError::none;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
      return AddressError::bad_country_code;
    case PhoneNumberUtil::TOO_LONG:
      return AddressError::too_many_digits;
    default:  // too short, or complete only within its own area, or between two lengths
      return AddressError::too_short;
  }
}

/// What the fast path takes is its own canonical form and possible: it saves a second parse.
bool is_settled(std::string_view canonical) {
  char scratch[phone_digits_max + 1];
  std::string_view same;
  return plain_phone(canonical, scratch, same);
}

/// Parses until the canonical form is its own canonical form.
AddressError settle(const std::string& text, const std::string& region, std::string& canonical) {
  std::string from = text;
  std::string from_region = region;
  for (int round = 0; round < parse_rounds_max; ++round) {
    PhoneNumber number;
    const auto parsed = error_of(metadata().Parse(from, from_region, &number));
    if (parsed != AddressError::none) return parsed;
    metadata().Format(number, PhoneNumberUtil::E164, &canonical);
    if (is_settled(canonical)) return AddressError::none;
    if (canonical == from) {
      const auto possible = error_of(metadata().IsPossibleNumberWithReason(number));
      if (possible != AddressError::none) return possible;
      const bool fits = canonical.size() <= phone_digits_max + 1;
      return fits ? AddressError::none : AddressError::too_many_digits;
    }
    from = canonical;
    from_region = no_default;
  }
  return AddressError::not_a_number;
}

/// Short codes are told from subscribers' numbers by what the region's metadata knows of both.
bool is_short_code(const Reading& reading, const std::string& region) {
  if (reading.digits > short_code_digits_max) return false;
  PhoneNumber number;
  const auto parsed = metadata().Parse(reading.text, region, &number);
  return parsed == PhoneNumberUtil::NO_PARSING_ERROR && !metadata().IsValidNumber(number) &&
         short_codes().IsPossibleShortNumberForRegion(number, region);
}

}  // namespace

std::optional<Region> parse_region(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  Region region;
  for (size_t i = 0; i < 2; ++i) {
    const char c = text[i];
    region.letters[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
  }
  if (!supported_regions().contains(std::string(region.text()))) return std::nullopt;
  return region;
}

AddressError careful_phone(std::string_view raw, Region default_region, std::string& canonical) {
  if (raw.size() > raw_address_octets_max) return AddressError::too_long;
  if (!is_utf8(raw)) return AddressError::not_utf8;
  const std::string_view text = trim_unicode(unwrap_phone(trim_unicode(raw)));
  if (text.empty()) return AddressError::empty;
  if (has_control(text)) return AddressError::control_character;
  const Reading reading = read(text);
  if (reading.digits == 0) return AddressError::not_a_number;
  if (reading.foreign) return judge_foreign(text, default_region);
  if (reading.digits > phone_digits_read_max) return AddressError::too_many_digits;
  if (reading.international) return settle(reading.text, no_default, canonical);
  if (default_region.empty()) {
    return reading.digits <= short_code_digits_max ? AddressError::short_code
                                                   : AddressError::no_region;
  }
  const std::string region(default_region.text());
  if (!supported_regions().contains(region)) return AddressError::unknown_region;
  if (is_short_code(reading, region)) return AddressError::short_code;
  return settle(reading.text, region, canonical);
}

}  // namespace suppressd
