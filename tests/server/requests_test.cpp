// What an account asks of support, from filing to what it did.
#include <catch2/catch.hpp>

#include <thread>

#include "server/time_text.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string here = "/v1/accounts/acme/requests";

std::vector<std::string> ids(const json& page) {
  std::vector<std::string> found;
  for (const json& item : page["items"]) found.push_back(item["id"]);
  return found;
}

using Ids = std::vector<std::string>;

json blacklist(const json& addresses) {
  return {{"kind", "blacklist"}, {"addresses", addresses}};
}

}  // namespace

TEST_CASE("an owner files a request for addresses and contacts, each address once") {
  LifeDriver driver;
  const std::string both = driver.add_contact("acme", "a@example.com", "+380501234567");
  const Reply reply = driver.as(driver.owner, "POST", here,
                                {{"kind", "unsubscribe"},
                                 {"addresses", {"A@Example.com", "050 123 45 67", "b@example.com"}},
                                 {"contacts", {both}},
                                 {"statement", "They asked by phone."}});
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  const json filed = reply.json();
  CHECK(filed["id"] == "r1");
  CHECK(reply.field("Location") == here + "/r1");
  CHECK(reply.field("Suppress-Sequence") == std::to_string(filed["sequence"].get<uint64_t>()));
  CHECK(filed["account"] == "acme");
  CHECK(filed["kind"] == "unsubscribe");
  CHECK(filed["state"] == "open");
  CHECK(filed["statement"] == "They asked by phone.");
  CHECK(filed["note"].is_null());
  CHECK(filed["decided_at"].is_null());
  CHECK(filed["targets"] == 3);

  const json opened = driver.read(here + "/r1");
  CHECK(opened["addresses"][0]["address"] == "a@example.com");
  CHECK(opened["addresses"][0]["contact"] == both);
  CHECK(opened["addresses"][1]["address"] == "+380501234567");
  CHECK(opened["addresses"][1]["contact"] == both);
  CHECK(opened["addresses"][2]["contact"].is_null());
  CHECK(opened["addresses"][2]["verdict"] == "clear");
  CHECK(opened["addresses"][2]["approved"].is_null());
  // Nothing takes effect before somebody has decided.
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
}

TEST_CASE("a request for contacts may name one channel of them") {
  LifeDriver driver;
  const std::string both = driver.add_contact("acme", "a@example.com", "+380501234567");
  const std::string mail = driver.add_contact("acme", "b@example.com");
  const std::string id =
      driver.file("acme", {{"kind", "blacklist"}, {"contacts", {both}}, {"channel", "phone"}});
  const json opened = driver.read(here + "/" + id);
  REQUIRE(opened["addresses"].size() == 1);
  CHECK(opened["addresses"][0]["channel"] == "phone");
  REQUIRE(driver.approve("acme", id).status == 200);
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:manual");
  CHECK(driver.verdict("acme", "a@example.com") == "clear");

  const Reply none =
      driver.as(driver.owner, "POST", here,
                {{"kind", "blacklist"}, {"contacts", {both, mail}}, {"channel", "phone"}});
  CHECK(none.status == 400);
  CHECK(none.json()["errors"] ==
        json::parse(R"([{"index":1,"field":"contacts","error":"no_address"}])"));
}

