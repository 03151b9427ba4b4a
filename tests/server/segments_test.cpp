// Segments: create, rename, list, their contacts, and deleting them by a job.
#include <catch2/catch.hpp>

#include "tests/server/contact_driver.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;

namespace {

std::string refusal(const Reply& reply) {
  return std::to_string(reply.status) + " " + reply.problem();
}

std::vector<std::string> names(const json& page) {
  std::vector<std::string> names;
  for (const json& one : page["items"]) names.push_back(one["name"]);
  return names;
}

/// Emails of a segment's contacts, in the list's order.
std::vector<std::string> emails(ContactDriver& driver, const std::string& query = "") {
  std::vector<std::string> emails;
  const json page = driver.get(driver.path("/segments/s1/contacts" + query)).json();
  for (const json& one : page["items"]) emails.push_back(one["email"]["address"]);
  return emails;
}

Reply patch(ContactDriver& driver, const std::string& rest, const json& body) {
  return driver.send({"PATCH",
                      driver.path(rest),
                      driver.admin,
                      {{"content-type", "application/json"}},
                      body.dump()});
}

Reply remove_ids(ContactDriver& driver, const std::string& rest, const json& body) {
  return driver.send({"DELETE",
                      driver.path(rest),
                      driver.admin,
                      {{"content-type", "application/json"}},
                      body.dump()});
}

}  // namespace

TEST_CASE("segments are created, found by name in order, renamed", "[segments]") {
  ContactDriver driver;
  const Reply made = driver.ask("/segments", {{"name", "winter"}});
  REQUIRE(made.status == 201);
  CHECK(made.json()["id"] == "s1");
  CHECK(made.json()["contacts"] == json{{"email", 0}, {"phone", 0}});
  CHECK(made.field("Suppress-Sequence") == std::to_string(made.json()["sequence"].get<int>()));
  for (const char* name : {"autumn", "spring, \"late\"", "summer"}) {
    REQUIRE(driver.ask("/segments", {{"name", name}}).status == 201);
  }
  CHECK(refusal(driver.ask("/segments", {{"name", "summer"}})) == "409 segment-exists");
  const json page = driver.get(driver.path("/segments?limit=2")).json();
  CHECK(names(page) == std::vector<std::string>{"autumn", "spring, \"late\""});
  const json rest = driver.get(driver.path("/segments?cursor=spring%2C%20%22late%22")).json();
  CHECK(names(rest) == std::vector<std::string>{"summer", "winter"});
  CHECK(rest["next"].is_null());

  CHECK(refusal(patch(driver, "/segments/s1", {{"name", "summer"}})) == "409 segment-exists");
  const Reply renamed = patch(driver, "/segments/s1", {{"name", "frost"}});
  REQUIRE(renamed.status == 200);
  CHECK(renamed.json()["name"] == "frost");
  CHECK(driver.get(driver.path("/segments/s1")).json()["name"] == "frost");
  CHECK(driver.ask("/segments", {{"name", "winter"}}).status == 201);  // free again
}

TEST_CASE("names of segments have limits, and other accounts' segments are unknown", "[segments]") {
  ContactDriver driver;
  const auto error = [&](const json& body) -> std::string {
    const Reply reply = driver.ask("/segments", body);
    CHECK(reply.status == 400);
    return reply.json()["errors"][0]["error"];
  };
  CHECK(error(json::object()) == "required");
  CHECK(error({{"name", ""}}) == "empty");
  CHECK(error({{"name", 1}}) == "not_a_string");
  CHECK(error({{"name", std::string(257, 'x')}}) == "too_long");
  CHECK(driver.ask("/segments", {{"name", std::string(256, 'x')}}).status == 201);
  driver.make_account("other");
  for (const char* id : {"s1", "s01", "x", "s99"}) {
    const std::string theirs = "/v1/accounts/other/segments/" + std::string(id);
    CHECK(refusal(driver.get(theirs)) == "404 unknown-segment");
    CHECK(refusal(driver.get(theirs + "/contacts")) == "404 unknown-segment");
    CHECK(refusal(driver.remove(theirs + "?confirm=x")) == "404 unknown-segment");
    CHECK(refusal(driver.post(theirs + "/contacts", R"({"ids":["c1"]})")) == "404 unknown-segment");
  }
}

TEST_CASE("contacts are added to a segment, listed, and taken out", "[segments]") {
  ContactDriver driver;
  driver.add_contacts("ann", 4);
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  const Reply added = driver.ask("/segments/s1/contacts", {{"ids", {"c1", "c3", "c1", "c99"}}});
  REQUIRE(added.status == 200);
  CHECK(added.json()["added"] == 2);
  CHECK(added.json()["unchanged"] == 2);
  CHECK(added.json()["results"] == json{{{"id", "c1"}, {"result", "added"}},
                                        {{"id", "c3"}, {"result", "added"}},
                                        {{"id", "c1"}, {"result", "unchanged"}},
                                        {{"id", "c99"}, {"result", "not_found"}}});
  CHECK(emails(driver) == std::vector<std::string>{"ann0@example.com", "ann2@example.com"});
  CHECK(emails(driver, "?prefix=ann2") == std::vector<std::string>{"ann2@example.com"});
  CHECK(driver.get(driver.path("/segments/s1/contacts?segment=s1")).status == 400);
  CHECK(driver.get(driver.path("/segments/s1")).json()["contacts"] ==
        json{{"email", 2}, {"phone", 2}});
  const Reply removed = remove_ids(driver, "/segments/s1/contacts", {{"ids", {"c1", "c2"}}});
  REQUIRE(removed.status == 200);
  CHECK(removed.json()["removed"] == 1);
  CHECK(removed.json()["unchanged"] == 1);
  CHECK(emails(driver) == std::vector<std::string>{"ann2@example.com"});
}

