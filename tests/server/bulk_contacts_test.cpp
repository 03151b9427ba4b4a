// Deleting and restoring many contacts: selections, filters with their confirmation, jobs.
#include <catch2/catch.hpp>

#include "tests/server/contact_driver.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;

namespace {

void suppress(ContactDriver& driver, const std::string& email) {
  const json body{{"address", email}, {"reason", "hard_bounce"}};
  REQUIRE(driver.ask("/suppressions", body).status == 200);
}

json by_filter(json filter, uint64_t shown_at, uint64_t expected) {
  return {{"filter", std::move(filter)}, {"shown_at", shown_at}, {"expected", expected}};
}

std::vector<std::string> results(const Reply& reply) {
  std::vector<std::string> names;
  const json answer = reply.json();
  for (const json& one : answer["results"]) names.push_back(one["result"]);
  return names;
}

}  // namespace

TEST_CASE("a selection is deleted in one channel, keeps its reason and its verdict, and comes back",
          "[bulk]") {
  ContactDriver driver;
  driver.add_contacts("ann", 3);
  suppress(driver, "ann0@example.com");
  const std::string first = driver.id("ann0@example.com"), second = driver.id("ann1@example.com");
  const json ids{first, second, first, "c999999", "nonsense"};
  const Reply reply = driver.ask("/delete-contacts",
                                 {{"ids", ids}, {"channel", "email"}, {"reason", "asked for it"}});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["deleted"] == 2);
  CHECK(reply.json()["unchanged"] == 3);
  CHECK(results(reply) ==
        std::vector<std::string>{"deleted", "deleted", "unchanged", "not_found", "not_found"});
  const Contact gone = driver.contact("ann0@example.com");
  CHECK(gone.of(Channel::email).deletion->reason == "asked for it");
  CHECK(gone.of(Channel::email).deletion->job == 0);
  CHECK_FALSE(gone.of(Channel::phone).deletion);
  CHECK(driver.count(ContactState::deleted) == 2);
  CHECK(driver.count(ContactState::deleted, Channel::phone) == 0);
  CHECK(driver.verdict("acme", "ann0@example.com") == "suppressed:account:hard_bounce");
  // Recognized, and left where it is.
  driver.add_contacts("ann", 1);
  CHECK(driver.contact("ann0@example.com").of(Channel::email).deletion);

  const Reply back = driver.ask("/restore-contacts", {{"ids", {first, second, "c999999"}}});
  REQUIRE(back.status == 200);
  CHECK(back.json()["restored"] == 2);
  CHECK(results(back) == std::vector<std::string>{"restored", "restored", "not_found"});
  CHECK(driver.contact("ann0@example.com").of(Channel::email).state() == ContactState::blacklisted);
  CHECK(driver.verdict("acme", "ann0@example.com") == "suppressed:account:hard_bounce");
}

TEST_CASE("ids of another account are as unknown as ids that nobody has", "[bulk]") {
  ContactDriver driver;
  driver.make_account("other");
  driver.commit(made_contacts(driver.number_of("other"), "bob", 0, 3));
  const Reply reply = driver.ask("/delete-contacts", {{"ids", {"c1", "c2"}}});
  CHECK(reply.status == 200);
  CHECK(results(reply) == std::vector<std::string>{"not_found", "not_found"});
  const auto theirs = driver.store().contacts().contact(driver.number_of("other"), 1);
  CHECK_FALSE(theirs->of(Channel::email).deletion);
}

