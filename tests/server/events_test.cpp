// What campaigns saw: which of it suppresses, whom the platform believes, and how it is sent.
#include <catch2/catch.hpp>

#include "server/time_text.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string here = "/v1/accounts/acme/events";

json contact_counts(LifeDriver& driver, const std::string& account = "acme") {
  return driver.read("/v1/accounts/" + account + "/counts")["email"];
}

void trust(LifeDriver& driver, const std::string& account) {
  LifeDriver::good(driver.as(driver.support, "PATCH", "/v1/accounts/" + account,
                             {{"policies", {{"trusted_bounces", true}}}}));
}

std::string lines(size_t begin, size_t end, const std::string& type = "sent") {
  std::string body;
  for (size_t i = begin; i < end; ++i) {
    body += R"({"type":")" + type + R"(","email":"u)" + std::to_string(i) + "@example.com\"}\n";
  }
  return body;
}

}  // namespace

TEST_CASE("a soft bounce is a state of its own, and alone never suppresses") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  for (int i = 0; i < 20; ++i) driver.bounce("acme", "a@example.com", "soft", "452 full");
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  const json soft = driver.card("acme", id)["email"];
  CHECK(soft["state"] == "soft_bounced");
  CHECK(soft["verdict"] == "clear");
  CHECK(soft["soft_bounces"] == 20);
  CHECK(contact_counts(driver)["soft_bounced"] == 1);
  CHECK(contact_counts(driver)["active"] == 1);
  CHECK(contact_counts(driver)["blacklisted"] == 0);
  CHECK(driver.contacts("acme", "?state=soft_bounced").size() == 1);
  CHECK(driver.contacts("acme", "?state=blacklisted").empty());

  driver.event("acme", "delivered", "a@example.com");
  CHECK(driver.card("acme", id)["email"]["state"] == "active");
  CHECK(contact_counts(driver)["soft_bounced"] == 0);
  // One that happened before the delivery and is told later changes nothing.
  const json late{{"type", "bounced"},
                  {"bounce", "soft"},
                  {"email", "a@example.com"},
                  {"at", "2020-01-01T00:00:00Z"}};
  driver.events("acme", json::array({late}));
  CHECK(driver.card("acme", id)["email"]["state"] == "active");
}

TEST_CASE("a hard bounce, a complaint and an unsubscribe suppress before the answer is sent") {
  LifeDriver driver;
  const std::string bounced = driver.add_contact("acme", "bounced@example.com");
  const std::string complained = driver.add_contact("acme", "complained@example.com");
  const std::string left = driver.add_contact("acme", "left@example.com");
  const json answer =
      driver.events("acme", {{"events",
                              {{{"type", "bounced"},
                                {"bounce", "hard"},
                                {"email", "bounced@example.com"},
                                {"detail", "550 5.1.1 no such user"},
                                {"campaign", "spring"},
                                {"at", "2026-03-01T09:30:00Z"}},
                               {{"type", "complained"}, {"email", "complained@example.com"}},
                               {{"type", "unsubscribed"}, {"email", "left@example.com"}},
                               {{"type", "sent"}, {"email", "left@example.com"}}}}});
  CHECK(answer["accepted"] == 4);
  CHECK(answer["suppressed"] == 3);
  CHECK(answer["invalid"] == 0);
  CHECK(driver.verdict("acme", "bounced@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("acme", "complained@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("acme", "left@example.com") == "suppressed:account:unsubscribe");
  CHECK(driver.card("acme", bounced)["email"]["state"] == "blacklisted");
  CHECK(driver.card("acme", complained)["email"]["state"] == "blacklisted");
  CHECK(driver.card("acme", left)["email"]["state"] == "unsubscribed");
  const json counts = contact_counts(driver);
  CHECK(counts["blacklisted"] == 2);
  CHECK(counts["unsubscribed"] == 1);
  CHECK(counts["active"] == 0);

  // Why and when, from which campaign.
  const json cause = driver.causes_of("acme", "bounced@example.com")[0];
  CHECK(cause["reason"] == "hard_bounce");
  CHECK(cause["evidence"] == "550 5.1.1 no such user");
  CHECK(cause["source"] == "campaign");
  CHECK(cause["campaign"] == "spring");
  CHECK(cause["at"] == "2026-03-01T09:30:00.000Z");
  CHECK(cause["by"].is_string());
}

TEST_CASE("a weaker event neither removes nor hides a stronger one, and each is kept") {
  LifeDriver driver;
  driver.event("acme", "complained", "a@example.com");
  driver.bounce("acme", "a@example.com");
  driver.event("acme", "unsubscribed", "a@example.com");
  driver.event("acme", "delivered", "a@example.com");
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:complaint");
  CHECK(driver.causes_of("acme", "a@example.com").size() == 3);
}

TEST_CASE("each address of a contact is flagged on its own") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com", "+380501234567");
  driver.bounce("acme", "a@example.com");
  const json card = driver.card("acme", id);
  CHECK(card["email"]["state"] == "blacklisted");
  CHECK(card["phone"]["state"] == "active");
  CHECK(driver.verdict("acme", "+380501234567") == "clear");
  driver.events("acme", json::array({{{"type", "unsubscribed"}, {"phone", "050 123 45 67"}}}));
  CHECK(driver.card("acme", id)["phone"]["state"] == "unsubscribed");
}

