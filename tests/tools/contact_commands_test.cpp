// suppressctl contacts and jobs against the real server: what each verb says, and what the server
// says afterwards.
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

using Catch::Contains;
using Json = nlohmann::json;

/// Ann, clear, with fields and a phone; Bob, whom the platform suppresses; Cid, a complaint.
struct ServerWithContacts : ServerWithAccount {
  ServerWithContacts() {
    json({"add", "--platform", "bob@example.com", "--reason", "hard_bounce"});
    json({"contacts", "add", "Ann@Example.com", "050 123 45 67", "--field", "city=Kyiv", "--field",
          "name=Ann = A"});
    const std::string rows =
        "{\"email\":\"bob@example.com\"}\n{\"email\":\"cid@example.org\",\"fields\":{\"city\":"
        "\"Lviv\"}}\n";
    json({"contacts", "add", "-"}, rows);
    json({"add", "cid@example.org", "--reason", "complaint", "--campaign", "spring"});
  }
  /// The ids that a list shows, in its order.
  std::vector<std::string> listed(std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"contacts", "list", "--json", "--all"});
    const Finished done = ctl(filter);
    INFO(done.err);
    REQUIRE(done.exit_code == 0);
    std::vector<std::string> ids;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) ids.push_back(Json::parse(line)["id"]);
    return ids;
  }
};

using Ids = std::vector<std::string>;

TEST_CASE("contacts are added one by one and as NDJSON, and it is said who is suppressed") {
  ServerWithAccount server;
  server.json({"add", "--platform", "dead@example.com", "--reason", "hard_bounce"});
  const Finished dead = server.ctl({"contacts", "add", "Dead@example.com", "--region", "UA"});
  CHECK(dead.exit_code == 0);
  CHECK_THAT(dead.out, Catch::StartsWith("CONTACT  RESULT") && Contains("c1       created") &&
                           Contains("suppressed (hard_bounce, scope platform)"));
  CHECK(server.json({"contacts", "show", "c1"})["email"]["state"] == "blacklisted");

  const std::string rows =
      "{\"email\":\"new@example.com\"}\n{\"email\":\"nobody\"}\n{\"email\":\"Dead@example.com\"}\n";
  const Finished many = server.ctl({"contacts", "add", "-", "--json"}, rows);
  CHECK(many.exit_code == 1);
  const Json total = Json::parse(many.out);
  CHECK(total["created"] == 1);
  CHECK(total["unchanged"] == 1);
  CHECK(total["invalid"] == 1);
  CHECK(total["errors"][0]["index"] == 1);
  CHECK(many.err == "row 1: email: no_at_sign\n");
  CHECK(server.ctl({"contacts", "add", "two@example.com", "emails@example.com"}).exit_code == 2);
  CHECK_THAT(server.ctl({"contacts", "add", "a@example.com", "--field", "city"}).err,
             Contains("city=Kyiv"));
  CHECK(server.json({"counts"})["email"]["all"] == 2);
}

TEST_CASE("contacts are listed by what is known of them") {
  ServerWithContacts server;
  CHECK(server.listed({}) == Ids{"c1", "c2", "c3"});
  CHECK(server.listed({"--state", "blacklisted"}) == Ids{"c2", "c3"});
  CHECK(server.listed({"--state", "active"}) == Ids{"c1"});
  CHECK(server.listed({"--reason", "complaint"}) == Ids{"c3"});
  CHECK(server.listed({"--campaign", "spring", "--source", "api"}) == Ids{"c3"});
  CHECK(server.listed({"--domain", "example.org"}) == Ids{"c3"});
  CHECK(server.listed({"--scope", "platform"}) == Ids{"c2"});
  CHECK(server.listed({"--channel", "phone"}) == Ids{"c1"});
  CHECK(server.listed({"--prefix", "BO"}) == Ids{"c2"});
  CHECK(server.listed({"--field", "city", "--field-prefix", "l"}) == Ids{"c3"});
  CHECK(server.listed({"--group", "never_sent", "--inactive-days", "30"}) == Ids{"c1", "c2", "c3"});
  CHECK(server.listed({"--until", "2020-01-01T00:00:00Z"}).empty());
  CHECK(server.listed({"--sort", "time", "--since", "2020-01-01T00:00:00Z"}).size() == 3);
  CHECK(server.ctl({"contacts", "list", "--segment", "s9"}).exit_code == 2);
  CHECK_THAT(server.ctl({"contacts", "list", "--state", "gone"}).err, Contains("state"));

  const Finished page = server.ctl({"contacts", "list", "--limit", "1"});
  CHECK_THAT(page.out, Catch::StartsWith("CONTACT  EMAIL") && Contains("ann@example.com") &&
                           Contains("+380501234567") && !Contains("bob@"));
  CHECK_THAT(page.err, Contains("There is more"));
  CHECK_THAT(server.ctl({"contacts", "list"}).out,
             Contains("blacklisted (hard_bounce, scope platform)"));
}

