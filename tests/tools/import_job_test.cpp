// suppressctl import --mode against the real server: what the server makes of a file, and what of it
// is fetched; and that neither a killed server nor Ctrl-C loses an upload.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

using Catch::Contains;
using Json = nlohmann::json;

/// Bob is suppressed for all accounts, Cid in this one.
struct ServerWithList : ServerWithAccount {
  ServerWithList() {
    json({"add", "--platform", "bob@example.com", "--reason", "hard_bounce"});
    json({"add", "cid@example.com", "--reason", "complaint"});
  }
};

const std::string customers =
    "Name;E-Mail;Telefon\r\n"
    "Ann;Ann@Example.com;050 123 45 67\r\n"
    "Bob;bob@example.com;\r\n"
    "\"Cid; the third\";cid@example.com;\r\n"
    "Ann again;ann@example.com;\r\n"
    "Dan;nobody;\r\n";

/// Larger than a few parts of an upload.
std::string large_list(size_t rows) {
  std::string text = "email,note\n";
  for (size_t i = 0; i < rows; ++i)
    text += "user" + std::to_string(i) + "@example.com," + std::string(180, 'x') + "\n";
  return text;
}

bool has_job(ServerWithAccount& server) {
  return !server.ctl({"jobs", "list", "--json"}).out.empty();
}

}  // namespace

TEST_CASE("contacts are imported by the server, and clean and rejected rows come back") {
  ServerWithList server;
  const std::string file = server.folder.write("customers.csv", customers);
  const std::string clean = server.folder.path("clean.csv"), bad = server.folder.path("bad.csv"),
                    blocked = server.folder.path("blocked.csv"),
                    all = server.folder.path("all.csv");
  const Json report =
      server.json({"import", "--contacts", "--clean", clean, "--rejected", bad, "--rows",
                   "suppressed=" + blocked, "--rows", "all=" + all, file});
  CHECK(report["state"] == "done");
  CHECK(report["mode"] == "contacts");
  CHECK(report["rows"] == 5);
  CHECK(report["duplicate"] == 1);
  CHECK(report["suppressed"]["rows"] == 2);
  CHECK(report["invalid"]["errors"]["no_at_sign"] == 1);
  CHECK(server.folder.read("clean.csv") ==
        "Name;E-Mail;Telefon\r\nAnn;Ann@Example.com;050 123 45 67\r\n");
  CHECK_THAT(server.folder.read("bad.csv"), Contains("no_at_sign"));
  CHECK_THAT(server.folder.read("blocked.csv"),
             Contains("bob@example.com") && Contains("hard_bounce") && Contains("cid@example.com"));
  const std::string rows = server.folder.read("all.csv");
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 6);
  CHECK_FALSE(server.folder.has("clean.csv.part"));
  CHECK(server.json({"counts"})["email"]["all"] == 3);
  const Finished shown = server.ctl({"import", "--attach", report["id"]});
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.out, Catch::StartsWith("IMPORT") && Contains("done"));
}

TEST_CASE("a dry run changes nothing, and columns can be named") {
  ServerWithList server;
  const std::string file = server.folder.write("customers.csv", customers);
  const Json report =
      server.json({"import", "--dry-run", file, "--column", "2", "--fields", "none"});
  CHECK(report["mode"] == "dry_run");
  CHECK(report["rows"] == 5);
  CHECK(report["suppressed"]["rows"] == 2);
  CHECK(server.json({"counts"})["email"]["all"] == 0);
  const Finished wrong = server.ctl({"import", "--dry-run", file, "--email-column", "e-post"});
  CHECK(wrong.exit_code == 2);
  CHECK_THAT(wrong.err, Contains("E-Mail"));
}

TEST_CASE("a provider's export becomes suppressions, with its reasons") {
  ServerWithList server;
  const std::string file =
      server.folder.write("postmark.csv",
                          "EmailAddress,SuppressionReason,Origin,CreatedAt\n"
                          "gone@example.com,HardBounce,Recipient,2025-03-04T04:35:30-05:00\n"
                          "angry@example.com,SpamComplaint,Recipient,2025-03-04T09:35:30Z\n");
  const Json report = server.json({"import", "--mode", "suppress", file});
  CHECK(report["state"] == "done");
  CHECK(report["new"] == 2);
  CHECK(server.json({"explain", "gone@example.com"})["reason"] == "hard_bounce");
  CHECK(server.json({"explain", "angry@example.com"})["reason"] == "complaint");
}

