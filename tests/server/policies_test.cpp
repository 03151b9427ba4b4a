// What accounts may set of bounces: limits of soft ones, causes that expire, and what another policy
// would have made of the past.
#include <catch2/catch.hpp>

#include <thread>

#include "server/policy_keeper.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

constexpr TimeMs day = 24ull * 60 * 60 * 1000;
const std::string acme = "/v1/accounts/acme";

json set_policies(LifeDriver& driver, const json& policies, const std::string& account = acme) {
  return LifeDriver::good(driver.as(driver.support, "PATCH", account, {{"policies", policies}}));
}

void soft(LifeDriver& driver, const std::string& email, TimeMs at) {
  driver.events(
      "acme",
      json::array(
          {{{"type", "bounced"}, {"bounce", "soft"}, {"email", email}, {"at", time_text(at)}}}));
}

uint64_t sweep(LifeDriver& driver, TimeMs now, uint16_t platform_days = 0) {
  Directory directory;
  directory.load(driver.store().accounts(), driver.store().keys());
  PolicyKeeper keeper(driver.store(), driver.committer(), directory, platform_days);
  return keeper.sweep(now);
}

}  // namespace

TEST_CASE("policies of bounces are set by support, as a whole or by reason") {
  LifeDriver driver;
  const json before = driver.read(acme)["policies"];
  CHECK(before["soft_bounces"] ==
        json{{"limit", 0}, {"days", 30}, {"first_days", 7}, {"longest_days", 365}});
  CHECK(before["expire_after_days"] == json::object());
  set_policies(driver, {{"soft_bounces", {{"limit", 3}, {"days", 10}}},
                        {"expire_after_days", {{"hard_bounce", 365}, {"manual", 10}}}});
  set_policies(driver, {{"expire_after_days", {{"manual", nullptr}}}});
  const json after = driver.read(acme)["policies"];
  CHECK(after["soft_bounces"]["limit"] == 3);
  CHECK(after["expire_after_days"] == json{{"hard_bounce", 365}});
  CHECK(after["self_service"] == false);
  CHECK(driver.as(driver.owner, "PATCH", acme, {{"policies", {{"soft_bounces", {{"limit", 1}}}}}})
            .status == 403);
  const auto refused = [&](const json& policies) {
    const Reply reply = driver.as(driver.support, "PATCH", acme, {{"policies", policies}});
    return reply.status == 400 ? reply.json()["errors"][0]["field"].get<std::string>() + " " +
                                     reply.json()["errors"][0]["error"].get<std::string>()
                               : std::to_string(reply.status);
  };
  CHECK(refused({{"soft_bounces", {{"limit", 31}}}}).starts_with("policies.soft_bounces.limit"));
  CHECK(refused({{"soft_bounces", {{"days", 0}}}}) ==
        "policies.soft_bounces.days must_be_positive");
  CHECK(refused({{"soft_bounces", {{"first_days", 9}, {"longest_days", 8}}}}) ==
        "policies.soft_bounces.longest_days below_first_days");
  // What people and the law have said ends only when it is said twice.
  for (const char* reason : {"complaint", "unsubscribe", "legal"}) {
    CHECK(refused({{"expire_after_days", {{reason, 30}}}}) ==
          "policies.expire_after_days." + std::string(reason) + " confirmation_needed");
    CHECK(refused({{"expire_after_days", {{reason, 30}}}, {"confirm_expiry_of", {reason}}}) ==
          "200");
  }
}

