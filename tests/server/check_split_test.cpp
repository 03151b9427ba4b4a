// However a body is cut into pieces, the answer's bytes are the same.
#include <catch2/catch.hpp>

#include "check_harness.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

struct Format {
  std::string type, body, query;
};

std::vector<Format> formats_of(const std::vector<std::string>& addresses) {
  return {{"text/plain", "\xEF\xBB\xBF" + text_body(addresses) + "last\r\r\n\r\nuser20@example.com",
           ""},
          {"application/json", json_body(addresses), ""},
          {"application/x-ndjson", ndjson_body(addresses) + "{\"email\":\"user20@exa", ""},
          {"text/csv", "\xEF\xBB\xBF" + csv_body(addresses, ',', "\r\n", true) + "1,\"a\"\"@b\",c",
           "column=e-mail"},
          {"text/csv", csv_body(addresses, '\t', "\r", false) + "\n\r\n\r\r", "column=1"},
          {"text/csv", csv_body(addresses, ';', "\n", true) + ";\"x\"y;z\n", "column=1"}};
}

std::vector<std::string> answers_of(const Format& format) {
  std::vector<std::string> accepts = {"application/json", "text/plain", "application/octet-stream"};
  if (format.type == "text/csv") accepts.push_back("text/csv");
  return accepts;
}

const std::vector<std::string> few = {"user20@example.com", "free@example.com", "",
                                      "\xC3\xA9@b.c",       "a,\"b;@c",         "044 123 45 67"};

}  // namespace

TEST_CASE("a body cut in two at any place gives the same answer") {
  for (const Format& format : formats_of(few)) {
    for (const std::string& accept : answers_of(format)) {
      const CheckCall call{format.type, accept, format.query, ""};
      const CheckAnswer whole = check_server().check(call, format.body);
      REQUIRE(whole.status == 200);
      INFO(format.type << " → " << accept);
      for (size_t cut = 0; cut <= format.body.size(); ++cut) {
        const std::string_view body = format.body;
        const std::string first(body.substr(0, cut)), second(body.substr(cut));
        const CheckAnswer halves =
            check_server().check(call, std::vector<std::string_view>{first, second});
        if (halves.body != whole.body) FAIL("cut at " << cut);
      }
      CHECK(check_server().check(call, format.body, 1).body == whole.body);
    }
  }
}

TEST_CASE("a body cut at random places gives the same answer") {
  const uint64_t seed = random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < 3 * test_size(); ++round) {
    const std::vector<std::string> addresses = mixed_addresses(random, 20'000);
    for (const Format& format : formats_of(addresses)) {
      for (const std::string& accept : answers_of(format)) {
        const CheckCall call{format.type, accept, format.query, ""};
        const CheckAnswer whole = check_server().check(call, format.body);
        std::vector<std::string> copies;  // so that a view kept too long is a use after free
        for (size_t at = 0; at < format.body.size();) {
          const size_t size = 1 + random() % (random() % 4 == 0 ? 100'000 : 3'000);
          copies.push_back(format.body.substr(at, size));
          at += size;
        }
        const CheckAnswer pieces =
            check_server().check(call, std::vector<std::string_view>(copies.begin(), copies.end()));
        INFO(format.type << " → " << accept);
        CHECK((pieces.status == 200 && pieces.body == whole.body));
      }
    }
  }
}