TEST_CASE("an account whose bounces nobody vouches for keeps them to itself, however many") {
  LifeDriver driver;
  const std::string known = driver.add_contact("globe", "rival@example.com");
  for (int i = 0; i < 10; ++i) {
    driver.bounce("acme", "rival@example.com", "hard", "550 lie " + std::to_string(i));
  }
  CHECK(driver.verdict("acme", "rival@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("globe", "rival@example.com") == "clear");
  CHECK(driver.card("globe", known)["email"]["state"] == "active");
  // A complaint and an unsubscribe are never anybody else's.
  trust(driver, "acme");
  driver.event("acme", "complained", "rival@example.com");
  driver.event("acme", "unsubscribed", "rival@example.com");
  CHECK(driver.verdict("globe", "rival@example.com") == "clear");
}

TEST_CASE("the platform believes a bounce once enough accounts report it, each counted once") {
  LifeDriver driver;  // three must agree
  driver.make_account("third");
  driver.make_account("fourth");
  const std::string before = driver.add_contact("fourth", "dead@example.com");
  driver.bounce("acme", "dead@example.com");
  driver.bounce("globe", "dead@example.com");
  for (int i = 0; i < 5; ++i) driver.bounce("globe", "dead@example.com", "hard", std::to_string(i));
  CHECK(driver.verdict("fourth", "dead@example.com") == "clear");
  CHECK(driver.card("fourth", before)["email"]["state"] == "active");

  driver.bounce("third", "dead@example.com");
  CHECK(driver.verdict("fourth", "dead@example.com") == "suppressed:platform:hard_bounce");
  // It reaches the contact that another account had, and one that it adds later.
  const json had = driver.card("fourth", before)["email"];
  CHECK(had["state"] == "blacklisted");
  CHECK(had["scope"] == "platform");
  CHECK(had["campaign"].is_null());
  CHECK(contact_counts(driver, "fourth")["blacklisted"] == 1);
  driver.make_account("fifth");
  const json added = LifeDriver::good(driver.as(driver.admin, "POST", "/v1/accounts/fifth/contacts",
                                                {{"email", "Dead@example.com"}}));
  CHECK(added["results"][0]["email"]["verdict"] == "suppressed");
  CHECK(added["results"][0]["email"]["scope"] == "platform");
  const std::string later = added["results"][0]["id"];
  CHECK(driver.card("fifth", later)["email"]["state"] == "blacklisted");
}

TEST_CASE("claims of one account in one request count once") {
  LifeDriver driver;
  driver.make_account("third");
  driver.bounce("acme", "dead@example.com");
  json rows = json::array();
  for (int i = 0; i < 3; ++i) {
    rows.push_back({{"type", "bounced"}, {"bounce", "hard"}, {"email", "dead@example.com"}});
  }
  driver.events("globe", rows);
  driver.make_account("watcher");
  CHECK(driver.verdict("watcher", "dead@example.com") == "clear");
  driver.events("third", rows);
  CHECK(driver.verdict("watcher", "dead@example.com") == "suppressed:platform:hard_bounce");
}

TEST_CASE("how many accounts must agree is an option; 0 believes none") {
  test::AppDriverOptions two;
  two.limits.bounce_agreement = 2;
  LifeDriver driver(two);
  driver.make_account("watcher");
  driver.bounce("acme", "dead@example.com");
  CHECK(driver.verdict("watcher", "dead@example.com") == "clear");
  driver.bounce("globe", "dead@example.com");
  CHECK(driver.verdict("watcher", "dead@example.com") == "suppressed:platform:hard_bounce");

  test::AppDriverOptions never;
  never.limits.bounce_agreement = 0;
  LifeDriver other(never);
  other.make_account("watcher");
  other.bounce("acme", "dead@example.com");
  other.bounce("globe", "dead@example.com");
  other.bounce("watcher", "dead@example.com");
  other.make_account("last");
  CHECK(other.verdict("last", "dead@example.com") == "clear");
}

TEST_CASE("a trusted account's hard bounces count for all at once, and no longer once it is not") {
  LifeDriver driver;
  const std::string before = driver.add_contact("globe", "dead@example.com");
  trust(driver, "acme");
  driver.bounce("acme", "soft@example.com", "soft");
  driver.bounce("acme", "dead@example.com", "hard", "550 secret of acme");
  CHECK(driver.verdict("globe", "dead@example.com") == "suppressed:platform:hard_bounce");
  CHECK(driver.verdict("globe", "soft@example.com") == "clear");
  CHECK(driver.card("globe", before)["email"]["state"] == "blacklisted");
  // Whose mail it was, and its words, are not the other account's to know.
  const Reply card = driver.as(driver.other_owner, "GET", "/v1/accounts/globe/contacts/" + before);
  CHECK(card.body.find("secret of acme") == std::string::npos);

  LifeDriver::good(driver.as(driver.support, "PATCH", "/v1/accounts/acme",
                             {{"policies", {{"trusted_bounces", false}}}}));
  driver.bounce("acme", "later@example.com");
  CHECK(driver.verdict("globe", "later@example.com") == "clear");
}

TEST_CASE("events of addresses that are no contacts suppress all the same, and make none") {
  LifeDriver driver;
  driver.bounce("acme", "stranger@example.com");
  CHECK(driver.verdict("acme", "stranger@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.read("/v1/accounts/acme/counts")["contacts"] == 0);
  const std::string id = driver.add_contact("acme", "stranger@example.com");
  CHECK(driver.card("acme", id)["email"]["state"] == "blacklisted");
}

TEST_CASE("what was sent and what became of it stands on the contact, and in its activity") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  driver.event("acme", "sent", "a@example.com", "2026-03-02T10:00:00Z");
  driver.event("acme", "sent", "a@example.com", "2026-03-01T10:00:00Z");
  driver.event("acme", "delivered", "a@example.com", "2026-03-02T10:01:00Z");
  driver.event("acme", "opened", "a@example.com", "2026-03-03T08:00:00Z");
  driver.event("acme", "clicked", "a@example.com", "2026-03-03T08:01:00Z");
  driver.bounce("acme", "a@example.com");
  const json email = driver.card("acme", id)["email"];
  CHECK(email["first_sent"] == "2026-03-01T10:00:00.000Z");
  CHECK(email["last_delivered"] == "2026-03-03T08:01:00.000Z");
  CHECK(email["last_engaged"] == "2026-03-03T08:01:00.000Z");
  CHECK(email["sent"] == 2);
  CHECK(email["hard_bounces"] == 1);

  const std::vector<Activity> activity = driver.activity("acme", id);
  std::vector<std::string> kinds;
  for (const Activity& one : activity) kinds.emplace_back(name_of(one.kind));
  CHECK(kinds == std::vector<std::string>{"bounced", "suppressed", "clicked", "opened", "delivered",
                                          "sent", "sent", "added"});
  CHECK(activity[0].detail == "550 5.1.1");
  CHECK(activity[0].channel == Channel::email);
  CHECK_FALSE(activity[0].by.empty());
  CHECK(activity[1].reason == Reason::hard_bounce);
}

TEST_CASE(
    "events come as an array, as an object with a list, or as lines, and bad rows are named") {
  LifeDriver driver;
  const std::string rows =
      R"({"type":"sent","email":"a@example.com"}
{"type":"sent","phone":"050 123 45 67"}
{"type":"sent","address":"A@example.com","channel":"email","campaign":null}
nonsense
[1]
{"email":"a@example.com"}
{"type":"forgotten","email":"a@example.com"}
{"type":"sent"}
{"type":"sent","email":"a@example.com","phone":"+380501234567"}
{"type":"sent","email":"nobody"}
{"type":"sent","email":"a@example.com","channel":"phone"}
{"type":"sent","email":"a@example.com","bounce":"hard"}
{"type":"bounced","email":"a@example.com"}
{"type":"bounced","email":"a@example.com","bounce":"medium"}
{"type":"sent","email":"a@example.com","at":"yesterday"}
{"type":"sent","email":"a@example.com","color":"red"}
{"type":"sent","email":"a@example.com","detail":1}
)";
  const json expected = json::parse(R"([
      {"index":3,"error":"bad_json"},
      {"index":4,"error":"not_an_object"},
      {"index":5,"field":"type","error":"required"},
      {"index":6,"field":"type","error":"unknown_type"},
      {"index":7,"field":"address","error":"no_address"},
      {"index":8,"field":"address","error":"given_twice"},
      {"index":9,"field":"email","error":"no_at_sign"},
      {"index":10,"field":"channel","error":"channel_mismatch"},
      {"index":11,"field":"bounce","error":"only_for_bounced"},
      {"index":12,"field":"bounce","error":"required"},
      {"index":13,"field":"bounce","error":"unknown_bounce"},
      {"index":14,"field":"at","error":"bad_time"},
      {"index":15,"error":"unknown_member"},
      {"index":16,"field":"detail","error":"not_a_string"}])");
  for (const size_t piece : {size_t{1}, size_t{17}, std::string::npos}) {
    const Reply reply = driver.send(
        {"POST", here, driver.sender, {{"content-type", "application/x-ndjson"}}, rows, piece});
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    CHECK(reply.json()["accepted"] == 3);
    CHECK(reply.json()["invalid"] == 14);
    CHECK(reply.json()["errors"] == expected);
  }
  const json one{{"type", "sent"}, {"email", "a@example.com"}};
  CHECK(driver.events("acme", json::array({one, one}))["accepted"] == 2);
  CHECK(driver.events("acme", {{"events", json::array({one})}})["accepted"] == 1);
  CHECK(driver.events("acme", json::array())["accepted"] == 0);
  CHECK(driver.events("acme", one)["accepted"] == 1);
}

TEST_CASE("a time too far ahead is an error of its row") {
  LifeDriver driver;
  const auto at = [](TimeMs time) {
    return json::array({{{"type", "sent"}, {"email", "a@example.com"}, {"at", time_text(time)}}});
  };
  CHECK(driver.events("acme", at(now_ms() + 4 * 60'000))["accepted"] == 1);
  CHECK(driver.events("acme", at(now_ms() + 6 * 60'000))["errors"][0]["error"] == "time_in_future");
}

TEST_CASE("a body that is no list of events is refused, and so is who may not send any") {
  LifeDriver driver;
  const auto send = [&](const std::string& key, const std::string& body,
                        const std::string& type = "application/json") {
    return driver.send({"POST", here, key, {{"content-type", type}}, body});
  };
  CHECK(send(driver.sender, "[").problem() == "malformed-json");
  CHECK(send(driver.sender, "1").status == 400);
  CHECK(send(driver.sender, R"({"events":{}})").status == 400);
  CHECK(send(driver.sender, R"({"events":[],"more":1})").status == 400);
  CHECK(send(driver.sender, "[]", "text/plain").status == 415);
  CHECK(send(driver.owner, "[]").status == 403);
  CHECK(send(driver.support, "[]").status == 200);
  CHECK(driver.as(driver.sender, "POST", "/v1/accounts/globe/events", json::array()).status == 404);
  CHECK(driver.as(driver.sender, "POST", here + "?region=Ukraine", json::array()).status == 400);
  CHECK(driver.as(driver.sender, "POST", here + "?color=red", json::array()).status == 400);
}

TEST_CASE("many events stream in as changes, and a repetition with its key counts nothing twice") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "u7@example.com");
  test::Request request{
      "POST",           here,
      driver.sender,    {{"content-type", "application/x-ndjson"}, {"idempotency-key", "k"}},
      lines(0, 25'000), 50'000};
  const uint64_t before = driver.store().sequence();
  const Reply first = driver.send(request);
  INFO(first.body);
  REQUIRE(first.status == 200);
  CHECK(first.json()["accepted"] == 25'000);
  CHECK(first.json()["sequence"] == before + 3);
  CHECK(driver.card("acme", id)["email"]["sent"] == 1);
  request.piece_bytes = 777;
  const Reply again = driver.send(request);
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.body == first.body);
  CHECK(driver.store().sequence() == before + 3);
  CHECK(driver.card("acme", id)["email"]["sent"] == 1);
  request.body += lines(0, 1);
  CHECK(driver.send(request).status == 422);
}

TEST_CASE("a document of many events is stored in changes as lines are") {
  LifeDriver driver;
  json rows = json::array();
  for (int i = 0; i < 12'000; ++i) {
    rows.push_back({{"type", "unsubscribed"}, {"email", "u" + std::to_string(i) + "@example.com"}});
  }
  const json answer = driver.events("acme", {{"events", rows}});
  CHECK(answer["accepted"] == 12'000);
  CHECK(answer["suppressed"] == 12'000);
  CHECK(driver.verdict("acme", "u11999@example.com") == "suppressed:account:unsubscribe");
}

}  // namespace suppressd
