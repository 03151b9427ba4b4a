// The change feed and the audit, through the routes.
#include <catch2/catch.hpp>

#include <random>
#include <set>

#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::AppDriver;
using test::Reply;

/// All items of a feed, page by page.
std::vector<json> follow(AppDriver& driver, const std::string& target, const std::string& key,
                         uint64_t after = 0, size_t limit = 1000) {
  std::vector<json> seen;
  for (bool more = true; more;) {
    const Reply reply =
        driver.send({"GET",
                     target + "?after=" + std::to_string(after) + "&limit=" + std::to_string(limit),
                     key,
                     {},
                     {}});
    REQUIRE(reply.status == 200);
    const json page = reply.json();
    for (const json& item : page["items"]) seen.push_back(item);
    REQUIRE(page["items"].size() <= limit);
    more = page["more"];
    REQUIRE((!more || page["after"] > after));
    after = page["after"];
  }
  return seen;
}

/// An exchange that was begun and asked to answer, walked by hand.
struct Poll {
  Poll(AppDriver& driver, const std::string& query)
      : worker(driver.set(), driver.metrics().add_thread()),
        signal(std::make_shared<test::WakeSignal>()) {
    RequestHead head;
    head.method = "GET";
    head.path = "/v1/changes";
    head.query = query;
    head.fields.emplace_back("authorization", "Bearer " + driver.admin);
    exchange = driver.app().begin(head, worker, [signal = signal] { signal->give(); });
    progress = exchange->on_end(answer);
  }
  json finish() {
    while (progress == Progress::wait) {
      signal->wait();
      progress = exchange->on_wake(answer);
    }
    return json::parse(answer.body);
  }

  Worker worker;
  std::shared_ptr<test::WakeSignal> signal;
  std::unique_ptr<Exchange> exchange;
  Answer answer;
  Progress progress;
};

std::string address_of(uint64_t number) {
  return "a" + std::to_string(number) + "@example.com";
}

std::string path_of(const std::string& account, uint64_t number) {
  return "/v1/accounts/" + account + "/suppressions/email/a" + std::to_string(number) +
         "%40example.com";
}

/// Random writes of three accounts, and what the feed must say of each.
struct Written {
  uint64_t sequence;
  std::string account, kind, address;
};

std::optional<Written> write_something(AppDriver& driver, std::mt19937_64& random) {
  const std::string account = "acc" + std::to_string(random() % 3);
  const uint64_t number = random() % 6;
  Reply reply;
  std::string kind;
  switch (random() % 4) {
    case 0:
    case 1:
      kind = "suppressions_added";
      reply = driver.post(
          "/v1/accounts/" + account + "/suppressions",
          json{{"address", address_of(number)}, {"reason", random() % 2 ? "manual" : "complaint"}}
              .dump());
      if (reply.json()["added"] == 0 && reply.json()["updated"] == 0) return std::nullopt;
      break;
    case 2:
      kind = "suppression_removed";
      reply = driver.remove(path_of(account, number));
      break;
    default:
      kind = "exemption_changed";
      reply = driver.put(path_of(account, number) + "/exemption",
                         json{{"note", std::to_string(random())}}.dump());
  }
  if (reply.status == 404) return std::nullopt;
  REQUIRE(reply.status == 200);
  return Written{reply.json()["sequence"], account, kind, address_of(number)};
}

