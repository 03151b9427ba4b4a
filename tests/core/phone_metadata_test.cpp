// The phone paths against libphonenumber itself: its codes, its lengths, its examples.
#include <phonenumbers/phonenumberutil.h>

#include <catch2/catch.hpp>
#include <set>

#include "core/phone_codes.hpp"
#include "core/phone_paths.hpp"
#include "core/phone_plans.hpp"
#include "tests/core/random_input.hpp"

using namespace suppressd;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

const PhoneNumberUtil& library() {
  parse_region("UA");  // its logger is silenced on first use
  return *PhoneNumberUtil::GetInstance();
}

std::string format(const PhoneNumber& number, PhoneNumberUtil::PhoneNumberFormat as) {
  std::string text;
  library().Format(number, as, &text);
  return text;
}

/// What libphonenumber says of international text, once; empty when it refuses.
std::string ask(const std::string& text) {
  PhoneNumber number;
  if (library().Parse(text, "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) return "";
  if (!library().IsPossibleNumber(number)) return "";
  return format(number, PhoneNumberUtil::E164);
}

std::string canonical(std::string_view raw, Region region) {
  static Normalizer normalizer;
  CanonicalAddress out;
  const AddressError error = normalizer.phone(raw, region, out);
  if (error != AddressError::none) return std::string(error_name(error));
  return std::string(out.text());
}

/// Where the fast path answers, libphonenumber and the careful path must answer the same.
bool compare_paths(const std::string& raw) {
  char scratch[phone_digits_max + 1];
  std::string_view plain;
  if (!plain_phone(raw, scratch, plain)) return false;
  std::string careful;
  const AddressError error = careful_phone(raw, {}, careful);
  if (error != AddressError::none || careful != plain || ask(raw) != plain) {
    INFO(raw << " plain " << plain << " careful " << error_name(error) << " " << careful);
    FAIL_CHECK("the paths disagree");
  }
  return true;
}

bool compare_national_paths(const std::string& raw, Region region) {
  char scratch[phone_digits_max + 1];
  std::string_view plain;
  if (!plain_national_phone(raw, region, scratch, plain)) return false;
  std::string careful;
  const AddressError error = careful_phone(raw, region, careful);
  if (error != AddressError::none || careful != plain) {
    INFO(raw << " in " << region.text() << " plain " << plain << " careful " << error_name(error)
             << " " << careful);
    FAIL_CHECK("the national paths disagree");
  }
  return true;
}

constexpr PhoneNumberUtil::PhoneNumberFormat formats[] = {
    PhoneNumberUtil::E164, PhoneNumberUtil::INTERNATIONAL, PhoneNumberUtil::NATIONAL,
    PhoneNumberUtil::RFC3966};

/// A number that can only be dialed within its own area, of which Canada's 310-1234 is the one
/// example, does not say which area: it is no one's canonical form.
std::string expected_canonical(const PhoneNumber& number) {
  const bool local =
      library().IsPossibleNumberWithReason(number) == PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY;
  return local ? "too_short" : format(number, PhoneNumberUtil::E164);
}

void check_example(const PhoneNumber& number, Region region) {
  const std::string expected = expected_canonical(number);
  for (const auto as : formats) {
    const std::string written = format(number, as);
    INFO(region.text() << " " << written);
    CHECK(canonical(written, region) == expected);
  }
  compare_paths(format(number, PhoneNumberUtil::E164));
  compare_paths(format(number, PhoneNumberUtil::INTERNATIONAL));
}

}  // namespace

TEST_CASE("the table of calling codes is the installed metadata's") {
  std::set<int> known;
  library().GetSupportedCallingCodes(&known);
  std::set<int> ours;
  for (const CallingCode& code : calling_codes) ours.insert(code.code);
  CHECK(ours == known);
}

TEST_CASE("the table's lengths are the possible lengths of the installed metadata") {
  for (const CallingCode& code : calling_codes) {
    const size_t room = phone_digits_max - std::to_string(code.code).size();
    uint64_t national = 0;
    for (size_t digits = 1; digits <= room; ++digits) {
      national = national * 10 + 5;
      PhoneNumber number;
      number.set_country_code(code.code);
      number.set_national_number(national);
      const bool possible =
          library().IsPossibleNumberWithReason(number) == PhoneNumberUtil::IS_POSSIBLE;
      INFO("code " << code.code << ", " << digits << " digits");
      CHECK((((code.lengths >> digits) & 1) != 0) == possible);
    }
    CHECK((code.lengths >> (room + 1)) == 0);
  }
}

TEST_CASE("every way a number can begin: what the fast path takes is its own canonical form") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  size_t taken = 0;
  for (const CallingCode& code : calling_codes) {
    const std::string prefix = "+" + std::to_string(code.code);
    for (size_t digits = 4; prefix.size() + digits <= phone_digits_max + 1; ++digits) {
      if (((code.lengths >> digits) & 1) == 0) continue;
      for (size_t start = random.number(10); start<1000; start += scaled(1)> 1 ? 1 : 10) {
        const std::string begin = std::to_string(1000 + start).substr(1);
        taken += compare_paths(prefix + begin + random.text(digits - 3, "0123456789"));
      }
    }
  }
  CHECK(taken > 10'000);
}

TEST_CASE("every way a national number can begin: the fast path says what libphonenumber says") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  const size_t step = scaled(1) > 1 ? 1 : 25;
  size_t taken = 0;
  for (const DialingPlan& plan : dialing_plans) {
    const Region region = parse_region({plan.region.data(), 2}).value();
    for (size_t digits = 4; digits <= 16; ++digits) {
      for (size_t start = random.number(step); start < 1000; start += step) {
        const std::string begin = std::to_string(1000 + start).substr(1);
        taken += compare_national_paths(begin + random.text(digits - 3, "0123456789"), region);
      }
    }
    for (size_t i = 0; i < scaled(20); ++i) {  // the country code without its '+'
      const std::string number = random.text(4 + random.number(9), "0123456789");
      taken += compare_national_paths(std::to_string(plan.code) + number, region);
    }
  }
  CHECK(taken > 10'000);
}

TEST_CASE("the fast path takes common national numbers") {
  const auto takes = [](std::string_view raw, std::string_view region) -> std::string {
    char scratch[phone_digits_max + 1];
    std::string_view plain;
    const bool taken = plain_national_phone(raw, parse_region(region).value(), scratch, plain);
    return taken ? std::string(plain) : "";
  };
  CHECK(takes("050 123-45-67", "UA") == "+380501234567");
  CHECK(takes("380501234567", "UA") == "+380501234567");
  CHECK(takes("(201) 555-0123", "US") == "+12015550123");
  CHECK(takes("1 201 555 0123", "US") == "+12015550123");
  CHECK(takes("(604) 555-0123", "CA") == "+16045550123");
  CHECK(takes("07911 123456", "GB") == "+447911123456");
  CHECK(takes("0151 23456789", "DE") == "+4915123456789");
  CHECK(takes("06 12 34 56 78", "FR") == "+33612345678");
  CHECK(takes("8 (912) 345-67-89", "RU") == "+79123456789");
  CHECK(takes("098765 43210", "IN") == "+919876543210");
  CHECK(takes("138 0013 8000", "CN") == "");  // 1... may be a carrier's prefix there
  CHECK(takes("00380501234567", "UA") == "");
  CHECK(takes("112", "DE") == "");
}

TEST_CASE("the fast path takes the common numbers") {
  char scratch[phone_digits_max + 1];
  std::string_view plain;
  for (const char* raw : {"+380501234567", "+12015550123", "+447911123456", "+4915123456789",
                          "+33612345678", "+78121234567", "+8613800138000", "+919876543210",
                          "+48501234567", "+5491123456789", "+390612345678"}) {
    INFO(raw);
    CHECK(plain_phone(raw, scratch, plain));
    CHECK(plain == raw);
    CHECK(plain.data() == raw);  // nothing was copied
  }
}

TEST_CASE("libphonenumber's example numbers of every region, in every format") {
  std::set<std::string> regions;
  library().GetSupportedRegions(&regions);
  REQUIRE(regions.size() > 200);
  for (const std::string& name : regions) {
    const Region region = parse_region(name).value();
    PhoneNumber number;
    REQUIRE(library().GetExampleNumber(name, &number));
    check_example(number, region);
    for (int type = PhoneNumberUtil::FIXED_LINE; type <= PhoneNumberUtil::VOICEMAIL; ++type) {
      const auto as_type = static_cast<PhoneNumberUtil::PhoneNumberType>(type);
      if (library().GetExampleNumberForType(name, as_type, &number)) check_example(number, region);
    }
  }
}

TEST_CASE("libphonenumber's example numbers of codes without a region") {
  std::set<int> codes;
  library().GetSupportedGlobalNetworkCallingCodes(&codes);
  REQUIRE(!codes.empty());
  for (const int code : codes) {
    PhoneNumber number;
    REQUIRE(library().GetExampleNumberForNonGeoEntity(code, &number));
    const std::string expected = format(number, PhoneNumberUtil::E164);
    CHECK(canonical(expected, {}) == expected);
    CHECK(canonical(format(number, PhoneNumberUtil::INTERNATIONAL), {}) == expected);
    CHECK(compare_paths(expected));
  }
}

TEST_CASE(
    "random digits and separators: the paths agree, and canonical is its own canonical form") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  constexpr std::string_view regions[] = {"UA", "US", "GB", "IT", "AR",
                                          "MX", "BR", "DE", "CN", "SM"};
  for (size_t i = 0; i < scaled(50'000); ++i) {
    std::string raw(random.one_of({"+", "+", "+", "", "00", "tel:+", " +", "+(", "\xEF\xBC\x8B"}));
    const size_t digits = 1 + random.number(17);
    for (size_t d = 0; d < digits; ++d) {
      raw += random.text(1, "0123456789");
      if (random.one_in(5)) raw += random.one_of({" ", "-", ".", "(", ")", "/", "(0)", "\xC2\xA0"});
    }
    compare_paths(raw);
    const Region region = parse_region(random.one_of(regions, std::size(regions))).value();
    const std::string once = canonical(raw, region);
    if (once.front() == '+') {
      INFO(raw << " in " << region.text());
      CHECK(canonical(once, {}) == once);
      CHECK(once.size() <= phone_digits_max + 1);
    }
  }
}
