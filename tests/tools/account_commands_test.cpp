// suppressctl segments, export, requests, events, counts, analytics and causes against the real
// server.
#include <zlib.h>
#include <catch2/catch.hpp>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

using Catch::Contains;
using Json = nlohmann::json;

struct ServerWithContacts : ServerWithAccount {
  ServerWithContacts() {
    json({"contacts", "add", "-"},
         "{\"email\":\"ann@example.com\"}\n{\"email\":\"bob@example.com\"}\n"
         "{\"email\":\"cid@example.com\",\"phone\":\"+380501234567\"}\n");
    json({"add", "bob@example.com", "--reason", "complaint"});
  }
  bool clear(const std::string& address) {
    return json({"explain", address})["verdict"] == "clear";
  }
};

TEST_CASE("segments are made, named, filled, emptied and deleted") {
  ServerWithContacts server;
  const Finished created = server.ctl({"segments", "create", "Spring"});
  CHECK(created.exit_code == 0);
  CHECK_THAT(created.out, Catch::StartsWith("SEGMENT  NAME") && Contains("s1       Spring"));
  CHECK(server.ctl({"segments", "create", "Spring"}).exit_code == 2);
  CHECK(server.json({"segments", "rename", "s1", "Summer"})["name"] == "Summer");
  CHECK_THAT(server.ctl({"segments", "list"}).out, Contains("Summer"));

  CHECK(server.ctl({"segments", "add", "s1", "c1", "cid@example.com"}).out ==
        "CONTACT  RESULT\nc1       added\nc3       added\n");
  CHECK(server.ctl({"segments", "add", "s1", "c1"}).exit_code == 1);
  CHECK(server.json({"segments", "show", "s1"})["contacts"]["email"] == 2);
  CHECK_THAT(server.ctl({"contacts", "show", "c1"}).out, Contains("s1       Summer"));
  CHECK(server.ctl({"segments", "remove", "s1", "c1"}).exit_code == 0);
  CHECK(server.ctl({"segments", "remove", "s1", "c1"}).exit_code == 1);
  CHECK(server.json({"contacts", "list", "--segment", "s1"})["id"] == "c3");

  const std::vector<std::string> both{"segments", "delete", "s1", "--delete-contacts", "both"};
  const Finished asked = server.ctl(both);
  CHECK(asked.exit_code == 2);
  CHECK_THAT(asked.out, Contains("would be deleted with the segment 'Summer'"));
  CHECK(server.ctl({"segments", "delete", "s1"}).exit_code == 2);
  CHECK(server.ctl({"segments", "show", "s1"}).exit_code == 0);
  auto confirmed = both;
  confirmed.insert(confirmed.end(), {"--yes", "--note", "moved away"});
  CHECK_THAT(server.ctl(confirmed).out, Contains("delete_segment  done"));
  CHECK(server.ctl({"segments", "show", "s1"}).exit_code == 2);
  const Json card = server.json({"contacts", "show", "c3"});
  CHECK(card["email"]["state"] == "deleted");
  CHECK(card["phone"]["deleted"]["reason"] == "moved away");

  server.json({"segments", "create", "Empty"});
  CHECK(server.json({"segments", "delete", "s2", "--yes"})["state"] == "done");
}

TEST_CASE("lists are exported as CSV, to a file only when whole, and into segments") {
  ServerWithContacts server;
  const Finished addresses = server.ctl({"export", "--state", "active"});
  CHECK(addresses.exit_code == 0);
  CHECK(addresses.out == "email\r\nann@example.com\r\ncid@example.com\r\n");
  CHECK_THAT(addresses.err, Catch::StartsWith("As of sequence "));

  const std::string file = server.folder.path("all.csv");
  CHECK(server.ctl({"export", "--columns", "all", "--spreadsheet", "--output", file}).exit_code ==
        0);
  CHECK_THAT(server.folder.read("all.csv"),
             Catch::StartsWith("id,email,") && Contains("bob@example.com,blacklisted,complaint"));
  CHECK(server.ctl({"export", "--segment", "s9", "-o", server.folder.path("no.csv")}).exit_code ==
        2);
  CHECK_FALSE(server.folder.has("no.csv"));
  CHECK_FALSE(server.folder.has("no.csv.part"));

  const std::string packed = server.folder.path("all.csv.gz");
  CHECK(server.ctl({"export", "--gzip", "--quiet", "-o", packed}).err.empty());
  gzFile unpacked = ::gzopen(packed.c_str(), "rb");
  char text[200] = {};
  CHECK(::gzread(unpacked, text, sizeof text) > 0);
  ::gzclose(unpacked);
  CHECK(std::string(text) == "email\r\nann@example.com\r\nbob@example.com\r\ncid@example.com\r\n");

  const Finished made = server.ctl({"export", "--state", "blacklisted", "--into-new", "Bad"});
  CHECK(made.exit_code == 0);
  CHECK(made.err == "Into segment s1.\n");
  CHECK_THAT(made.out, Contains("fill_segment  done"));
  CHECK(server.json({"export", "--state", "active", "--prefix", "a", "--into", "s1"})["changed"] ==
        1);
  CHECK(server.json({"segments", "show", "s1"})["contacts"]["email"] == 2);
  CHECK(server.ctl({"export", "--into", "s1", "--into-new", "x"}).exit_code == 2);
}