uint64_t seed_of_run() {
  const char* text = std::getenv("SUPPRESSD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

}  // namespace

TEST_CASE("the feed tells every change once, in order, and to an owner those of its account") {
  const uint64_t seed = seed_of_run();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  AppDriver driver;
  for (const char* account : {"acc0", "acc1", "acc2"}) driver.make_account(account);
  const std::string owner = driver.make_key(Role::owner, "acc1").text;
  const uint64_t before = driver.committer().visible_sequence();
  std::vector<Written> written;
  for (int i = 0; i < 200; ++i) {
    if (auto one = write_something(driver, random)) written.push_back(*one);
  }

  for (const size_t limit : {1, 7, 1000}) {
    const std::vector<json> feed = follow(driver, "/v1/changes", driver.admin, before, limit);
    REQUIRE(feed.size() == written.size());
    for (size_t i = 0; i < feed.size(); ++i) {
      CHECK(feed[i]["sequence"] == written[i].sequence);
      CHECK(feed[i]["account"] == written[i].account);
      CHECK(feed[i]["kind"] == written[i].kind);
      REQUIRE(feed[i]["entries"].size() == 1);
      CHECK(feed[i]["entries"][0]["address"] == written[i].address);
      CHECK(feed[i]["entries"][0]["scope"] == "account");
    }
  }
  std::vector<uint64_t> expected, seen;
  for (const Written& one : written) {
    if (one.account == "acc1") expected.push_back(one.sequence);
  }
  for (const json& item : follow(driver, "/v1/changes", owner, before, 3)) {
    CHECK(item["account"] == "acc1");
    seen.push_back(item["sequence"]);
  }
  CHECK(seen == expected);
  CHECK(follow(driver, "/v1/accounts/acc1/changes", driver.admin) ==
        follow(driver, "/v1/changes", owner));
}

TEST_CASE("a change says who did what to which address, and what holds afterwards") {
  AppDriver driver;
  driver.make_account("acme");
  const auto key = driver.make_key(Role::support);
  const auto send = [&](const std::string& method, const std::string& target,
                        const std::string& body) {
    return driver.send({method, target, key.text, {{"content-type", "application/json"}}, body});
  };
  const uint64_t before = driver.committer().visible_sequence();
  const std::string mine = "/v1/accounts/acme/suppressions";
  REQUIRE(send("POST", mine,
               R"({"suppressions":[{"address":"A@Example.com","reason":"manual","evidence":"asked"},
                   {"address":"+380441234567","reason":"complaint"}]})")
              .status == 200);
  REQUIRE(send("PUT", mine + "/email/a%40example.com/exemption", R"({"note":"real"})").status ==
          200);
  REQUIRE(send("DELETE", mine + "/email/a%40example.com", "").status == 200);
  REQUIRE(send("DELETE", mine + "/email/a%40example.com/exemption", "").status == 200);
  REQUIRE(send("POST", "/v1/platform/suppressions",
               R"({"address":"dead@example.com","reason":"hard_bounce"})")
              .status == 200);

  const std::vector<json> feed = follow(driver, "/v1/changes", driver.admin, before);
  REQUIRE(feed.size() == 5);
  for (const json& item : feed) CHECK(item["by"] == key.id);
  const json& added = feed[0]["entries"];
  REQUIRE(added.size() == 2);
  CHECK(added[0]["address"] == "a@example.com");
  CHECK(added[0]["state"] == "suppressed");
  CHECK(added[0]["cause"]["evidence"] == "asked");
  CHECK(added[1]["channel"] == "phone");
  CHECK(added[1]["reason"] == "complaint");
  CHECK(feed[1]["entries"][0]["state"] == "suppressed");  // causes win over the exemption
  CHECK(feed[1]["entries"][0]["exemption"]["note"] == "real");
  CHECK(feed[2]["entries"][0]["state"] == "exempt");
  CHECK(feed[3]["entries"][0]["state"] == "none");
  CHECK(feed[3]["entries"][0]["exemption"].is_null());
  CHECK(feed[4]["account"].is_null());
  CHECK(feed[4]["entries"][0]["scope"] == "platform");
}

TEST_CASE("the feed tells of accounts and keys, and never shows a key or its hash") {
  AppDriver driver;
  driver.make_account("acme");
  const auto key = driver.make_key(Role::owner, "acme");
  REQUIRE(driver.remove("/v1/keys/" + key.id).status == 200);
  const Reply reply = driver.get("/v1/changes");
  const json items = reply.json()["items"];
  REQUIRE(items.size() == 4);  // the first admin key came before
  CHECK(items[0]["kind"] == "key_created");
  CHECK(items[1]["kind"] == "account_created");
  CHECK(items[1]["after"]["account"] == "acme");
  CHECK(items[2]["kind"] == "key_created");
  CHECK(items[2]["account"] == "acme");
  CHECK(items[2]["after"]["id"] == key.id);
  CHECK(items[3]["kind"] == "key_revoked");
  CHECK(items[3]["after"]["revoked_at"].is_string());
  CHECK(reply.body.find(key.text) == std::string::npos);
  CHECK(reply.body.find("hash") == std::string::npos);
}

TEST_CASE("a reader that has seen everything waits for the next change") {
  AppDriver driver;
  driver.make_account("acme");
  const uint64_t now = driver.committer().visible_sequence();
  Poll poll(driver, "wait=60&after=" + std::to_string(now));
  REQUIRE(poll.progress == Progress::wait);
  driver.make_account("beta");
  const json page = poll.finish();
  REQUIRE(page["items"].size() == 1);
  CHECK(page["items"][0]["after"]["account"] == "beta");
  CHECK(page["after"] == now + 1);
}

