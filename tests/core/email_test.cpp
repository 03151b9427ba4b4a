#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "core/address.hpp"

using namespace suppressd;

namespace {

/// The canonical form, or the name of the error in brackets.
std::string email(std::string_view raw) {
  static Normalizer normalizer;
  CanonicalAddress out;
  const AddressError error = normalizer.email(raw, out);
  if (error != AddressError::none) return "(" + std::string(error_name(error)) + ")";
  return std::string(out.text());
}

}  // namespace

TEST_CASE("an email is trimmed, unwrapped and lower-cased") {
  CHECK(email("john.doe@example.com") == "john.doe@example.com");
  CHECK(email(" \t\v\fJohn.DOE@Example.COM\r\n") == "john.doe@example.com");
  CHECK(email("<a@b.c>") == "a@b.c");
  CHECK(email(" < A@b.c > ") == "a@b.c");
  CHECK(email("MailTo:a@b.c") == "a@b.c");
  CHECK(email("<mailto: a@b.c>") == "a@b.c");
  CHECK(email("a@b.c.") == "a@b.c");
}

TEST_CASE("dots and plus-tags of a local part are significant") {
  CHECK(email("j.o.h.n+news@gmail.com") == "j.o.h.n+news@gmail.com");
  CHECK(email("!#$%&'*+-/=?^_`{|}~@b.c") == "!#$%&'*+-/=?^_`{|}~@b.c");
}

TEST_CASE(
    "a quoted local part that needs no quotes loses them, any other keeps the fewest escapes") {
  CHECK(email("\"john.doe\"@b.c") == "john.doe@b.c");
  CHECK(email("\"John\\.Doe\"@b.c") == "john.doe@b.c");
  CHECK(email("\"john doe\"@b.c") == "\"john doe\"@b.c");
  CHECK(email("\"\\j\\o\\\"\\\\ \"@b.c") == "\"jo\\\"\\\\ \"@b.c");
  CHECK(email("\"a@b\"@b.c") == "\"a@b\"@b.c");
  CHECK(email("\"a..b\"@b.c") == "\"a..b\"@b.c");
}

TEST_CASE("address literals are checked and kept in lower case") {
  CHECK(email("a@[192.0.2.1]") == "a@[192.0.2.1]");
  CHECK(email("A@[IPv6:2001:DB8::1]") == "a@[ipv6:2001:db8::1]");
  CHECK(email("a@[ipv6:::ffff:192.0.2.1]") == "a@[ipv6:::ffff:192.0.2.1]");
  CHECK(email("a@[ipv6:1:2:3:4:5:6:7:8]") == "a@[ipv6:1:2:3:4:5:6:7:8]");
  CHECK(email("a@[ipv6:::]") == "a@[ipv6:::]");
  for (const char* bad :
       {"a@[1.2.3]", "a@[1.2.3.256]", "a@[01.2.3.4]", "a@[1.2.3.4.5]", "a@[]", "a@[1.2.3.4",
        "a@[1.2.3.4].", "a@[ipv6:1:2:3:4:5:6:7]", "a@[ipv6:1::2::3]", "a@[ipv6:1:2:3:4:5:6:7:8:9]",
        "a@[ipv6:12345::]", "a@[ipv6:g::]", "a@[ipv6:1:2:3:4:5:6:7::8]", "a@[x:y]", "a@[ipv6:1:]",
        "a@[ipv6:1.2.3.4::]"}) {
    INFO(bad);
    CHECK(email(bad) == "(bad_domain)");
  }
}

TEST_CASE("empty: nothing but white space") {
  for (const char* raw : {"", " ", "\r\n", "<>", "< >", "mailto:", "\u00A0\u200B\uFEFF"}) {
    INFO(raw);
    CHECK(email(raw) == "(empty)");
  }
}

TEST_CASE("too_long: raw input over its limit, or an address over 254 octets") {
  const std::string label(60, 'd');
  const std::string domain = label + "." + label + "." + label + ".example";  // 190 octets
  const std::string fits = std::string(63, 'l') + "@" + domain;
  REQUIRE(fits.size() == email_octets_max);
  CHECK(email(fits) == fits);
  CHECK(email("l" + fits) == "(too_long)");
  CHECK(email(std::string(raw_address_octets_max, ' ') + "a@b.c") == "(too_long)");
  CHECK(email(std::string(raw_address_octets_max - 5, ' ') + "a@b.c") == "a@b.c");
}

TEST_CASE("not_utf8: bytes that are no text") {
  for (const char* raw : {"a\xFF@b.c", "a@b\xC3.c", "\xC0\x80@b.c", "\xED\xA0\x80@b.c", "a@b.c\x80",
                          "\xF4\x90\x80\x80@b.c", "\xE2\x82"}) {
    CHECK(email(raw) == "(not_utf8)");
  }
}

TEST_CASE("control_character: NUL and other controls, anywhere inside") {
  CHECK(email(std::string_view("a\0@b.c", 6)) == "(control_character)");
  CHECK(email(std::string_view("a@b.c\0", 6)) == "(control_character)");
  CHECK(email(std::string_view("\0", 1)) == "(control_character)");
  for (const char* raw : {"a\x01@b.c", "a@b\x7F.c", "a\tb@c.d", "\"a\nb\"@c.d", "a\xC2\x80@b.c",
                          "a\xEF\xBF\xBF@b.c", "a@b.c\x1B[0m"}) {
    CHECK(email(raw) == "(control_character)");
  }
}

