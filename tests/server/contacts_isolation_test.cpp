// What keeps accounts apart, and what holds for suppressions whoever has the address as a contact.
#include <catch2/catch.hpp>

#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

struct Route {
  std::string method, rest;
  json body;
};

/// Every route of one contact, with a body that would do.
const std::vector<Route> routes_of_one = {
    {"GET", "", nullptr},          {"PATCH", "", {{"fields", {{"n", "1"}}}}},
    {"DELETE", "", nullptr},       {"POST", "/restore", nullptr},
    {"GET", "/activity", nullptr},
};

void same(const Reply& a, const Reply& b) {
  CHECK(a.status == 404);
  CHECK(b.status == a.status);
  CHECK(b.body == a.body);
  CHECK(b.fields == a.fields);
}

}  // namespace

TEST_CASE("another account's contact, none, and no id at all are one answer (R23)") {
  LifeDriver driver;
  driver.add_contact("acme", "mine@example.com");
  driver.add_contact("globe", "a@example.com");
  driver.add_contact("globe", "b@example.com");  // c2, which acme did not give out
  for (const Route& route : routes_of_one) {
    INFO(route.method << " " << route.rest);
    const auto ask = [&](const std::string& account, const std::string& id) {
      return driver.as(driver.owner, route.method,
                       "/v1/accounts/" + account + "/contacts/" + id + route.rest, route.body);
    };
    const Reply theirs = ask("acme", "c2");
    CHECK(theirs.problem() == "unknown-contact");
    same(theirs, ask("acme", "c999"));
    for (const char* id : {"c0", "c02", "2", "x", "c18446744073709551616"}) {
      same(theirs, ask("acme", id));
    }
    // The account itself: theirs and one that does not exist.
    const Reply other = ask("globe", "c2");
    CHECK(other.problem() == "unknown-account");
    same(other, ask("nobody", "c2"));
    same(other, ask("globe", "c999"));
  }
  for (const char* method : {"GET", "POST"}) {
    const json body = std::string(method) == "POST" ? json{{"email", "x@example.com"}} : json();
    same(driver.as(driver.owner, method, "/v1/accounts/globe/contacts", body),
         driver.as(driver.owner, method, "/v1/accounts/nobody/contacts", body));
  }
  CHECK(driver.contacts("globe", "?channel=email").size() == 2);
}

TEST_CASE("accounts have the same address as contacts of their own") {
  LifeDriver driver;
  CHECK(driver.add_contact("acme", "a@example.com") == "c1");
  CHECK(driver.add_contact("globe", "a@example.com") == "c1");
  driver.suppress("/v1/accounts/globe", "a@example.com", "complaint", "to globe");
  CHECK(driver.card("acme", "c1")["email"]["state"] == "active");
  CHECK(driver.card("globe", "c1")["email"]["state"] == "blacklisted");
  driver.good(driver.remove("/v1/accounts/acme/contacts/c1"));
  CHECK(driver.card("globe", "c1")["email"]["deleted"].is_null());
}

TEST_CASE("what another account's mail found dead is suppressed here, now and later (R4)") {
  LifeDriver driver;
  const std::string here_before = driver.add_contact("acme", "dead@example.com");
  const json policies{{"policies", {{"trusted_bounces", true}}}};
  const Reply set = driver.as(driver.support, "PATCH", "/v1/accounts/globe", policies);
  CHECK(LifeDriver::good(set)["policies"]["trusted_bounces"] == true);
  CHECK(LifeDriver::good(set)["policies"]["self_service"] == false);
  CHECK(driver.as(driver.owner, "PATCH", "/v1/accounts/acme", policies).status == 403);
  driver.bounce("globe", "dead@example.com", "hard", "550 5.1.1 secret of globe");
  driver.bounce("globe", "later@example.com", "hard", "550 5.1.1 secret of globe");

  const json email = driver.card("acme", here_before)["email"];
  CHECK(email["reason"] == "hard_bounce");
  CHECK(email["scope"] == "platform");
  const json added = LifeDriver::good(driver.as(driver.owner, "POST", "/v1/accounts/acme/contacts",
                                                {{"email", "later@example.com"}}));
  CHECK(added["results"][0]["email"]["scope"] == "platform");
  CHECK(driver.verdict("acme", "later@example.com") == "suppressed:platform:hard_bounce");

  // Why, but not whose: in the card, in an explanation and in a check's details alike.
  const std::string id = added["results"][0]["id"];
  const Reply card = driver.as(driver.owner, "GET", "/v1/accounts/acme/contacts/" + id);
  const Reply explained =
      driver.as(driver.owner, "GET", "/v1/accounts/acme/explain?address=later@example.com");
  const Reply checked = driver.as(driver.sender, "POST", "/v1/accounts/acme/check?detail=full",
                                  {{"addresses", {"later@example.com"}}});
  const Reply activity =
      driver.as(driver.owner, "GET", "/v1/accounts/acme/contacts/" + id + "/activity");
  for (const Reply& reply : {card, explained, checked, activity}) {
    CHECK(reply.status == 200);
    CHECK(reply.body.find("secret of globe") == std::string::npos);
  }
  for (const json& causes : {card.json()["causes"]["email"], explained.json()["causes"],
                             checked.json()["results"][0]["causes"]}) {
    REQUIRE(causes.size() == 1);
    CHECK(causes[0]["reason"] == "hard_bounce");
    for (const char* hidden : {"evidence", "campaign", "by"}) CHECK(causes[0][hidden].is_null());
  }
  CHECK(driver.causes_of("acme", "later@example.com")[0]["evidence"] ==
        "550 5.1.1 secret of globe");
  const Reply staff = driver.as(driver.support, "POST", "/v1/accounts/acme/check?detail=full",
                                {{"addresses", {"later@example.com"}}});
  CHECK(staff.body.find("secret of globe") != std::string::npos);
}

TEST_CASE("an owner neither suppresses nor reactivates, contact or not, unless self_service (R6)") {
  LifeDriver driver;
  driver.suppress("/v1/accounts/acme", "a@example.com", "manual");
  const std::string id = driver.add_contact("acme", "a@example.com");
  const std::string entry = "/v1/accounts/acme/suppressions/email/a%40example.com";
  const Reply refused = driver.as(driver.owner, "DELETE", entry);
  CHECK(refused.status == 403);
  CHECK(refused.body.find("request") != std::string::npos);
  CHECK(driver
            .as(driver.owner, "POST", "/v1/accounts/acme/suppressions",
                {{"address", "b@example.com"}, {"reason", "manual"}})
            .status == 403);
  LifeDriver::good(driver.as(driver.support, "PATCH", "/v1/accounts/acme",
                             {{"policies", {{"self_service", true}}}}));
  LifeDriver::good(driver.as(driver.owner, "DELETE", entry));
  CHECK(driver.card("acme", id)["email"]["state"] == "active");
}

TEST_CASE("all causes are kept, the strongest is shown, a weaker one hides nothing (R5)") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  driver.suppress("/v1/accounts/acme", "a@example.com", "complaint", "first");
  const json before = driver.card("acme", id)["email"];
  driver.suppress("/v1/accounts/acme", "a@example.com", "unsubscribe", "second");
  const json card = driver.card("acme", id);
  CHECK(card["email"]["reason"] == "complaint");
  CHECK(card["email"]["since"] == before["since"]);
  CHECK(card["causes"]["email"].size() == 2);
  driver.suppress("/v1/accounts/acme", "a@example.com", "legal", "third");
  CHECK(driver.card("acme", id)["email"]["reason"] == "legal");
}

}  // namespace suppressd