TEST_CASE("requests are filed, seen in the queue, and decided") {
  ServerWithContacts server;
  const Finished filed =
      server.ctl({"requests", "file", "reactivate", "-", "c1", "--statement", "Both wrote to us."},
                 "bob@example.com\n");
  CHECK(filed.exit_code == 0);
  CHECK_THAT(filed.out, Catch::StartsWith("REQUEST  ACCOUNT") && Contains("reactivate  open"));
  CHECK(server.ctl({"requests", "file", "reactivate", "bob@example.com"}).exit_code == 2);
  CHECK_THAT(server.ctl({"requests", "list", "--queue", "--kind", "reactivate"}).out,
             Contains("r1") && Contains("demo"));
  CHECK(server.ctl({"requests", "list", "--state", "rejected", "--json"}).out.empty());
  CHECK(server.json({"requests", "list", "--contact", "c1"})["id"] == "r1");

  const Finished shown = server.ctl({"requests", "show", "r1"});
  CHECK_THAT(shown.out, Contains("Statement: Both wrote to us.") && Contains("#  ADDRESS") &&
                            Contains("suppressed (complaint, scope account)"));
  const Json addresses = server.json({"requests", "show", "r1"})["addresses"];
  REQUIRE(addresses.size() == 2);
  const std::string bob = addresses[0]["address"] == "bob@example.com" ? "0" : "1";
  const Json approved =
      server.json({"requests", "approve", "r1", "--only", bob, "--note", "only Bob"});
  CHECK(approved["state"] == "approved_in_part");
  CHECK(approved["note"] == "only Bob");
  CHECK(server.clear("bob@example.com"));
  const Finished again = server.ctl({"requests", "reject", "r1", "--note", "no"});
  CHECK(again.exit_code == 2);
  CHECK_THAT(again.err, Contains("decided"));

  server.json({"segments", "create", "Spring"});
  server.json({"segments", "add", "s1", "c1", "c3"});
  server.json({"requests", "file", "blacklist", "--segment", "s1", "--channel", "email"});
  const Json done = server.json({"requests", "approve", "r2"});
  CHECK(done["state"] == "approved");
  CHECK(done["applied"] == 2);
  CHECK_FALSE(server.clear("ann@example.com"));
  CHECK(server.clear("+380501234567"));

  server.json({"requests", "file", "unsubscribe", "+380501234567"});
  CHECK(server.ctl({"requests", "reject", "r3"}).exit_code == 2);
  CHECK(server.json({"requests", "reject", "r3", "--note", "no proof"})["state"] == "rejected");
}

TEST_CASE("replies are classified, given as arguments, as codes and as lines") {
  ServerWithContacts server;
  const Finished shown = server.ctl({"classify", "550 5.1.1 gone", "rejected by DNSBL"});
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.out, Catch::StartsWith("CLASS    SUPPRESSES   RULE") &&
                            Contains("hard     hard_bounce  5.1.1") &&
                            Contains("blocked  no           dnsbl"));
  CHECK(server.json({"classify", "--code", "550", "--enhanced", "5.4.4"})["class"] ==
        "hard_confirmed");
  CHECK_THAT(server.ctl({"classify", "-"}, "user unknown\n\n451 later\n").out,
             Contains("user-unknown") && Contains("4**"));
  CHECK(server.ctl({"classify", "--code", "55"}).exit_code == 2);
}

TEST_CASE("events are sent, and counts, analytics and causes follow them") {
  ServerWithContacts server;
  const std::string events =
      "{\"type\":\"sent\",\"address\":\"ann@example.com\",\"campaign\":\"spring\"}\n"
      "{\"type\":\"sent\",\"address\":\"cid@example.com\",\"campaign\":\"spring\"}\n"
      "{\"type\":\"bounced\",\"bounce\":\"hard\",\"address\":\"cid@example.com\",\"campaign\":"
      "\"spring\",\"detail\":\"550 5.1.1\"}\n"
      "{\"type\":\"vanished\",\"address\":\"ann@example.com\"}\n";
  const Finished sent =
      server.ctl({"events", "send", server.folder.write("events.ndjson", events)});
  CHECK(sent.exit_code == 1);
  CHECK_THAT(sent.out, Catch::StartsWith("ACCEPTED  INVALID  SUPPRESSED") &&
                           Contains("3         1        1"));
  CHECK_THAT(sent.err, Contains("row 3: type: "));
  CHECK_FALSE(server.clear("cid@example.com"));
  CHECK(server.json({"events", "send", "-"},
                    "{\"type\":\"opened\",\"address\":\"ann@example.com\"}\n")["accepted"] == 1);

  CHECK_THAT(server.ctl({"counts"}).out,
             Catch::StartsWith("CHANNEL  ALL  ACTIVE") && Contains("email    3    1"));
  CHECK(server.json({"counts"})["email"]["blacklisted"] == 2);
  const Finished recounted = server.ctl({"counts", "--recalculate"});
  CHECK(recounted.exit_code == 0);
  CHECK_THAT(recounted.out,
             Contains("recalculate_counts  done") && Contains("\n0 differences, 0 repaired\n"));

  const Finished groups = server.ctl({"analytics", "--inactive-days", "30"});
  CHECK_THAT(groups.out, Catch::StartsWith("GROUP       CONTACTS") && Contains("100.0 %") &&
                             Contains("hard_bounce 1"));
  const Json analytics = server.json({"analytics", "--channel", "email"})["groups"];
  CHECK(analytics["active"]["contacts"] == 1);
  CHECK(analytics["lost"]["contacts"] == 1);
  CHECK(analytics["never_sent"]["contacts"] == 1);
  CHECK(server.json({"contacts", "list", "--group", "lost"})["id"] == "c3");

  const Finished causes = server.ctl({"causes", "--sort", "value"});
  CHECK_THAT(causes.out, Catch::StartsWith("VALUE        CONTACTS\n") &&
                             Contains("\ncomplaint    1\n") && Contains("\nhard_bounce  1\n"));
  CHECK(server.json({"causes", "--by", "campaign"})["value"] == "spring");
  CHECK(server.ctl({"causes", "--by", "weather"}).exit_code == 2);
}

}  // namespace
}  // namespace tools_tests