TEST_CASE("no_at_sign: text without an @") {
  CHECK(email("example.com") == "(no_at_sign)");
  CHECK(email("john\uFF20example.com") == "(no_at_sign)");
  CHECK(email("\"john\"") == "(no_at_sign)");
}

TEST_CASE("empty_local_part: nothing before the @") {
  CHECK(email("@b.c") == "(empty_local_part)");
  CHECK(email("\"\"@b.c") == "(empty_local_part)");
}

TEST_CASE("local_part_too_long: over 64 octets in its canonical form") {
  const std::string most(email_local_octets_max, 'a');
  CHECK(email(most + "@b.c") == most + "@b.c");
  CHECK(email("\"" + most + "\"@b.c") == most + "@b.c");
  CHECK(email("a" + most + "@b.c") == "(local_part_too_long)");
  CHECK(email("\"a b" + most.substr(5) + "\"@b.c") == "\"a b" + most.substr(5) + "\"@b.c");
  CHECK(email("\"a b" + most.substr(4) + "\"@b.c") == "(local_part_too_long)");
  CHECK(email(std::string(32, ' ') + "\u0436" + most.substr(1) + "@b.c") ==
        "(local_part_too_long)");
}

TEST_CASE("bad_local_part: spaces, quotes, dots and signs where none may be") {
  for (const char* raw : {".a@b.c",           "a.@b.c",       "a..b@b.c",
                          "a b@b.c",          "a @b.c",       "a@b@b.c",
                          "a\"b@b.c",         "\"a@b.c",      "\"a\"b@b.c",
                          "\"a\".b@b.c",      "a.\"b\"@b.c",  "a(x)@b.c",
                          "a,b@b.c",          "a:b@b.c",      "a;b@b.c",
                          "a\\b@b.c",         "[a]@b.c",      "a\\@b@b.c",
                          "John <a@b.c>",     "<a@b.c",       "mailto:mailto:a@b.c",
                          "<<a@b.c>>",        "\"a\\\"@b.c",  "a\u00A0b@b.c",
                          "\"a\u00A0b\"@b.c", "a\u200Bb@b.c", "a\u202Eb@b.c",
                          "a\u00ADb@b.c",     "a\u037Eb@b.c"}) {
    INFO(raw);
    CHECK(email(raw) == "(bad_local_part)");
  }
}

TEST_CASE("empty_domain: nothing behind the @") {
  CHECK(email("a@") == "(empty_domain)");
  CHECK(email("a@.") == "(empty_domain)");
  CHECK(email("a@ ") == "(empty_domain)");
}

TEST_CASE("domain_too_long: over what the DNS can hold") {
  std::string domain;
  while (domain.size() <= email_domain_octets_max) domain += "abcdefghi.";
  CHECK(email("a@" + domain + "com") == "(domain_too_long)");
}

TEST_CASE("bad_domain: what UTS-46 with the STD3 rules refuses, and a name without a dot") {
  const std::string label(63, 'd');
  CHECK(email("a@" + label + ".com") == "a@" + label + ".com");
  CHECK(email("a@d" + label + ".com") == "(bad_domain)");
  for (const char* raw :
       {"a@localhost", "a@localhost.", "a@.b.c",      "a@b..c",          "a@b.c..",
        "a@-b.c",      "a@b-.c",       "a@b.-c",      "a@b.c-",          "a@b_c.d",
        "a@b c.d",     "a@b.c d",      "a@b,c.d",     "a@b.c>",          "a@ab--cd.e",
        "a@xn--a.com", "a@XN--A.com",  "a@xn--.com",  "a@b.c?subject=x", "a@b:25.c",
        "a@\"b\".c",   "a@b\u2028c.d", "a@\u0301b.c", "a@b\uFFFD.c",     "a@\u05D0b.c",
        "a@a\u200Db.c"}) {
    INFO(raw);
    CHECK(email(raw) == "(bad_domain)");
  }
}

TEST_CASE("without a channel, an @ decides for email") {
  Normalizer normalizer;
  CanonicalAddress out;
  const Region ukraine = parse_region("UA").value();
  REQUIRE(normalizer.address("A@b.c", std::nullopt, ukraine, out) == AddressError::none);
  CHECK(out.channel() == Channel::email);
  CHECK(out.text() == "a@b.c");
  REQUIRE(normalizer.address("0501234567", std::nullopt, ukraine, out) == AddressError::none);
  CHECK(out.channel() == Channel::phone);
  CHECK(out.text() == "+380501234567");
  CHECK(normalizer.address("example.com", std::nullopt, {}, out) == AddressError::not_a_number);
  CHECK(normalizer.address("example.com", Channel::email, {}, out) == AddressError::no_at_sign);
  CHECK(normalizer.address("+3@b.c", Channel::phone, {}, out) == AddressError::not_a_number);
  CHECK(normalizer.address(std::string(2000, '@'), std::nullopt, {}, out) ==
        AddressError::too_long);
  CHECK(out.text() == "+380501234567");  // an error leaves the last answer alone
}
