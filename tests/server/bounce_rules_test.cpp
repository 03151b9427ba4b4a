// The bounce rules line by line, the table that they go back to, and the route that explains them.
#include <catch2/catch.hpp>

#include <set>

#include "server/bounce_rules.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

std::string class_of(std::string_view code, std::string_view enhanced, std::string_view text = {}) {
  return std::string(name_of(classify_bounce({code, enhanced, text}).what));
}
std::string rule_for(std::string_view text) {
  return std::string(classify_bounce({{}, {}, text}).rule->id);
}

}  // namespace

TEST_CASE("every bounce rule decides its own example, and has an id of its own") {
  std::set<std::string_view> ids;
  for (const BounceRule& rule : bounce_rules()) {
    INFO(rule.id << ": " << rule.example);
    const BounceVerdict verdict = rule.kind == BounceRule::Kind::sms
                                      ? classify_receipt(rule.example)
                                      : classify_bounce({{}, {}, rule.example});
    CHECK(verdict.rule->id == rule.id);
    CHECK(verdict.what == rule.what);
    CHECK(ids.insert(rule.id).second);
    CHECK_FALSE(rule.explanation.empty());
    if (rule.kind == BounceRule::Kind::text || rule.kind == BounceRule::Kind::sms) {
      for (const char c : rule.pattern) CHECK_FALSE((c >= 'A' && c <= 'Z'));
    }
  }
  CHECK(ids.size() > 200);
  CHECK(bounce_rules().back().id == "unsure");
  CHECK(bounce_rules().back().what == BounceClass::soft);
  CHECK(bounce_rules_version() >= 1);
}

