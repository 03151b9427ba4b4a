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