TEST_CASE("a segment is deleted once its name confirms it; its contacts stay", "[segments]") {
  ContactDriver driver;
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  driver.add_contacts("ann", 6'000, 1);
  REQUIRE(driver.ask("/delete-contacts", {{"ids", {"c1"}}}).status == 200);
  CHECK(refusal(driver.remove(driver.path("/segments/s1"))) == "409 wrong-confirmation");
  CHECK(refusal(driver.remove(driver.path("/segments/s1?confirm=summer"))) ==
        "409 wrong-confirmation");
  CHECK(driver.remove(driver.path("/segments/s1?confirm=winter&expected=1")).status == 400);
  const json job = driver.finished(driver.remove(driver.path("/segments/s1?confirm=winter")));
  CHECK(job["kind"] == "delete_segment");
  CHECK(job["state"] == "done");
  CHECK(job["changed"] == 6'000);  // who was deleted left it, too
  CHECK(refusal(driver.get(driver.path("/segments/s1"))) == "404 unknown-segment");
  CHECK(driver.contact("ann1@example.com").segments.empty());
  CHECK(driver.store().contacts().contact(driver.number(), 1)->segments.empty());
  CHECK(driver.count(ContactState::active) == 5'999);
  CHECK(driver.ask("/segments", {{"name", "winter"}}).json()["id"] == "s2");
}

TEST_CASE("with its segment go the contacts that were shown, in the channels named", "[segments]") {
  ContactDriver driver;
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  driver.add_contacts("ann", 5, 1);
  driver.add_contacts("bob", 2);
  const auto remove = [&](const std::string& channels, uint64_t shown_at, int expected) {
    return driver.remove(driver.path(
        "/segments/s1?confirm=winter&reason=over&delete_contacts=" + channels +
        "&shown_at=" + std::to_string(shown_at) + "&expected=" + std::to_string(expected)));
  };
  const uint64_t shown = driver.sequence();
  const Reply wrong = remove("both", shown, 4);
  CHECK(refusal(wrong) == "409 wrong-confirmation");
  CHECK(wrong.json()["found"] == 5);
  CHECK(remove("fax", shown, 5).status == 400);
  CHECK(remove("both", shown + 9, 5).json()["errors"][0]["error"] == "not_reached");
  CHECK(driver.remove(driver.path("/segments/s1?confirm=winter&delete_contacts=both")).status ==
        400);
  const json job = driver.finished(remove("email", shown, 5));
  CHECK(job["state"] == "done");
  CHECK(driver.count(ContactState::deleted) == 5);
  CHECK(driver.count(ContactState::deleted, Channel::phone) == 0);
  CHECK(driver.count(ContactState::active) == 2);
  CHECK(driver.contact("ann1@example.com").of(Channel::email).deletion->reason == "over");
  CHECK(driver.get(driver.path("/segments/s1")).status == 404);
  const json undone = driver.finished(driver.ask("/restore-contacts", {{"job", job["id"]}}));
  CHECK(undone["changed"] == 5);
  CHECK(driver.count(ContactState::active) == 7);
}

TEST_CASE("a segment whose deletion is cancelled is as open as before", "[segments]") {
  ContactDriver driver;
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  driver.add_contacts("ann", 3, 1);
  // The commit that makes the job is held until the cancelling waits behind it.
  WakeSignal reached, go_on;
  std::atomic<bool> once{false};
  driver.during_commit = [&] {
    if (once.exchange(true)) return;
    reached.give();
    go_on.wait();
  };
  auto deleting = std::async(std::launch::async, [&] {
    return driver.remove(driver.path("/segments/s1?confirm=winter"));
  });
  reached.wait();
  auto cancelling = std::async(std::launch::async,
                               [&] { return driver.post(driver.path("/jobs/j1/cancel"), ""); });
  eventually([&] { return driver.committer().queued_rows() != 0; });
  go_on.give();
  REQUIRE(deleting.get().status == 202);
  REQUIRE(cancelling.get().json()["state"] == "cancelled");
  CHECK(driver.get(driver.path("/segments/s1")).json()["deleting"] == false);
  CHECK(emails(driver).size() == 3);
  driver.finished(driver.remove(driver.path("/segments/s1?confirm=winter")));
  CHECK(driver.get(driver.path("/segments/s1")).status == 404);
}