TEST_CASE("suppressing most of an account's contacts waits until it is confirmed") {
  ServerWithAccount server;
  std::string list;
  for (int i = 0; i < 2'000; ++i) list += "user" + std::to_string(i) + "@example.com\n";
  const std::string file = server.folder.write("list.txt", list);
  server.json({"import", "--contacts", file});
  const Finished asked = server.ctl({"import", "--mode", "suppress", file});
  INFO(asked.err);
  CHECK(asked.exit_code == 1);
  CHECK_THAT(asked.err, Contains("suppressctl import --attach j2 --confirm 2000"));
  CHECK(server.json({"explain", "user1@example.com"})["verdict"] == "clear");
  const Json report = server.json({"import", "--attach", "j2", "--confirm", "2000"});
  CHECK(report["state"] == "done");
  CHECK(report["new"] == 2'000);
  CHECK(server.json({"explain", "user1@example.com"})["verdict"] == "suppressed");
}

TEST_CASE("options of one way of importing are refused by the other") {
  ServerWithAccount server;
  const std::string file = server.folder.write("list.txt", "a@example.com\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"import", "--contacts", file, "--platform"},
        {"import", "--contacts", file, "--batch", "10"},
        {"import", file, "--reason", "manual", "--clean", "clean.txt"},
        {"import", "--contacts", "-"},
        {"import", "--contacts", file, "--rows", "invalid"},
        {"import", "--contacts"},
        {"import"}}) {
    const Finished done = server.ctl(arguments);
    INFO(done.err);
    CHECK(done.exit_code == 2);
    CHECK_FALSE(done.err.empty());
  }
}

TEST_CASE("an empty file and a missing one are errors in words") {
  ServerWithAccount server;
  const Finished empty = server.ctl({"import", "--contacts", server.folder.write("e.csv", "")});
  CHECK(empty.exit_code == 2);
  CHECK_THAT(empty.err, Contains("no rows"));
  CHECK(server.ctl({"import", "--contacts", server.folder.path("nothing")}).exit_code == 2);
}

TEST_CASE("an upload goes on when the server was killed in the middle of it") {
  ServerWithAccount server;
  constexpr size_t rows = 300'000;
  const std::string text = large_list(rows);
  const std::string file = server.folder.write("large.csv", text);
  auto import = server.begin_ctl({"import", "--contacts", file, "--json", "--fields", "none"});
  wait_until("the upload begins", [&] { return has_job(server); });
  server.kill_9();
  server.start();
  const Finished done = import->wait();
  INFO(done.err);
  REQUIRE(done.exit_code == 0);
  const Json report = Json::parse(done.out);
  CHECK(report["state"] == "done");
  CHECK(report["rows"] == rows);
  CHECK(report["new"] == rows);
  CHECK(report["received_bytes"] == text.size());
  CHECK(server.json({"counts"})["email"]["all"] == rows);
}

TEST_CASE("Ctrl-C says how an upload goes on, and it does") {
  ServerWithAccount server;
  constexpr size_t rows = 300'000;
  const std::string file = server.folder.write("large.csv", large_list(rows));
  auto import = server.begin_ctl({"import", "--contacts", file, "--fields", "none"});
  wait_until("the upload begins", [&] { return has_job(server); });
  import->signal(SIGINT);
  const Finished stopped = import->wait();
  INFO(stopped.err);
  CHECK(stopped.exit_code == 2);
  CHECK_THAT(stopped.err, Contains("Interrupted") && Contains("suppressctl import --attach j1"));
  const Json report = server.json({"import", "--attach", "j1", file});
  CHECK(report["state"] == "done");
  CHECK(report["new"] == rows);
}

TEST_CASE("a detached import is followed later") {
  ServerWithAccount server;
  const std::string file = server.folder.write("list.txt", "a@example.com\nb@example.com\n");
  const Json begun = server.json({"import", "--contacts", "--detach", file});
  CHECK(begun["id"] == "j1");
  CHECK(server.json({"import", "--attach", "j1"})["new"] == 2);
}

}  // namespace tools_tests