TEST_CASE("codes of RFC 3463 fall into the classes of the table") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> table{
      {"hard", {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.7.13", "5.7.17"}},
      {"soft",
       {"4.0.0", "4.1.1", "4.2.1", "4.2.2", "4.3.2", "4.5.3", "5.2.2", "5.2.3", "4.4.1", "4.4.2",
        "4.4.5", "4.4.7", "4.7.0", "4.7.1", "4.7.500"}},
      {"hard_confirmed", {"5.4.4", "4.4.4"}},
      {"blocked",
       {"5.1.7", "5.1.8", "5.3.4", "5.6.0", "5.6.1", "5.6.7", "5.7.0", "5.7.1", "5.7.9", "5.7.26",
        "5.7.133", "5.7.509"}},
  };
  for (const auto& [expected, codes] : table) {
    for (const std::string& code : codes) {
      INFO(code);
      CHECK(class_of("", code) == expected);
      // The same with the reply that goes with it, and when only the text has it.
      CHECK(class_of(std::string(1, code[0]) + "50", code) == expected);
      CHECK(class_of("", "", std::string(1, code[0]) + "50 " + code + " words") == expected);
    }
  }
  CHECK(class_of("525", "5.7.13") == "hard");
  CHECK(class_of("", "5.4.4", "no such domain") == "hard_confirmed");
  CHECK(class_of("", "4.4.4", "no such domain") == "hard_confirmed");
}

TEST_CASE("a receiver's policy and a broken sender say nothing of the recipient, however vague") {
  for (const char* text : {"554 5.7.1 <a@example.com>: Recipient address rejected: Access denied",
                           "550 5.7.1 Requested action not taken: mailbox unavailable",
                           "550 Sender domain does not exist", "550 Sender domain not found",
                           "550 Sender domain has null MX"}) {
    INFO(text);
    CHECK(class_of("", "", text) == "blocked");
  }
}

TEST_CASE("without an enhanced code the reply and the text decide, and who is unsure says soft") {
  for (const std::string_view code : {"550", "551", "552", "553", "554", "421", "450", "451"}) {
    INFO(code);
    CHECK(class_of(code, "") == "soft");
  }
  CHECK(class_of("", "") == "soft");
  CHECK(class_of("", "", "something went wrong") == "soft");
  CHECK(class_of("550", "", "Unknown user") == "hard");
  CHECK(class_of("554", "", "spam message rejected") == "blocked");
  CHECK(class_of("999", "7.1.1", "nonsense") == "soft");
}

TEST_CASE("a text overrides a vaguer code, and one of policy also a hard one") {
  CHECK(class_of("550", "5.0.0", "user unknown") == "hard");
  CHECK(class_of("550", "5.7.1", "<a@example.com>: User unknown") == "hard");
  CHECK(class_of("550", "5.1.1", "Message blocked for spam, see our policy") == "blocked");
  CHECK(class_of("550", "5.1.1", "The recipient's mailbox is full") == "soft");
  CHECK(class_of("550", "5.1.1", "Requested action not taken: mailbox unavailable") == "hard");
  CHECK(class_of("550", "5.5.0", "Requested action not taken: mailbox unavailable") ==
        "hard_confirmed");
  // What is said of the sender is not said of the recipient.
  CHECK(class_of("550", "5.1.0", "<me@example.com>: Sender address rejected: User unknown") ==
        "blocked");
  CHECK(class_of("553", "5.1.8", "no such user") == "blocked");
}

TEST_CASE("a temporary failure is soft whatever the text says of the user") {
  CHECK(class_of("450", "4.1.1", "user unknown") == "soft");
  CHECK(class_of("450", "", "user unknown") == "soft");
  CHECK(class_of("450", "5.1.1") == "soft");
  CHECK(class_of("550", "4.4.7", "no such user") == "soft");
  CHECK(class_of("250", "", "no such user") == "soft");
  CHECK(class_of("450", "", "mailbox unavailable") == "soft");
}

TEST_CASE("codes are found in a text, and addresses and what repeats do not disturb it") {
  CHECK(rule_for("550-5.1.1 The email account that you tried to reach does\r\n"
                 "550-5.1.1 not exist. Please try again") == "gmail-no-such-user");
  CHECK(rule_for("smtp; 550 5.1.1 gone") == "5.1.1");
  CHECK(rule_for("Remote server said [5.1.1] gone") == "5.1.1");
  CHECK(rule_for("550 #5.1.1 gone") == "5.1.1");
  // Neither an IP address nor a version is a code.
  CHECK(rule_for("550 from 5.1.1.9 rejected") == "unsure");
  CHECK(rule_for("550 v5.1.1 rejected") == "unsure");
  CHECK(rule_for("421 code 5.1.1") == "4**");
  // Nor is what stands in an address.
  CHECK(rule_for("550 <no-such-user.dmarc@spamhaus.example>: rejected") == "unsure");
  CHECK(rule_for("550 NO   SUCH\r\n\tUser") == "no-such-user");
  const BounceReply read = read_reply({{}, {}, "550 5.7.1 no"});
  CHECK(read.code == "550");
  CHECK(read.enhanced == "5.7.1");
  // Octets that are no text, and a text without end.
  CHECK(class_of("", "", std::string_view("\xff\x00\xfe*", 4)) == "soft");
  CHECK(class_of("", "", std::string(100'000, 'x') + " user unknown") == "soft");
}

TEST_CASE("replies are explained to whoever has a key") {
  LifeDriver driver;
  const std::string checker = driver.make_key(Role::checker, "acme").text;
  const json answer =
      LifeDriver::good(driver.as(checker, "POST", "/v1/classify",
                                 {{"replies",
                                   {{{"code", 550}, {"enhanced", "5.1.1"}, {"text", "no"}},
                                    {{"text", "554 5.7.1 rejected by DNSBL"}},
                                    {{"enhanced", "5.4.4"}},
                                    {{"code", "451"}}}}}));
  CHECK(answer["version"] == bounce_rules_version());
  REQUIRE(answer["results"].size() == 4);
  CHECK(answer["results"][0] == json{{"class", "hard"},
                                     {"suppresses", true},
                                     {"reason", "hard_bounce"},
                                     {"rule", "5.1.1"},
                                     {"explanation", "There is no such mailbox."},
                                     {"code", "550"},
                                     {"enhanced", "5.1.1"}});
  CHECK(answer["results"][1]["class"] == "blocked");
  CHECK(answer["results"][1]["suppresses"] == false);
  CHECK(answer["results"][1]["reason"].is_null());
  CHECK(answer["results"][1]["rule"] == "dnsbl");
  CHECK(answer["results"][1]["enhanced"] == "5.7.1");
  CHECK(answer["results"][2]["class"] == "hard_confirmed");
  CHECK(answer["results"][2]["suppresses"] == false);
  CHECK(answer["results"][2]["reason"] == "hard_bounce");
  CHECK(answer["results"][2]["code"].is_null());
  CHECK(answer["results"][3]["rule"] == "4**");
  const json one =
      LifeDriver::good(driver.as(checker, "POST", "/v1/classify", {{"text", "550 user unknown"}}));
  CHECK(one["results"][0]["rule"] == "user-unknown");
}

TEST_CASE("replies that cannot be read are named, and none is explained") {
  LifeDriver driver;
  const auto classify = [&](const json& body) {
    return driver.as(driver.sender, "POST", "/v1/classify", body);
  };
  const Reply reply = classify({{"replies",
                                 {{{"text", "ok"}},
                                  {{"code", "55"}},
                                  {{"code", 5500}},
                                  {{"enhanced", "5.1"}},
                                  json::object(),
                                  1,
                                  {{"color", "red"}},
                                  {{"text", std::string(4'097, 'x')}}}}});
  REQUIRE(reply.status == 400);
  CHECK(reply.json()["errors"] == json::parse(R"([
      {"index":1,"field":"code","error":"bad_code"},
      {"index":2,"field":"code","error":"not_a_string"},
      {"index":3,"field":"enhanced","error":"bad_enhanced"},
      {"index":4,"field":"text","error":"required"},
      {"index":5,"error":"not_an_object"},
      {"index":6,"error":"unknown_member"},
      {"index":7,"field":"text","error":"text_too_long"}])"));
  json many = json::array();
  for (int i = 0; i < 1'000; ++i) many.push_back({{"code", "550"}});
  CHECK(classify({{"replies", many}}).json()["results"].size() == 1'000);
  many.push_back({{"code", "550"}});
  const Reply over = classify({{"replies", many}});
  REQUIRE(over.status == 400);
  CHECK(over.json()["errors"][0]["error"] == "too_many");
  CHECK(driver.send({"POST", "/v1/classify", driver.sender, {}, "{}"}).status == 415);
  CHECK(driver.as(driver.sender, "POST", "/v1/classify?x=1", {{"code", "550"}}).status == 400);
  CHECK(
      driver
          .send(
              {"POST", "/v1/classify", driver.sender, {{"content-type", "application/json"}}, "["})
          .problem() == "malformed-json");
}

}  // namespace suppressd