TEST_CASE("a request that cannot be is refused with what is wrong") {
  LifeDriver driver;
  driver.add_contact("acme", "a@example.com");
  driver.add_contact("globe", "b@example.com");
  driver.add_contact("globe", "c@example.com");
  const auto errors = [&](const json& body) -> json {
    const Reply reply = driver.as(driver.owner, "POST", here, body);
    INFO(reply.body);
    CHECK(reply.status == 400);
    return reply.json()["errors"];
  };
  const auto one = [](const std::string& field, const std::string& error) {
    return json::array({{{"field", field}, {"error", error}}});
  };
  CHECK(errors({{"addresses", {"a@example.com"}}}) == one("kind", "required"));
  CHECK(errors({{"kind", "forget"}, {"addresses", {"a@example.com"}}}) ==
        one("kind", "unknown_kind"));
  CHECK(errors({{"kind", "reactivate"}, {"addresses", {"a@example.com"}}}) ==
        one("statement", "required"));
  CHECK(errors({{"kind", "reactivate"}, {"addresses", {"a@example.com"}}, {"statement", " \n"}}) ==
        one("statement", "required"));
  CHECK(errors({{"kind", "blacklist"}}) == one("addresses", "required"));
  CHECK(errors(blacklist(json::array())) == one("addresses", "required"));
  CHECK(errors({{"kind", "blacklist"}, {"segment", "s1"}, {"contacts", {"c1"}}}) ==
        one("segment", "not_with_addresses_or_contacts"));
  CHECK(errors({{"kind", "blacklist"}, {"addresses", {"a@example.com"}}, {"channel", "email"}}) ==
        one("channel", "only_for_contacts"));
  CHECK(errors({{"kind", "blacklist"}, {"contacts", {"c1"}}, {"color", 1}}) ==
        json::array({{{"error", "unknown_member"}}}));
  CHECK(errors(blacklist({"a@example.com", "nobody", "b@example.com"})) ==
        json::parse(R"([{"index":1,"field":"addresses","error":"not_a_number"}])"));
  CHECK(errors(blacklist(std::vector<std::string>(10'001, "a@example.com"))) ==
        one("addresses", "too_many"));
  CHECK(errors({{"kind", "blacklist"},
                {"addresses", {"a@example.com"}},
                {"statement", std::string(4'097, 'x')}}) == one("statement", "too_long"));

  // Another account's contact, one that does not exist, and a text that is no id are the same.
  const Reply unknown = driver.as(driver.owner, "POST", here,
                                  {{"kind", "blacklist"}, {"contacts", {"c1", "c2", "c99", "x"}}});
  CHECK(unknown.status == 404);
  CHECK(unknown.problem() == "unknown-contact");
  CHECK(unknown.json()["errors"] ==
        json::parse(R"([{"index":1,"field":"contacts","error":"unknown_contact"},
                        {"index":2,"field":"contacts","error":"unknown_contact"},
                        {"index":3,"field":"contacts","error":"unknown_contact"}])"));
  for (const char* segment : {"s1", "c1", ""}) {
    const Reply reply =
        driver.as(driver.owner, "POST", here, {{"kind", "blacklist"}, {"segment", segment}});
    CHECK(reply.status == 404);
    CHECK(reply.problem() == "unknown-segment");
  }
  CHECK(driver.as(driver.owner, "POST", here).status == 415);
  CHECK(driver.read(here)["items"].empty());
}

TEST_CASE("support sees the queue of all accounts, oldest first, and filters it") {
  LifeDriver driver;
  // Requests of one millisecond come account by account: these are of four.
  const auto file = [&driver](const std::string& account, const json& body) {
    driver.file(account, body);
    for (const TimeMs filed = now_ms(); now_ms() == filed;) std::this_thread::yield();
  };
  file("acme", blacklist({"a@example.com"}));
  file("globe", blacklist({"b@example.com"}));
  file("acme", {{"kind", "reactivate"}, {"addresses", {"c@example.com"}}, {"statement", "x"}});
  file("globe", {{"kind", "unsubscribe"}, {"addresses", {"d@example.com"}}});
  const auto queue = [&](const std::string& query) {
    const json page = LifeDriver::good(driver.as(driver.support, "GET", "/v1/requests" + query));
    std::vector<std::string> found;
    for (const json& item : page["items"]) {
      found.push_back(item["account"].get<std::string>() + item["id"].get<std::string>());
    }
    return found;
  };
  CHECK(queue("") == Ids{"acmer1", "glober1", "acmer2", "glober2"});
  CHECK(queue("?account=globe") == Ids{"glober1", "glober2"});
  CHECK(queue("?kind=reactivate") == Ids{"acmer2"});
  REQUIRE(driver.approve("globe", "r1").status == 200);
  CHECK(queue("") == Ids{"acmer1", "acmer2", "glober2"});
  CHECK(queue("?state=approved") == Ids{"glober1"});
  CHECK(queue("?state=approved&account=acme").empty());

  std::vector<std::string> paged;
  for (const json& item : driver.walk_list("/v1/requests", "?limit=1")) paged.push_back(item["id"]);
  CHECK(paged == Ids{"r1", "r2", "r2"});
  CHECK(ids(driver.read(here + "?state=open")) == Ids{"r1", "r2"});
  CHECK(ids(driver.read(here + "?kind=blacklist")) == Ids{"r1"});
  CHECK(driver.get("/v1/requests?state=new").status == 400);
  CHECK(driver.get("/v1/requests?account=nobody").status == 400);
  CHECK(driver.get(here + "?cursor=nonsense").status == 400);
  CHECK(driver.get(here + "?limit=0").status == 400);
  CHECK(driver.get(here + "?color=red").status == 400);
}

TEST_CASE("the requests about a contact are found by it") {
  LifeDriver driver;
  const std::string one = driver.add_contact("acme", "a@example.com", "+380501234567");
  const std::string two = driver.add_contact("acme", "b@example.com");
  driver.file("acme", blacklist({"a@example.com"}));
  driver.file("acme", {{"kind", "blacklist"}, {"contacts", {two}}});
  driver.file("acme", {{"kind", "unsubscribe"}, {"contacts", {one, two}}});
  CHECK(ids(driver.read(here + "?contact=" + one)) == Ids{"r1", "r3"});
  CHECK(ids(driver.read(here + "?contact=" + two)) == Ids{"r2", "r3"});
  CHECK(driver.get(here + "?contact=c99").problem() == "unknown-contact");
  CHECK(driver.get(here + "?contact=r1").problem() == "unknown-contact");
}

TEST_CASE("an opened request says what checks say of each address, and why") {
  LifeDriver driver;
  driver.suppress("/v1/platform", "dead@example.com", "hard_bounce", "550 of somebody else");
  driver.suppress("/v1/accounts/acme", "left@example.com", "unsubscribe", "clicked");
  driver.suppress("/v1/accounts/acme", "left@example.com", "complaint", "pressed");
  const std::string id = driver.file(
      "acme", {{"kind", "reactivate"},
               {"addresses", {"dead@example.com", "left@example.com", "free@example.com"}},
               {"statement", "They exist."}});
  const json staff = LifeDriver::good(driver.as(driver.support, "GET", here + "/" + id));
  const json& dead = staff["addresses"][0];
  CHECK(dead["verdict"] == "suppressed");
  CHECK(dead["scope"] == "platform");
  CHECK(dead["reason"] == "hard_bounce");
  CHECK(dead["causes"][0]["evidence"] == "550 of somebody else");
  CHECK(dead["causes"][0]["by"].is_string());
  CHECK(staff["addresses"][1]["reason"] == "complaint");
  CHECK(staff["addresses"][1]["causes"].size() == 2);
  CHECK(staff["addresses"][2]["verdict"] == "clear");
  CHECK(staff["addresses"][2]["reason"].is_null());

  // Whose mail found it dead is another account's business.
  const json mine = LifeDriver::good(driver.as(driver.owner, "GET", here + "/" + id));
  CHECK(mine["addresses"][0]["reason"] == "hard_bounce");
  CHECK(mine["addresses"][0]["causes"][0]["evidence"].is_null());
  CHECK(mine["addresses"][0]["causes"][0]["by"].is_null());
  CHECK(mine["addresses"][1]["causes"][0]["evidence"] == "clicked");

  const json part = driver.read(here + "/" + id + "?offset=1&limit=1");
  REQUIRE(part["addresses"].size() == 1);
  CHECK(part["addresses"][0]["address"] == "left@example.com");
  CHECK(driver.get(here + "/" + id + "?limit=1001").status == 400);
}

TEST_CASE(
    "an approved request takes effect in its account before it is answered, done rows apart") {
  LifeDriver driver;
  driver.suppress("/v1/accounts/acme", "done@example.com", "manual");
  driver.suppress("/v1/accounts/acme", "left@example.com", "unsubscribe");
  const std::string id =
      driver.file("acme", blacklist({"a@example.com", "done@example.com", "left@example.com"}));
  const Reply reply = driver.approve("acme", id, {{"note", "As you wish."}});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["state"] == "approved");
  CHECK(reply.json()["applied"] == 2);
  CHECK(reply.json()["already"] == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:manual");
  CHECK(driver.verdict("acme", "left@example.com") == "suppressed:account:manual");
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
  CHECK(driver.causes_of("acme", "left@example.com").size() == 2);
  const json cause = driver.causes_of("acme", "a@example.com")[0];
  CHECK(cause["source"] == "support");
  CHECK(cause["evidence"] == "r1 blacklist");

  const json seen = LifeDriver::good(driver.as(driver.owner, "GET", here + "/" + id));
  CHECK(seen["state"] == "approved");
  CHECK(seen["note"] == "As you wish.");
  CHECK(seen["decided_at"].is_string());
  CHECK(seen["decided_by"].is_string());
  CHECK(seen["addresses"][0]["approved"] == true);
}

TEST_CASE("a weaker reason that is approved later is kept, and hides nothing") {
  LifeDriver driver;
  REQUIRE(driver.approve("acme", driver.file("acme", blacklist({"a@example.com"}))).status == 200);
  const std::string weaker =
      driver.file("acme", {{"kind", "unsubscribe"}, {"addresses", {"a@example.com"}}});
  CHECK(driver.approve("acme", weaker).json()["applied"] == 1);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:manual");
  CHECK(driver.causes_of("acme", "a@example.com").size() == 2);
}

TEST_CASE("a part of a request is approved, the rest stays as it was") {
  LifeDriver driver;
  const std::string id =
      driver.file("acme", blacklist({"a@example.com", "b@example.com", "c@example.com"}));
  const auto refused = [&](const json& only) {
    const Reply reply = driver.approve("acme", id, {{"only", only}});
    CHECK(reply.status == 400);
    return reply.json()["errors"][0]["error"].get<std::string>();
  };
  CHECK(refused(json::array()) == "required");
  CHECK(refused({3}) == "no_such_position");
  CHECK(refused({-1}) == "not_a_number");
  CHECK(refused("all") == "not_a_list");
  const Reply reply = driver.approve("acme", id, {{"only", {2, 0, 2}}});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["state"] == "approved_in_part");
  CHECK(reply.json()["applied"] == 2);
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:manual");
  CHECK(driver.verdict("acme", "b@example.com") == "clear");
  CHECK(driver.verdict("acme", "c@example.com") == "suppressed:account:manual");
  const json opened = driver.read(here + "/" + id);
  CHECK(opened["addresses"][0]["approved"] == true);
  CHECK(opened["addresses"][1]["approved"] == false);
  CHECK(opened["addresses"][2]["approved"] == true);

  const std::string whole = driver.file("acme", blacklist({"d@example.com", "e@example.com"}));
  CHECK(driver.approve("acme", whole, {{"only", {1, 0}}}).json()["state"] == "approved");
}

TEST_CASE("a rejected request says why and changes nothing") {
  LifeDriver driver;
  const std::string id = driver.file("acme", blacklist({"a@example.com"}));
  const std::string reject = here + "/" + id + "/reject";
  for (const json& body : {json(nullptr), json::object(), json{{"note", "  "}}}) {
    const Reply reply = driver.as(driver.support, "POST", reject, body);
    CHECK(reply.status == 400);
    CHECK(reply.json()["errors"][0]["error"] == "required");
  }
  CHECK(driver.as(driver.support, "POST", reject, {{"note", "x"}, {"only", {0}}}).status == 400);
  const Reply reply = driver.as(driver.support, "POST", reject, {{"note", "No proof."}});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["state"] == "rejected");
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  const json seen = LifeDriver::good(driver.as(driver.owner, "GET", here + "/" + id));
  CHECK(seen["note"] == "No proof.");
  CHECK(seen["addresses"][0]["approved"] == false);
}

TEST_CASE("reactivation ends the account's suppression, or exempts from the platform's") {
  LifeDriver driver;
  const std::string mine = driver.add_contact("acme", "mine@example.com");
  driver.suppress("/v1/accounts/acme", "mine@example.com", "manual");
  driver.suppress("/v1/platform", "dead@example.com", "hard_bounce");
  driver.suppress("/v1/accounts/acme", "both@example.com", "unsubscribe");
  driver.suppress("/v1/platform", "both@example.com", "hard_bounce");
  const std::string id = driver.file(
      "acme", {{"kind", "reactivate"},
               {"addresses",
                {"mine@example.com", "dead@example.com", "both@example.com", "free@example.com"}},
               {"statement", "We had mail from each of them."}});
  const json decided = LifeDriver::good(driver.approve("acme", id));
  CHECK(decided["applied"] == 3);
  CHECK(decided["already"] == 1);
  for (const char* address : {"mine@example.com", "dead@example.com", "both@example.com"}) {
    INFO(address);
    CHECK(driver.verdict("acme", address) == "clear");
  }
  CHECK(driver.verdict("globe", "dead@example.com") == "suppressed:platform:hard_bounce");
  CHECK(driver.card("acme", mine)["email"]["state"] == "active");

  // What happens afterwards counts again.
  driver.bounce("acme", "dead@example.com");
  driver.bounce("acme", "mine@example.com");
  CHECK(driver.verdict("acme", "dead@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("acme", "mine@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.card("acme", mine)["email"]["state"] == "blacklisted");
}

TEST_CASE("of two who decide a request one wins and the other is told") {
  LifeDriver driver;
  const std::string id = driver.file("acme", blacklist({"a@example.com"}));
  REQUIRE(driver.approve("acme", id).status == 200);
  for (const char* verb : {"approve", "reject"}) {
    const Reply reply =
        driver.as(driver.support, "POST", here + "/" + id + "/" + verb, {{"note", "Again."}});
    CHECK(reply.status == 409);
    CHECK(reply.problem() == "already-decided");
    CHECK(reply.json()["state"] == "approved");
  }
  CHECK(driver.read(here + "/" + id)["note"].is_null());

  const std::string raced = driver.file("acme", blacklist({"b@example.com"}));
  std::vector<int> statuses(2);
  std::vector<std::thread> deciders;
  for (size_t i = 0; i < statuses.size(); ++i) {
    deciders.emplace_back([&, i] {
      Metrics metrics;
      Worker worker(driver.set(), metrics.add_thread());
      const std::string verb = i == 0 ? "/approve" : "/reject";
      statuses[i] = test::walk(driver.app(), worker,
                               {"POST",
                                here + "/" + raced + verb,
                                driver.support,
                                {{"content-type", "application/json"}},
                                R"({"note":"Mine."})"})
                        .status;
    });
  }
  for (std::thread& decider : deciders) decider.join();
  CHECK(((statuses[0] == 200 && statuses[1] == 409) || (statuses[0] == 409 && statuses[1] == 200)));
  const std::string state = driver.read(here + "/" + raced)["state"];
  CHECK(state == (statuses[0] == 200 ? "approved" : "rejected"));
  CHECK(driver.verdict("acme", "b@example.com") ==
        (statuses[0] == 200 ? "suppressed:account:manual" : "clear"));
}

TEST_CASE("a repeated filing or decision with its key does nothing again") {
  LifeDriver driver;
  const json body = blacklist({"a@example.com"});
  const Fields key{{"idempotency-key", "k1"}};
  const Reply first = driver.as(driver.owner, "POST", here, body, key);
  REQUIRE(first.status == 201);
  const Reply again = driver.as(driver.owner, "POST", here, body, key);
  CHECK(again.status == 201);
  CHECK(again.json() == first.json());
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(driver.as(driver.owner, "POST", here, blacklist({"b@example.com"}), key).status == 422);
  CHECK(driver.read(here)["items"].size() == 1);

  const std::string approve = here + "/r1/approve";
  const Reply decided = driver.as(driver.support, "POST", approve, {{"note", "x"}}, key);
  REQUIRE(decided.status == 200);
  const Reply repeated = driver.as(driver.support, "POST", approve, {{"note", "x"}}, key);
  CHECK(repeated.status == 200);
  CHECK(repeated.json() == decided.json());
  CHECK(driver.as(driver.support, "POST", approve, {{"note", "x"}}).status == 409);
}

TEST_CASE("a request for a segment is approved as a whole, by a job") {
  LifeDriver driver;
  const AccountNumber acme = driver.number("acme");
  const Outcome made = driver.commit({CreateSegment{acme, "vip"}, "test", now_ms(), {}});
  const SegmentId segment = static_cast<SegmentId>(made.id);
  const std::string member = driver.add_contact("acme", "a@example.com", "+380501234567");
  ChangeMembers join;
  join.account = acme;
  join.id = segment;
  join.ids = {*parse_contact_id(member)};
  driver.commit({join, "test", now_ms(), {}});

  const std::string id = driver.file(
      "acme", {{"kind", "blacklist"}, {"segment", segment_id_text(segment)}, {"channel", "email"}});
  const json opened = driver.read(here + "/" + id);
  CHECK(opened["segment"] == "s1");
  CHECK(opened["channel"] == "email");
  REQUIRE(opened["addresses"].size() == 1);
  CHECK(opened["addresses"][0]["address"] == "a@example.com");
  CHECK(opened["addresses"][0]["verdict"] == "clear");
  const Reply part = driver.approve("acme", id, {{"only", {0}}});
  CHECK(part.status == 400);
  CHECK(part.json()["errors"][0]["error"] == "not_of_a_segment");

  const Reply reply = driver.approve("acme", id);
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["state"] == "approved");
  const auto job =
      driver.store().contacts().job(acme, *parse_job_id(reply.json()["job"].get<std::string>()));
  REQUIRE(job);
  CHECK(job->kind == JobKind::apply_request);
  CHECK(json::parse(job->plan) == json{{"request", "r1"}, {"segment", "s1"}, {"channel", "email"}});
  CHECK(driver.approve("acme", id).status == 409);

  // A segment that goes meanwhile leaves nothing to approve.
  const std::string late =
      driver.file("acme", {{"kind", "blacklist"}, {"segment", segment_id_text(segment)}});
  CreateJob emptying;
  emptying.account = acme;
  emptying.job.kind = JobKind::delete_segment;
  emptying.job.plan = R"({"segment":"s1"})";
  emptying.deletes_segment = segment;
  driver.commit({emptying, "test", now_ms(), {}});
  CHECK(driver.approve("acme", late).problem() == "segment-gone");
  CHECK(driver.as(driver.support, "POST", here + "/" + late + "/reject", {{"note", "It is gone."}})
            .status == 200);
}

TEST_CASE("nobody sees, files or decides what is not theirs") {
  LifeDriver driver;
  const std::string id = driver.file("acme", blacklist({"a@example.com"}));
  const Reply other = driver.as(driver.other_owner, "GET", here + "/" + id);
  const Reply none = driver.as(driver.other_owner, "GET", "/v1/accounts/none/requests/" + id);
  CHECK(other.status == 404);
  CHECK(other.body == none.body);
  CHECK(driver.as(driver.other_owner, "GET", here).status == 404);
  CHECK(driver.as(driver.other_owner, "POST", here, blacklist({"a@example.com"})).status == 404);
  CHECK(driver.as(driver.owner, "POST", here + "/" + id + "/approve").status == 403);
  CHECK(driver.as(driver.owner, "POST", here + "/" + id + "/reject", {{"note", "x"}}).status ==
        403);
  CHECK(driver.as(driver.owner, "GET", "/v1/requests").status == 403);
  CHECK(driver.as(driver.sender, "GET", here).status == 403);
  CHECK(driver.as(driver.sender, "POST", here, blacklist({"a@example.com"})).status == 403);
  // Of its own account there is no second request, nor any by another name.
  for (const char* unknown : {"r2", "r0", "r01", "c1", "1"}) {
    CHECK(driver.get(here + "/" + unknown).problem() == "unknown-request");
    CHECK(driver.approve("acme", unknown).problem() == "unknown-request");
  }
  CHECK(driver.approve("globe", id).problem() == "unknown-request");
  // Support may file for an account, and its owner sees that.
  REQUIRE(driver.as(driver.support, "POST", here, blacklist({"b@example.com"})).status == 201);
  CHECK(LifeDriver::good(driver.as(driver.owner, "GET", here))["items"].size() == 2);
}

TEST_CASE("an owner who may not change the list is told to file a request") {
  LifeDriver driver;
  const std::string add = "/v1/accounts/acme/suppressions";
  for (const Reply& reply :
       {driver.as(driver.owner, "POST", add, {{"address", "a@example.com"}, {"reason", "manual"}}),
        driver.as(driver.owner, "DELETE", add + "/email/a%40example.com")}) {
    CHECK(reply.status == 403);
    const std::string detail = reply.json()["detail"];
    CHECK(detail.find("POST /v1/accounts/{account}/requests") != std::string::npos);
  }
}

TEST_CASE("filing and deciding stand in the activity of the contacts concerned") {
  LifeDriver driver;
  const std::string one = driver.add_contact("acme", "a@example.com");
  const std::string two = driver.add_contact("acme", "b@example.com");
  const std::string id = driver.file("acme", {{"kind", "blacklist"}, {"contacts", {one, two}}});
  REQUIRE(driver.approve("acme", id, {{"only", {0}}}).status == 200);
  const auto kinds = [&](const std::string& contact) {
    std::vector<std::string> found;
    for (const Activity& activity : driver.activity("acme", contact)) {
      found.emplace_back(name_of(activity.kind));
    }
    return found;
  };
  CHECK(kinds(one) == Ids{"suppressed", "decided", "requested", "added"});
  CHECK(kinds(two) == Ids{"decided", "requested", "added"});
  CHECK(driver.activity("acme", one)[1].detail == "r1 blacklist approved");
  CHECK(driver.activity("acme", two)[0].detail == "r1 blacklist rejected");
  CHECK_FALSE(driver.activity("acme", two)[1].by.empty());
}

}  // namespace suppressd
