// Edit, delete and restore of one contact, its card and its activity.
#include <catch2/catch.hpp>

#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string here = "/v1/accounts/acme/contacts/";

std::vector<std::string> kinds(const std::vector<json>& activity) {
  std::vector<std::string> names;
  for (const json& item : activity) names.push_back(item["kind"]);
  return names;
}

}  // namespace

TEST_CASE("an edit changes what it names, and unblocks nothing (R10)") {
  LifeDriver driver;
  driver.suppress("/v1/accounts/acme", "a@example.com", "complaint", "said so");
  const std::string id = driver.add_contact("acme", "a@example.com", "+380501234567");
  const auto patch = [&](const json& body) {
    return driver.as(driver.owner, "PATCH", here + id, body);
  };

  const json first = LifeDriver::good(patch({{"fields", {{"city", "Kyiv"}, {"n", "1"}}}}));
  CHECK(first["email"]["state"] == "blacklisted");
  CHECK(first["fields"]["city"] == "Kyiv");
  const json second =
      LifeDriver::good(patch({{"fields", {{"city", nullptr}}}, {"phone", nullptr}}));
  CHECK(second["fields"] == json::parse(R"({"n":"1"})"));
  CHECK(second["phone"].is_null());
  CHECK(second["sequence"] > first["sequence"]);

  // The same mailbox in another spelling stays suppressed; another address is asked about anew.
  CHECK(LifeDriver::good(patch({{"email", "A@Example.com"}}))["email"]["state"] == "blacklisted");
  const json moved = LifeDriver::good(patch({{"email", "b@example.com"}, {"phone", "0507654321"}}));
  CHECK(moved["email"]["state"] == "active");
  CHECK(moved["phone"]["address"] == "+380507654321");
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:complaint");
  CHECK(LifeDriver::good(patch({{"email", "a@example.com"}}))["email"]["reason"] == "complaint");
  CHECK(driver.add_contact("acme", "b@example.com") != id);  // nobody's address any more
}

TEST_CASE("an edit that cannot be is refused, each with its reason") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  driver.add_contact("acme", "b@example.com");
  const auto patch = [&](const json& body) {
    return driver.as(driver.owner, "PATCH", here + id, body);
  };
  CHECK(patch({{"email", "b@example.com"}}).problem() == "contact-conflict");
  CHECK(patch({{"email", nullptr}}).problem() == "contact-conflict");
  json fields = json::object();
  for (int i = 0; i < 65; ++i) fields["f" + std::to_string(i)] = "v";
  CHECK(patch({{"fields", fields}}).status == 409);
  const Reply bad = patch({{"email", "nobody"},
                           {"phone", "1"},
                           {"colour", 1},
                           {"region", "XX"},
                           {"fields", {{"n", 5}}}});
  CHECK(bad.status == 400);
  CHECK(bad.json()["errors"].size() == 5);
  CHECK(patch({{"fields", {{"n", std::string(1025, 'v')}}}}).json()["errors"][0]["error"] ==
        "field_value_too_long");
  CHECK(driver.send({"PATCH", here + id, driver.owner, {{"content-type", "text/plain"}}, "{}"})
            .status == 415);
  CHECK(driver.card("acme", id)["email"]["address"] == "a@example.com");
}

TEST_CASE("a deleted contact leaves its lists, stays suppressed, and is restored (R14, R15, R16)") {
  LifeDriver driver;
  driver.suppress("/v1/accounts/acme", "a@example.com", "unsubscribe");
  driver.suppress("/v1/platform", "+380501234567", "hard_bounce");
  const std::string id = driver.add_contact("acme", "a@example.com", "+380501234567");
  const json gone = LifeDriver::good(
      driver.as(driver.owner, "DELETE", here + id + "?channel=email&reason=asked%20twice"));
  CHECK(gone["result"] == "deleted");
  CHECK(driver.contacts("acme", "?channel=email").empty());
  CHECK(driver.contacts("acme", "?channel=email&state=unsubscribed").empty());
  CHECK(driver.contacts("acme", "?channel=email&state=deleted").size() == 1);
  CHECK(driver.contacts("acme", "?channel=phone&state=blacklisted").size() == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:unsubscribe");
  const json deleted = driver.card("acme", id)["email"]["deleted"];
  CHECK(deleted["reason"] == "asked twice");
  CHECK(deleted["job"].is_null());
  CHECK(LifeDriver::good(driver.remove(here + id + "?channel=email"))["result"] == "unchanged");
  CHECK(LifeDriver::good(driver.remove(here + id))["result"] == "deleted");  // the phone

  const auto restore = [&](const json& body) {
    return LifeDriver::good(driver.as(driver.owner, "POST", here + id + "/restore", body));
  };
  CHECK(restore({{"channel", "phone"}})["result"] == "restored");
  CHECK(driver.card("acme", id)["phone"]["state"] == "blacklisted");
  CHECK(driver.card("acme", id)["email"]["state"] == "deleted");
  CHECK(restore(nullptr)["result"] == "restored");
  CHECK(restore(nullptr)["result"] == "unchanged");
  CHECK(driver.card("acme", id)["email"]["state"] == "unsubscribed");
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:unsubscribe");
}

TEST_CASE("a repeated restore gets the first one's answer") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  driver.good(driver.remove(here + id));
  const auto restore = [&] {
    return driver.as(driver.owner, "POST", here + id + "/restore", nullptr,
                     {{"idempotency-key", "k"}});
  };
  const Reply first = restore(), again = restore();
  CHECK(first.json()["result"] == "restored");
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.body == first.body);
}