TEST_CASE("a reader that waits is let go when the server stops") {
  AppDriver driver;
  const uint64_t now = driver.committer().visible_sequence();
  Poll poll(driver, "wait=60&after=" + std::to_string(now));
  REQUIRE(poll.progress == Progress::wait);
  driver.health().phase = Phase::draining;
  const json page = poll.finish();
  CHECK(page["items"].empty());
  CHECK(page["after"] == now);
}

TEST_CASE("a change of many addresses is told whole, and a page holds bounded bytes") {
  AppDriver driver;
  driver.make_account("acme");
  const uint64_t before = driver.committer().visible_sequence();
  std::string body;
  const std::string evidence(900, 'e');
  for (int i = 0; i < 12'000; ++i) {
    body += json{{"address", address_of(i)},
                 {"reason", "manual"},
                 {"evidence", evidence + std::to_string(i)}}
                .dump() +
            "\n";
  }
  REQUIRE(
      driver.post("/v1/accounts/acme/suppressions", body, "application/x-ndjson").json()["added"] ==
      12'000);
  // Each of the changes is larger than a page's bytes, so each comes alone.
  const json first = driver.get("/v1/changes?after=" + std::to_string(before)).json();
  CHECK(first["items"].size() == 1);
  CHECK(first["more"] == true);
  std::set<std::string> seen;
  for (const json& item : follow(driver, "/v1/changes", driver.admin, before)) {
    for (const json& entry : item["entries"]) CHECK(seen.insert(entry["address"]).second);
  }
  CHECK(seen.size() == 12'000);
}

TEST_CASE("a place in the feed that was never reached is refused, not taken for no news") {
  AppDriver driver;
  const uint64_t now = driver.committer().visible_sequence();
  CHECK(driver.get("/v1/changes?after=" + std::to_string(now)).status == 200);
  for (const std::string& query :
       {"after=" + std::to_string(now + 1), std::string("after=-1"), std::string("after=x"),
        std::string("wait=61"), std::string("limit=0"), std::string("since=1")}) {
    const Reply reply = driver.get("/v1/changes?" + query);
    INFO(query);
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "invalid-request");
  }
}

TEST_CASE("contacts' changes are told by ids and results, never by address, to their account") {
  AppDriver driver;
  driver.make_account("acme");
  driver.make_account("globe");
  const std::string owner = driver.make_key(Role::owner, "acme").text;
  const uint64_t before = driver.committer().visible_sequence();
  const std::string here = "/v1/accounts/acme/contacts";
  const std::string rows =
      R"({"contacts":[{"email":"secret@example.com"},{"email":"other@example.com"}]})";
  REQUIRE(driver.post(here, rows).status == 200);
  REQUIRE(driver.post(here, rows).status == 200);  // changes nothing: no change
  REQUIRE(driver.post("/v1/accounts/globe/contacts", R"({"email":"g@example.com"})").status == 200);
  REQUIRE(driver
              .send({"PATCH",
                     here + "/c2",
                     driver.admin,
                     {{"content-type", "application/json"}},
                     R"({"email":"moved@example.com"})"})
              .status == 200);
  REQUIRE(driver.remove(here + "/c1?reason=left").status == 200);
  REQUIRE(driver.post(here + "/c1/restore", "{}").status == 200);

  const std::vector<json> feed = follow(driver, "/v1/changes", owner, before);
  REQUIRE(feed.size() == 4);
  const std::vector<std::string> kinds = {"contacts_put", "contact_edited", "contacts_deleted",
                                          "contacts_restored"};
  for (size_t i = 0; i < feed.size(); ++i) {
    CHECK(feed[i]["kind"] == kinds[i]);
    CHECK(feed[i]["account"] == "acme");
    CHECK(feed[i]["by"].is_string());
    CHECK(feed[i].dump().find("example.com") == std::string::npos);
  }
  CHECK(feed[0]["contacts"] == json::parse(R"([{"id":"c1","result":"created"},
                                               {"id":"c2","result":"created"}])"));
  CHECK(feed[1]["contact"] == "c2");
  CHECK(feed[2]["contacts"] == json::parse(R"([{"id":"c1","result":"deleted"}])"));
  CHECK(feed[3]["contacts"] == json::parse(R"([{"id":"c1","result":"restored"}])"));
  CHECK(follow(driver, "/v1/accounts/acme/changes", driver.admin, before) == feed);
  CHECK(follow(driver, "/v1/changes", driver.admin, before).size() == 5);
}

}  // namespace suppressd
