// suppressctl webhooks and unsubscribe-token against the real server.
#include <catch2/catch.hpp>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

using Catch::Contains;

TEST_CASE("webhooks are set, shown without their secrets, and removed") {
  ServerWithAccount server;
  const std::string secret = "key-0123456789abcdef";
  const Finished set =
      server.ctl({"webhooks", "set", "mailgun", "--secret-file", "-"}, secret + "\n");
  INFO(set.err);
  CHECK(set.exit_code == 0);
  CHECK_THAT(set.out, Contains("PROVIDER") && Contains("mailgun") && Contains("true"));
  CHECK(server.json({"webhooks", "set", "mailgun", "--feeds-platform", "no"})["feeds_platform"] ==
        false);
  const std::string topic = "arn:aws:sns:eu-west-1:123456789012:bounces";
  CHECK(server.json({"webhooks", "set", "ses", "--topic", topic})["topics"][0] == topic);
  const Finished all = server.ctl({"webhooks", "show", "--json"});
  CHECK_THAT(all.out, Contains(topic) && Contains("mailgun") && !Contains(secret));
  CHECK(server.ctl({"webhooks", "set", "mailgun"}).exit_code == 2);
  CHECK(server.ctl({"webhooks", "set", "sendgrid", "--public-key", "AAAA"}).exit_code == 2);
  CHECK(server.ctl({"webhooks", "remove", "mailgun"}).exit_code == 0);
  CHECK(server.ctl({"webhooks", "remove", "mailgun"}).exit_code == 2);
  CHECK(server.ctl({"webhooks", "show", "mailgun"}).exit_code == 2);
}

TEST_CASE("tokens for List-Unsubscribe are made a line an address") {
  ServerWithAccount server;
  const Finished made =
      server.ctl({"unsubscribe-token", "ann@example.com", "nobody", "--list", "news"});
  CHECK(made.exit_code == 1);
  CHECK_THAT(made.out, Catch::StartsWith("ann@example.com\t/u/") && !Contains("nobody"));
  CHECK_THAT(made.err, Contains("row 1"));
  CHECK(server.ctl({"unsubscribe-token", "ann@example.com"}).exit_code == 0);
}

}  // namespace
}  // namespace tools_tests