TEST_CASE("a contact is shown by id or by any spelling of its address, edited, and followed") {
  ServerWithContacts server;
  const Finished card = server.ctl({"contacts", "show", "CID@example.org"});
  CHECK_THAT(card.out, Catch::StartsWith("Contact c3, created ") &&
                           Contains("blacklisted (complaint, scope account)  since ") &&
                           Contains("spring") && Contains("city  Lviv"));
  CHECK(server.json({"contacts", "show", "(050) 123-45-67"})["id"] == "c1");
  CHECK_THAT(server.ctl({"contacts", "show", "no@example.com"}).err, Contains("No contact"));
  CHECK_THAT(server.ctl({"contacts", "show", "nobody"}).err, Contains("nobody is neither"));
  CHECK(server.ctl({"contacts", "show", "c99"}).exit_code == 2);

  const Finished edited = server.ctl({"contacts", "edit", "c1", "--email", "bob@example.net",
                                      "--field", "city=", "--field", "name=Bob", "--phone", ""});
  CHECK(edited.exit_code == 0);
  CHECK_THAT(edited.out, Contains("bob@example.net") && !Contains("+380"));
  const Json now = server.json({"contacts", "show", "c1"});
  CHECK(now["fields"] == Json{{"name", "Bob"}});
  CHECK(now["phone"].is_null());
  CHECK(server.ctl({"contacts", "edit", "c1"}).exit_code == 2);
  CHECK(server.ctl({"contacts", "edit", "c1", "--email", "bob@example.com"}).exit_code == 2);

  const Finished activity = server.ctl({"contacts", "activity", "c1", "--all"});
  CHECK_THAT(activity.out, Catch::StartsWith("WHEN") && Contains("edited") && Contains("added"));
  CHECK(activity.out.find("edited") < activity.out.find("added"));
}

TEST_CASE("named contacts are deleted and restored") {
  ServerWithContacts server;
  const Finished deleted = server.ctl(
      {"contacts", "delete", "c1", "bob@example.com", "--channel", "email", "--note", "by phone"});
  CHECK(deleted.exit_code == 0);
  CHECK(deleted.out == "CONTACT  RESULT\nc1       deleted\nc2       deleted\n");
  const Json card = server.json({"contacts", "show", "ann@example.com"});
  CHECK(card["email"]["deleted"]["reason"] == "by phone");
  CHECK(card["phone"]["state"] == "active");
  CHECK_THAT(server.ctl({"contacts", "show", "c2"}).out, Contains(": by phone"));
  CHECK(server.ctl({"contacts", "delete", "c2"}).exit_code == 1);
  CHECK(server.listed({"--state", "deleted"}) == Ids{"c1", "c2"});
  CHECK(server.ctl({"contacts", "delete", "c1", "--state", "active"}).exit_code == 2);
  CHECK(server.ctl({"contacts", "delete"}).exit_code == 2);

  const Finished restored = server.ctl({"contacts", "restore", "-"}, "c2\n\nann@example.com\n");
  CHECK(restored.exit_code == 0);
  CHECK_THAT(restored.out, Contains("c2       restored") && Contains("c1       restored"));
  CHECK(server.listed({"--state", "blacklisted"}) == Ids{"c2", "c3"});
  CHECK(server.ctl({"contacts", "restore", "c2", "--channel", "email"}).exit_code == 1);
  CHECK(server.ctl({"contacts", "restore"}).exit_code == 2);
}

