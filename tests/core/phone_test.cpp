#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "core/address.hpp"

using namespace suppressd;

namespace {

/// The canonical form, or the name of the error in brackets.
std::string phone(std::string_view raw, std::string_view region = "") {
  static Normalizer normalizer;
  CanonicalAddress out;
  const Region known = region.empty() ? Region{} : parse_region(region).value();
  const AddressError error = normalizer.phone(raw, known, out);
  if (error != AddressError::none) return "(" + std::string(error_name(error)) + ")";
  CHECK(out.channel() == Channel::phone);
  return std::string(out.text());
}

}  // namespace

TEST_CASE("an international number keeps its digits and nothing else") {
  CHECK(phone("+380501234567") == "+380501234567");
  CHECK(phone(" +380 (50) 123-45-67\r\n") == "+380501234567");
  CHECK(phone("tel:+380-50-123-45-67") == "+380501234567");
  CHECK(phone("TEL:+380.50.123.45.67") == "+380501234567");
  CHECK(phone("+380/50/1234567") == "+380501234567");
  CHECK(phone("+1 (201) 555-0123") == "+12015550123");
}

TEST_CASE("a national number needs a region, and only then") {
  CHECK(phone("050 123 45 67", "UA") == "+380501234567");
  CHECK(phone("050 123 45 67") == "(no_region)");
  CHECK(phone("00 380 50 123 45 67", "UA") == "+380501234567");
  CHECK(phone("00380501234567", "DE") == "+380501234567");
  CHECK(phone("011 380 50 123 45 67", "US") == "+380501234567");
  CHECK(phone("00380501234567") == "(no_region)");
  CHECK(phone("380501234567", "UA") == "+380501234567");
  CHECK(phone("+380501234567", "US") == "+380501234567");
  CHECK(phone("(201) 555-0123", "US") == "+12015550123");
  CHECK(phone("06 12345678", "IT") == "+390612345678");
}

TEST_CASE("a national prefix behind the country code is dropped where libphonenumber drops it") {
  CHECK(phone("+44 (0)20 7946 0958") == "+442079460958");
  CHECK(phone("+44 020 7946 0958") == "+442079460958");
  CHECK(phone("+44 00 20 7946 0958") == "+442079460958");
  CHECK(phone("+380 (0)50 123 45 67") == "+380501234567");
  CHECK(phone("+39 06 1234 5678") == "+390612345678");
  CHECK(phone("+52 1 55 1234 5678") == "+525512345678");
  CHECK(phone("+54 11 15 1234 5678") == "+5491112345678");
  CHECK(phone("+86 138 0013 8000") == "+8613800138000");
}

TEST_CASE("digits of other scripts are digits") {
  CHECK(phone("＋３８０５０１２３４５６７") == "+380501234567");
  CHECK(phone("+٣٨٠٥٠١٢٣٤٥٦٧") == "+380501234567");
  CHECK(phone("०५०१२३४५६७", "UA") == "+380501234567");
  CHECK(phone("+380\u00A050\u2011123\u201145\u201167") == "+380501234567");
  CHECK(phone("\u202A+380501234567\u202C") == "+380501234567");
}

TEST_CASE("not_a_number: letters, signs and nothing at all") {
  for (const char* bad : {"+1 800 FLOWERS", "call me", "+", "++380501234567", "+380+501234567",
                          "*100#", "#", "()", "a+380501234567", "+380501234567a", "tel:", "tel:x",
                          "+380501234567@", "$380501234567", "+3805012３４x"}) {
    INFO(bad);
    CHECK(phone(bad, "US") == "(not_a_number)");
  }
}

TEST_CASE("extension: an extension cannot be suppressed on its own") {
  CHECK(phone("+1 201 555 0123 ext. 12") == "(extension)");
  CHECK(phone("+1 201 555 0123 x12") == "(extension)");
  CHECK(phone("tel:+1-201-555-0123;ext=12") == "(extension)");
  CHECK(phone("050 123 45 67 доб. 12", "UA") == "(extension)");
  CHECK(phone("(201) 555-0123 #12", "US") == "(extension)");
}

TEST_CASE("short_code: a short code is not a subscriber's number") {
  CHECK(phone("101", "UA") == "(short_code)");
  CHECK(phone("112", "DE") == "(short_code)");
  CHECK(phone("116117", "DE") == "(short_code)");
  CHECK(phone("911", "US") == "(short_code)");
  CHECK(phone("12345", "US") == "(short_code)");
  CHECK(phone("12345") == "(short_code)");
}

TEST_CASE("too_short, too_many_digits, bad_country_code, unknown_region") {
  CHECK(phone("+38050123") == "(too_short)");
  CHECK(phone("+3") == "(too_short)");
  CHECK(phone("5550123", "US") == "(too_short)");
  CHECK(phone("+38050123456789") == "(too_many_digits)");
  CHECK(phone("+3805012345678901234567890123456789") == "(too_many_digits)");
  CHECK(phone("0501234567890", "UA") == "(too_many_digits)");
  CHECK(phone("+999501234567") == "(bad_country_code)");
  CHECK(phone("+0501234567") == "(bad_country_code)");
  CHECK(phone("+0501234567", "UA") == "(bad_country_code)");

  Normalizer normalizer;
  CanonicalAddress out;
  CHECK(normalizer.phone("0501234567", Region{{'Q', 'Q'}}, out) == AddressError::unknown_region);
}

TEST_CASE("empty, too_long, not_utf8 and control_character of a phone") {
  CHECK(phone("") == "(empty)");
  CHECK(phone(" \t\r\n") == "(empty)");
  CHECK(phone("+380501234567" + std::string(raw_address_octets_max, ' ')) == "(too_long)");
  CHECK(phone("+38050123\xFF\x34") == "(not_utf8)");
  CHECK(phone(std::string("+38050123\0", 10) + "4567") == "(control_character)");
  CHECK(phone("+38050123\t4567") == "(control_character)");
}

TEST_CASE("a region is two letters that the phone metadata knows") {
  CHECK(parse_region("ua")->text() == "UA");
  CHECK(parse_region("Us")->text() == "US");
  for (const char* bad : {"", "U", "UAA", "ZZ", "QQ", "00", "\xC3\xA9", "U "}) {
    INFO(bad);
    CHECK_FALSE(parse_region(bad).has_value());
  }
  CHECK_FALSE(parse_region(std::string_view("\0\0", 2)).has_value());
  CHECK(Region{}.empty());
}