TEST_CASE("bad deletions and restorations are refused") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  CHECK(driver.remove(here + id + "?channel=fax").status == 400);
  CHECK(driver.remove(here + id + "?reason=" + std::string(1025, 'r')).status == 400);
  CHECK(driver.remove(here + id + "?reason=%ff").status == 400);
  CHECK(driver.remove(here + id + "?cause=x").status == 400);
  CHECK(driver.as(driver.owner, "POST", here + id + "/restore", {{"channel", "fax"}}).status ==
        400);
  CHECK(driver.as(driver.sender, "DELETE", here + id).status == 403);
  CHECK(driver.card("acme", id)["email"]["state"] == "active");
}

TEST_CASE(
    "the card tells why and since when, with every cause, exemption, segment, request (R5, R12)") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com", "+380501234567");
  driver.commit({CreateSegment{driver.number("acme"), "vip"}, "k", 1, std::nullopt});
  driver.commit({ChangeMembers{driver.number("acme"), 1, {1}, true, 0, ~uint64_t{0}, "", {}}, "k",
                 2, std::nullopt});
  driver.suppress("/v1/platform", "a@example.com", "hard_bounce", "550 5.1.1 theirs");
  driver.good(driver.as(driver.admin, "POST", "/v1/accounts/acme/suppressions",
                        {{"address", "a@example.com"},
                         {"reason", "manual"},
                         {"evidence", "asked"},
                         {"campaign", "spring"},
                         {"source", "campaign"},
                         {"at", "2026-03-01T09:30:00Z"}}));
  driver.suppress("/v1/accounts/acme", "a@example.com", "unsubscribe");
  driver.suppress("/v1/platform", "+380501234567", "complaint");
  driver.good(driver.put("/v1/accounts/acme/suppressions/phone/%2B380501234567/exemption",
                         R"({"note":"confirmed"})"));
  const std::string request = driver.file("acme", {{"kind", "reactivate"},
                                                   {"contacts", {id}},
                                                   {"channel", "email"},
                                                   {"statement", "it exists"}});

  const json staff = driver.card("acme", id);
  CHECK(staff["email"]["verdict"] == "suppressed");
  CHECK(staff["email"]["reason"] == "manual");  // the strongest of the account's own
  CHECK(staff["email"]["since"] == "2026-03-01T09:30:00.000Z");
  CHECK(staff["email"]["source"] == "campaign");
  CHECK(staff["email"]["campaign"] == "spring");
  CHECK(staff["causes"]["email"].size() == 3);
  CHECK(staff["causes"]["email"] == driver.causes_of("acme", "a@example.com"));
  CHECK(staff["causes"]["email"][2]["evidence"] == "550 5.1.1 theirs");
  CHECK(staff["phone"]["exempt"] == true);
  CHECK(staff["phone"]["verdict"] == "clear");
  CHECK(staff["exemptions"]["phone"]["note"] == "confirmed");
  CHECK(staff["exemptions"]["email"].is_null());
  CHECK(staff["segments"] == json::parse(R"([{"id":"s1","name":"vip"}])"));
  REQUIRE(staff["requests"].size() == 1);
  CHECK(staff["requests"][0]["id"] == request);

  const json mine = LifeDriver::good(driver.as(driver.owner, "GET", here + id));
  const json& platform = mine["causes"]["email"][2];
  CHECK(platform["scope"] == "platform");
  CHECK(platform["reason"] == "hard_bounce");
  for (const char* hidden : {"evidence", "campaign", "by"}) CHECK(platform[hidden].is_null());
  CHECK(mine["causes"]["email"][0]["evidence"] == "asked");
}

TEST_CASE("the newest requests about a contact come first on its card, twenty of them") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  driver.add_contact("acme", "b@example.com");
  std::string last;
  for (int i = 0; i < 22; ++i) {
    last = driver.file("acme", {{"kind", "blacklist"}, {"contacts", {id}}, {"channel", "email"}});
    if (i == 5) driver.file("acme", {{"kind", "blacklist"}, {"contacts", {"c2"}}});
  }
  const json requests = driver.card("acme", id)["requests"];
  REQUIRE(requests.size() == 20);
  CHECK(requests[0]["id"] == last);
}

TEST_CASE("activity tells everything that happened to a contact, newest first (R13)") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  const std::string list = "/v1/accounts/acme/contacts/" + id + "/activity";
  driver.good(driver.as(driver.owner, "PATCH", here + id, {{"fields", {{"n", "1"}}}}));
  driver.suppress("/v1/accounts/acme", "a@example.com", "manual");
  driver.good(driver.as(driver.owner, "DELETE", here + id + "?reason=left"));
  driver.good(driver.as(driver.owner, "POST", here + id + "/restore"));
  driver.good(driver.remove("/v1/accounts/acme/suppressions/email/a%40example.com"));

  const std::vector<json> items = driver.walk_list(list, "?limit=2");
  CHECK(kinds(items) == std::vector<std::string>{"reactivated", "restored", "deleted", "suppressed",
                                                 "edited", "added"});
  CHECK(items[2]["detail"] == "left");
  CHECK(items[3]["reason"] == "manual");
  CHECK(items[3]["channel"] == "email");
  for (size_t i = 0; i < items.size(); ++i) {
    CHECK(items[i]["by"].is_string());
    CHECK(items[i]["at"].is_string());
    if (i > 0) CHECK(items[i]["sequence"] < items[i - 1]["sequence"]);
  }
  driver.good(
      driver.post("/v1/accounts/acme/contacts?source=import", R"({"email":"i@example.com"})"));
  CHECK(kinds(driver.walk_list("/v1/accounts/acme/contacts/c2/activity", "?limit=9")) ==
        std::vector<std::string>{"imported"});
  CHECK(driver.get(list + "?cursor=nonsense").status == 400);
  CHECK(driver.get(list + "?limit=0").status == 400);
}

}  // namespace suppressd