TEST_CASE("bodies that are no selection and no filter are refused", "[bulk]") {
  ContactDriver driver;
  const auto error = [&](const std::string& route, const json& body) -> std::string {
    const Reply reply = driver.ask(route, body);
    CHECK(reply.status == 400);
    const json first = reply.json()["errors"][0];
    return first.value("field", "") + ":" + first["error"].get<std::string>();
  };
  CHECK(error("/delete-contacts", json::object()) == "ids:required");
  CHECK(error("/delete-contacts", {{"ids", "c1"}}) == "ids:not_a_list");
  CHECK(error("/delete-contacts", {{"ids", {1}}}) == "ids:not_a_string");
  CHECK(error("/delete-contacts", {{"ids", std::vector<std::string>(10'001, "c1")}}) ==
        "ids:too_many");
  CHECK(error("/delete-contacts", {{"ids", json::array()}, {"channel", "fax"}}) ==
        "channel:bad_value");
  CHECK(error("/delete-contacts", {{"ids", json::array()}, {"reason", std::string(1025, 'x')}}) ==
        "reason:too_long");
  CHECK(error("/delete-contacts", {{"filter", json::object()}, {"expected", 1}}) ==
        "shown_at:required");
  CHECK(error("/delete-contacts", {{"filter", json::object()}, {"shown_at", 1}}) ==
        "expected:required");
  CHECK(error("/delete-contacts", by_filter({{"state", "gone"}}, 0, 1)) ==
        "filter.state:bad_value");
  CHECK(error("/delete-contacts", by_filter(json::object(), driver.sequence() + 1, 1)) ==
        "shown_at:not_reached");
  json both = by_filter(json::object(), 0, 1);
  both["ids"] = json::array();
  CHECK(error("/delete-contacts", both) == ":unknown_member");
  CHECK(error("/restore-contacts", {{"job", 9}}) == "job:not_a_string");
  CHECK(driver.post(driver.path("/delete-contacts"), std::string((1 << 20) + 1, ' ')).status ==
        413);
  CHECK(driver.post(driver.path("/delete-contacts"), "{", "text/plain").status == 415);
}

TEST_CASE("a filter deletes exactly what was shown, and its job can be undone", "[bulk]") {
  ContactDriver driver;
  driver.add_contacts("ann", 12'000);
  for (const char* email : {"ann3@example.com", "ann4@example.com", "ann5@example.com"}) {
    suppress(driver, email);
  }
  const uint64_t shown = driver.sequence();
  const json filter{{"channel", "email"}, {"state", "blacklisted"}};

  const Reply wrong = driver.ask("/delete-contacts", by_filter(filter, shown, 2));
  CHECK(wrong.status == 409);
  CHECK(wrong.problem() == "wrong-confirmation");
  CHECK(wrong.json()["expected"] == 2);
  CHECK(wrong.json()["found"] == 3);
  CHECK(driver.count(ContactState::deleted) == 0);

  json body = by_filter(filter, shown, 3);
  body["reason"] = "cleaning up";
  const json job = driver.finished(driver.ask("/delete-contacts", body));
  CHECK(job["kind"] == "delete_contacts");
  CHECK(job["state"] == "done");
  CHECK(job["total"] == 3);
  CHECK(job["done"] == 3);
  CHECK(job["changed"] == 3);
  CHECK(job["progress"] == 1.0);
  CHECK(driver.count(ContactState::deleted) == 3);
  CHECK(driver.count(ContactState::deleted, Channel::phone) == 0);
  const Contact gone = driver.contact("ann3@example.com");
  CHECK(gone.of(Channel::email).deletion->reason == "cleaning up");
  CHECK(job_id_text(gone.of(Channel::email).deletion->job) == job["id"]);

  const Reply nothing = driver.ask("/delete-contacts", by_filter(filter, shown, 3));
  CHECK(nothing.status == 409);
  CHECK(nothing.problem() == "nothing-matches");

  // All that are left, in several parts; then both jobs are undone, one after the other.
  const json rest = driver.finished(
      driver.ask("/delete-contacts", by_filter(json::object(), driver.sequence(), 11'997)));
  CHECK(rest["changed"] == 11'997);
  CHECK(driver.count(ContactState::active) == 0);
  const json undone = driver.finished(driver.ask("/restore-contacts", {{"job", rest["id"]}}));
  CHECK(undone["kind"] == "restore_contacts");
  CHECK(undone["changed"] == 11'997);
  CHECK(driver.count(ContactState::active) == 11'997);
  CHECK(driver.count(ContactState::deleted) == 3);
  driver.finished(driver.ask("/restore-contacts", {{"job", job["id"]}}));
  CHECK(driver.count(ContactState::blacklisted) == 3);
  CHECK(driver.count(ContactState::deleted) == 0);
  CHECK(driver.verdict("acme", "ann3@example.com") == "suppressed:account:hard_bounce");
}

TEST_CASE("what changed since it was shown is neither counted nor deleted", "[bulk]") {
  ContactDriver driver;
  driver.add_contacts("ann", 5);
  const uint64_t shown = driver.sequence();
  suppress(driver, "ann0@example.com");
  const Reply stale = driver.ask("/delete-contacts", by_filter(json::object(), shown, 5));
  CHECK(stale.status == 409);
  CHECK(stale.json()["found"] == 4);
  // One more changes after the count, before the job's part.
  AddSuppressions late;
  late.scope = driver.number();
  late.rows.resize(1);
  late.rows[0].address = "ann1@example.com";
  late.rows[0].cause.reason = Reason::manual;
  late.rows[0].cause.source = "support";
  std::atomic<int> queued{0};
  driver.during_commit = [&] {
    if (queued == 0) queued += driver.committer().submit(change_now(late), [](const Outcome&) {});
  };
  const json job =
      driver.finished(driver.ask("/delete-contacts", by_filter(json::object(), shown, 4)));
  CHECK(queued == 1);
  CHECK(job["changed"] == 3);
  CHECK(job["skipped"] == 1);
  CHECK(job["done"] == 4);
  CHECK(driver.contact("ann1@example.com").of(Channel::email).state() == ContactState::blacklisted);
}

TEST_CASE("only jobs that delete and are over can be undone", "[bulk]") {
  ContactDriver driver;
  driver.add_contacts("ann", 2);
  const auto refusal = [&](const std::string& job) {
    const Reply reply = driver.ask("/restore-contacts", {{"job", job}});
    return std::to_string(reply.status) + " " + reply.problem();
  };
  CHECK(refusal("j1") == "404 unknown-job");
  CHECK(refusal("nonsense") == "404 unknown-job");
  const json recount = driver.finished(driver.post(driver.path("/counts/recalculate"), ""));
  CHECK(refusal(recount["id"]) == "409 wrong-job");
  driver.make_account("other");
  CHECK(driver.post("/v1/accounts/other/restore-contacts", R"({"job":"j1"})").status == 404);
}

TEST_CASE("a repeated bulk delete gets the first one's answer", "[bulk]") {
  ContactDriver driver;
  driver.add_contacts("ann", 4);
  const uint64_t shown = driver.sequence();
  const auto send = [&](const json& body) {
    return driver.send({"POST",
                        driver.path("/delete-contacts"),
                        driver.admin,
                        {{"content-type", "application/json"}, {"idempotency-key", "once"}},
                        body.dump()});
  };
  const json job = driver.finished(send(by_filter({{"field", "city"}}, shown, 4)));
  const Reply again = send(by_filter({{"field", "city"}}, shown, 4));
  CHECK(again.status == 202);
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.json()["job"]["id"] == job["id"]);
  CHECK(again.json()["job"]["state"] == "done");
  CHECK(send(by_filter({{"field", "city"}}, shown, 3)).status == 422);
}