TEST_CASE("soft bounces suppress when the account's policy says so, for longer each time") {
  LifeDriver driver;
  const TimeMs start = now_ms() - 60 * day;
  for (int i = 0; i < 10; ++i) soft(driver, "never@example.com", start + i * day);
  CHECK(driver.verdict("acme", "never@example.com") == "clear");

  const std::string id = driver.add_contact("acme", "a@example.com");
  set_policies(driver, {{"soft_bounces", {{"limit", 3}, {"days", 10}, {"first_days", 7}}}});
  soft(driver, "a@example.com", start);
  soft(driver, "a@example.com", start + day);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  // The first is out of the ten days by then.
  soft(driver, "a@example.com", start + 10 * day);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  soft(driver, "a@example.com", start + 10 * day + 1);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:soft_bounce_limit");
  CHECK(driver.card("acme", id)["email"]["state"] == "blacklisted");
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
  CHECK(driver.causes_of("acme", "a@example.com")[0]["evidence"] ==
        "3 soft bounces within 10 days");

  CHECK(sweep(driver, start + 17 * day) == 0);
  CHECK(sweep(driver, start + 17 * day + 1) == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  CHECK(driver.card("acme", id)["email"]["state"] == "soft_bounced");
  CHECK(driver.activity("acme", id)[0].kind == ActivityKind::reactivated);
  CHECK(driver.activity("acme", id)[0].by == by_policy);
  CHECK(sweep(driver, start + 100 * day) == 0);

  // Bounces that counted once do not count again, and the next time is twice as long.
  soft(driver, "a@example.com", start + 18 * day);
  soft(driver, "a@example.com", start + 18 * day + 1);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  soft(driver, "a@example.com", start + 18 * day + 2);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:soft_bounce_limit");
  CHECK(sweep(driver, start + 32 * day) == 0);
  CHECK(sweep(driver, start + 32 * day + 2) == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
}

TEST_CASE("a delivery ends the soft bounces before it") {
  LifeDriver driver;
  set_policies(driver, {{"soft_bounces", {{"limit", 2}}}});
  const TimeMs start = now_ms() - 5 * day;
  soft(driver, "a@example.com", start);
  driver.event("acme", "delivered", "a@example.com", time_text(start + 1));
  soft(driver, "a@example.com", start + 2);
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  soft(driver, "a@example.com", start + 3);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:soft_bounce_limit");
}

TEST_CASE("the end of the limit's time leaves other causes, and what an import says of it") {
  LifeDriver driver;
  set_policies(driver, {{"soft_bounces", {{"limit", 1}}}});
  const TimeMs at = now_ms() - 30 * day;
  soft(driver, "a@example.com", at);
  driver.suppress(acme, "a@example.com", "manual");
  driver.suppress(acme, "imported@example.com", "soft_bounce_limit");
  CHECK(sweep(driver, now_ms()) == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:manual");
  CHECK(driver.causes_of("acme", "a@example.com").size() == 1);
  CHECK(driver.verdict("acme", "imported@example.com") == "suppressed:account:soft_bounce_limit");
}

TEST_CASE("causes of a reason end after its days, unless they were confirmed again") {
  LifeDriver driver;
  const TimeMs now = now_ms();
  const auto hard = [&](const std::string& email, TimeMs at) {
    driver.events(
        "acme",
        json::array(
            {{{"type", "bounced"}, {"bounce", "hard"}, {"email", email}, {"at", time_text(at)}}}));
  };
  hard("old@example.com", now - 366 * day);
  hard("again@example.com", now - 366 * day);
  hard("again@example.com", now - 10 * day);  // the same words: no new cause
  hard("young@example.com", now - 364 * day);
  driver.events("acme", json::array({{{"type", "complained"},
                                      {"email", "old@example.com"},
                                      {"at", time_text(now - 1'000 * day)}}}));
  CHECK(sweep(driver, now) == 0);
  set_policies(driver, {{"expire_after_days", {{"hard_bounce", 365}}}});
  CHECK(driver.causes_of("acme", "again@example.com").size() == 1);
  const json answer =
      LifeDriver::good(driver.as(driver.support, "POST", acme + "/policies/expire"));
  CHECK(answer["cleared"] == 0);
  CHECK(answer["lessened"] == 1);
  CHECK(answer["more"] == false);
  CHECK(driver.verdict("acme", "old@example.com") == "suppressed:account:complaint");
  CHECK(driver.causes_of("acme", "old@example.com").size() == 1);
  CHECK(driver.verdict("acme", "again@example.com") == "suppressed:account:hard_bounce");
  CHECK(sweep(driver, now + 2 * day) == 1);
  CHECK(driver.verdict("acme", "young@example.com") == "clear");
  CHECK(driver.verdict("acme", "again@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.as(driver.owner, "POST", acme + "/policies/expire").status == 403);
}

TEST_CASE("hard bounces on the platform's list end when the server's option says so") {
  LifeDriver driver;
  set_policies(driver, {{"trusted_bounces", true}});
  const TimeMs now = now_ms();
  driver.events("acme", json::array({{{"type", "bounced"},
                                      {"bounce", "hard"},
                                      {"email", "a@example.com"},
                                      {"at", time_text(now - 100 * day)}}}));
  driver.suppress("/v1/platform", "trap@example.com", "spam_trap");
  CHECK(sweep(driver, now, 0) == 0);
  CHECK(sweep(driver, now, 101) == 0);
  CHECK(sweep(driver, now, 100) == 1);
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("globe", "trap@example.com") == "suppressed:platform:spam_trap");
}

TEST_CASE("after the platform's hard bounce has ended, one account's word is not enough again") {
  LifeDriver driver;
  const TimeMs now = now_ms();
  const auto bounces = [&](const std::string& account, TimeMs at) {
    driver.events(account, json::array({{{"type", "bounced"},
                                         {"bounce", "hard"},
                                         {"email", "a@example.com"},
                                         {"at", time_text(at)}}}));
  };
  for (const char* account : {"third", "fourth", "fifth"}) driver.make_account(account);
  for (const char* account : {"acme", "third", "fourth"}) bounces(account, now - 100 * day);
  CHECK(driver.verdict("globe", "a@example.com") == "suppressed:platform:hard_bounce");
  CHECK(sweep(driver, now, 100) == 1);
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
  for (const char* account : {"acme", "fifth"}) bounces(account, now);
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
  bounces("third", now);
  CHECK(driver.verdict("globe", "a@example.com") == "suppressed:platform:hard_bounce");
}

TEST_CASE("another policy is tried on the past, and nothing changes") {
  LifeDriver driver;
  const TimeMs now = now_ms();
  for (int i = 0; i < 3; ++i) soft(driver, "three@example.com", now - (9 - i) * day);
  soft(driver, "one@example.com", now - 5 * day);
  for (int i = 0; i < 3; ++i) soft(driver, "long-ago@example.com", now - (40 - i) * day);
  driver.events("acme", json::array({{{"type", "bounced"},
                                      {"bounce", "hard"},
                                      {"email", "hard@example.com"},
                                      {"at", time_text(now - 400 * day)}}}));
  const auto simulate = [&](const json& body) {
    return LifeDriver::good(driver.as(driver.support, "POST", acme + "/policies/simulate", body));
  };
  const uint64_t sequence = driver.store().sequence();
  const json stricter =
      simulate({{"policies",
                 {{"soft_bounces", {{"limit", 3}, {"days", 10}, {"first_days", 30}}},
                  {"expire_after_days", {{"hard_bounce", 365}}}}},
                {"days", 20}});
  CHECK(stricter["bouncing"] == 2);
  CHECK(stricter["would_be_suppressed"] == 1);
  CHECK(stricter["would_be_clear"] == 0);
  CHECK(stricter["would_expire"] == 1);
  CHECK(stricter["partial"] == false);
  CHECK(stricter["policies"]["soft_bounces"]["limit"] == 3);
  CHECK(stricter["addresses"] ==
        json::array(
            {{{"channel", "email"},
              {"address", "three@example.com"},
              {"effect", "would_be_suppressed"}},
             {{"channel", "email"}, {"address", "hard@example.com"}, {"effect", "would_expire"}}}));
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.verdict("acme", "three@example.com") == "clear");

  set_policies(driver, {{"soft_bounces", {{"limit", 1}, {"first_days", 100}}}});
  soft(driver, "one@example.com", now - 4 * day);
  CHECK(driver.verdict("acme", "one@example.com") == "suppressed:account:soft_bounce_limit");
  const json milder =
      simulate({{"policies", {{"soft_bounces", {{"limit", 0}}}}}, {"days", 20}, {"limit", 0}});
  CHECK(milder["would_be_clear"] == 1);
  CHECK(milder["would_be_suppressed"] == 0);
  CHECK(milder["addresses"].empty());
  CHECK(driver.as(driver.support, "POST", acme + "/policies/simulate", {{"days", 91}}).status ==
        400);
  CHECK(driver.as(driver.owner, "POST", acme + "/policies/simulate", json::object()).status == 403);
}

TEST_CASE("an erased contact's bounces are forgotten") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  const TimeMs now = now_ms();
  soft(driver, "a@example.com", now - 2 * day);
  soft(driver, "a@example.com", now - day);
  const json job = LifeDriver::good(
      driver.as(driver.support, "POST", acme + "/contacts/" + id + "/erase", {{"confirm", id}}));
  const std::string path = acme + "/jobs/" + job["job"]["id"].get<std::string>();
  while (driver.read(path)["state"] == "running") std::this_thread::yield();
  const json trial =
      LifeDriver::good(driver.as(driver.support, "POST", acme + "/policies/simulate",
                                 {{"policies", {{"soft_bounces", {{"limit", 1}}}}}}));
  CHECK(trial["bouncing"] == 0);
}

}  // namespace suppressd