TEST_CASE("a filter deletes in two steps, and the job is undone") {
  ServerWithContacts server;
  const std::vector<std::string> wanted{"contacts", "delete", "--state", "blacklisted"};
  const auto with = [&wanted](std::vector<std::string> more) {
    more.insert(more.begin(), wanted.begin(), wanted.end());
    return more;
  };
  const Finished asked = server.ctl(wanted);
  CHECK(asked.exit_code == 2);
  CHECK(asked.out == "2 contacts would be deleted. Nothing was done.\n");
  CHECK(asked.err == "To do it: the same with --yes --expected 2\n");
  CHECK(server.listed({"--state", "deleted"}).empty());
  const Finished wrong = server.ctl(with({"--yes", "--expected", "3"}));
  CHECK(wrong.exit_code == 2);
  CHECK(server.listed({"--state", "deleted"}).empty());

  const Finished deleted = server.ctl(with({"--yes", "--expected", "2", "--note", "spring clean"}));
  CHECK(deleted.exit_code == 0);
  CHECK_THAT(deleted.out, Catch::StartsWith("JOB  KIND") && Contains("delete_contacts  done"));
  CHECK(server.listed({"--state", "deleted"}) == Ids{"c2", "c3"});
  CHECK(server.json({"contacts", "show", "c3"})["email"]["deleted"]["reason"] == "spring clean");
  const Finished none = server.ctl(with({"--yes"}));
  CHECK(none.exit_code == 1);
  CHECK_THAT(none.out, Contains("0 contacts would be deleted"));

  const std::string job = server.json({"contacts", "show", "c3"})["email"]["deleted"]["job"];
  CHECK(server.json({"jobs", "show", job})["changed"] == 2);
  const Json restore = server.json({"contacts", "restore", "--job", job});
  CHECK(restore["kind"] == "restore_contacts");
  CHECK(restore["state"] == "done");
  CHECK(server.listed({"--state", "blacklisted"}) == Ids{"c2", "c3"});
  CHECK(server.ctl({"contacts", "restore", "--job", job, "c1"}).exit_code == 2);
}

TEST_CASE("jobs are listed, waited for, and steered") {
  ServerWithContacts server;
  const Json begun = server.json({"contacts", "delete", "--prefix", "a", "--yes", "--no-wait"});
  const std::string job = begun["id"];
  CHECK(server.json({"jobs", "wait", job})["state"] == "done");
  CHECK_THAT(server.ctl({"jobs", "list"}).out, Catch::StartsWith("JOB  KIND") && Contains(job));
  for (const char* verb : {"pause", "resume", "cancel"}) {
    const Finished late = server.ctl({"jobs", verb, job});
    CHECK(late.exit_code == 2);
    CHECK_THAT(late.err, Contains("over"));
  }
  CHECK(server.ctl({"jobs", "wait", "j99"}).exit_code == 2);
}

TEST_CASE("an erased contact is forgotten, and its suppression is not") {
  ServerWithContacts server;
  const Finished asked = server.ctl({"erase", "cid@example.org"});
  CHECK(asked.exit_code == 2);
  CHECK_THAT(asked.err, Contains("would erase contact c3"));
  CHECK(server.ctl({"contacts", "show", "c3"}).exit_code == 0);
  const Json job = server.json({"erase", "cid@example.org", "--yes"});
  CHECK(job["kind"] == "erase_contact");
  CHECK(job["state"] == "done");
  CHECK(server.ctl({"contacts", "show", "c3"}).exit_code == 2);
  CHECK(server.ctl({"check"}, "cid@example.org\nann@example.com\n").out == "ann@example.com\n");
}

}  // namespace
}  // namespace tools_tests
