// The command line against the real server: what each command says, and what kills leave behind.
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

using Json = nlohmann::json;

size_t test_size() {
  const char* given = std::getenv("SUPPRESSD_TEST_SIZE");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : 20'000;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

TEST_CASE("changes are shown in order, from where one left off, and while they happen") {
  ServerWithAccount server;
  REQUIRE(server.ctl({"add", "a@example.com", "--reason", "manual"}).exit_code == 0);
  const Finished all = server.ctl({"changes", "--json"});
  std::vector<Json> changes;
  std::istringstream lines(all.out);
  for (std::string line; std::getline(lines, line);) changes.push_back(Json::parse(line));
  REQUIRE(changes.size() == 3);
  CHECK(changes[1]["kind"] == "account_created");
  CHECK(changes[2]["kind"] == "suppressions_added");
  CHECK(changes[2]["entries"][0]["address"] == "a@example.com");

  const std::string last = changes[2]["sequence"].dump();
  CHECK(server.ctl({"changes", "--after", last}).out.empty());
  CHECK(server.ctl({"changes", "--of-account"}).out.find("a@example.com manual") !=
        std::string::npos);
  CHECK(server.ctl({"changes", "--after", "999999"}).exit_code == 2);

  const auto following = server.begin_ctl({"changes", "--follow", "--json", "--after", last});
  REQUIRE(server.ctl({"remove", "a@example.com"}).exit_code == 0);
  wait_until("the change that just happened", [&] { return following->output_size() != 0; });
  following->signal(SIGKILL);
  const Finished followed = following->wait();
  CHECK(followed.out.find("suppression_removed") != std::string::npos);
}

TEST_CASE("accounts are created, shown, changed and listed") {
  ServerWithAccount server;
  CHECK(server.json({"accounts", "show", "demo"})["default_region"] == "UA");
  CHECK(server.json({"accounts", "set", "demo", "--name", "Renamed", "--region", ""})["name"] ==
        "Renamed");
  CHECK(server.json({"accounts", "show", "demo"})["default_region"].is_null());
  CHECK(server.json({"accounts", "set", "demo", "--trusted-bounces",
                     "yes"})["policies"]["trusted_bounces"] == true);
  CHECK(server.ctl({"accounts", "create", "demo"}).exit_code == 2);
  CHECK(server.ctl({"accounts", "create", "demo", "--if-missing"}).exit_code == 0);
  CHECK(server.ctl({"accounts", "create", "No Id"}).exit_code == 2);
  const Finished list = server.ctl({"accounts", "list"});
  CHECK_THAT(list.out, Catch::StartsWith("ACCOUNT  NAME") && Catch::Contains("demo     Renamed"));
}

TEST_CASE("a key is shown once, works within its role, and stops when revoked") {
  ServerWithAccount server;
  const Json key = server.json({"keys", "create", "--role", "checker", "--name", "pipeline"});
  const std::string text = key["key"];
  const auto as_checker = [&](std::vector<std::string> arguments, std::string_view input = "") {
    const Environment environment{{"SUPPRESSCTL_KEY", text},
                                  {"SUPPRESSCTL_ACCOUNT", "demo"},
                                  {"SUPPRESSCTL_SERVER", server.url()}};
    arguments.insert(arguments.begin(), SUPPRESSCTL_BINARY);
    return Program(server.folder, arguments, environment, input).wait();
  };
  CHECK(as_checker({"check"}, "a@example.com\n").out == "a@example.com\n");
  const Finished forbidden = as_checker({"add", "a@example.com"});
  CHECK(forbidden.exit_code == 2);
  CHECK_THAT(forbidden.err, Catch::Contains("role"));
  const Finished list = server.ctl({"keys", "list"});
  CHECK_THAT(list.out, Catch::Contains("pipeline") && !Catch::Contains(text));
  CHECK(server.ctl({"keys", "revoke", key["id"]}).exit_code == 0);
  const Finished revoked = as_checker({"check"}, "a@example.com\n");
  CHECK(revoked.exit_code == 2);
  CHECK(revoked.out.empty());
  CHECK_THAT(revoked.err, !Catch::Contains(text));
}

TEST_CASE("an address is added, explained, listed, checked and removed") {
  ServerWithAccount server;
  const Json added =
      server.json({"add", "Ada@Example.com", "+380501234567", "--reason", "complaint", "--evidence",
                   "ticket \x1b[31m 4711", "--campaign", "spring"});
  CHECK(added["added"] == 2);
  CHECK(added["sequence"].is_number_unsigned());
  const Finished partly = server.ctl({"add", "nobody", "-"}, "bob@example.com\n");
  CHECK(partly.exit_code == 1);
  CHECK_THAT(partly.err, Catch::Contains("nobody: "));

  const Finished explained = server.ctl({"explain", "ada@example.com"});
  CHECK_THAT(explained.out,
             Catch::StartsWith("ada@example.com: suppressed (complaint, scope account)\n") &&
                 Catch::Contains("spring") && Catch::Contains("4711") && !Catch::Contains("\x1b"));
  const Json json = server.json({"explain", "ada@example.com"});
  CHECK(json["verdict"] == "suppressed");
  CHECK(json["causes"][0]["campaign"] == "spring");
  CHECK(server.ctl({"explain", "new@example.com", "--exit-code"}).exit_code == 0);
  CHECK(server.ctl({"explain", "ada@example.com", "--exit-code"}).exit_code == 1);

  const Finished list = server.ctl({"list", "--reason", "complaint"});
  CHECK_THAT(list.out, Catch::StartsWith("ADDRESS") && Catch::Contains("ada@example.com") &&
                           Catch::Contains("+380501234567") && !Catch::Contains("bob@"));
  CHECK(lines_of(server.ctl({"list", "--json", "--all"}).out).size() == 3);
  CHECK(lines_of(server.ctl({"list", "--json", "--limit", "1"}).out).size() == 1);

  CHECK(server.ctl({"check", "--region", "UA"}, "ADA@example.com\n050 123 45 67\nnew@example.com\n")
            .out == "new@example.com\n");
  CHECK(server.ctl({"remove", "ada@example.com"}).out == "ada@example.com: removed\n");
  const Finished again = server.ctl({"remove", "ada@example.com"});
  CHECK(again.exit_code == 1);
  CHECK(again.out == "ada@example.com: was not on the list\n");

  CHECK(server.ctl({"add", "--platform", "all@example.com", "--reason", "hard_bounce"}).exit_code ==
        0);
  CHECK_THAT(server.ctl({"check", "--annotate"}, "all@example.com\n").out,
             Catch::Contains("suppressed\thard_bounce\tplatform"));
  CHECK_THAT(server.ctl({"list", "--platform"}).out, Catch::Contains("all@example.com"));
}

TEST_CASE("status says what the server holds, and whether there is one") {
  ServerWithAccount server;
  server.ctl({"add", "a@example.com"});
  const Json json = server.json({"status"});
  CHECK(json["status"] == "ready");
  CHECK(json["entries"] == 1);
  CHECK(json["memory_bytes"].is_number_unsigned());
  CHECK(json["version"].is_string());
  CHECK_THAT(server.ctl({"status"}).out, Catch::Contains("ready"));
  CHECK(server.stop() == 0);
  CHECK(server.ctl({"status"}).exit_code == 2);
}

TEST_CASE("messy recipients are judged the same in every way of asking") {
  ServerWithAccount server;
  const std::string rows = std::to_string(test_size() / 10);
  const std::string list = server.folder.write(
      "list.csv", server.generated({"--rows", rows, "--format", "csv", "--reasons"}));
  const Json imported = server.json({"import", list, "--column", "address"});
  CHECK(imported["rows"] == test_size() / 10);
  CHECK(imported["invalid"] > 0);
  CHECK(imported["unchanged"] > 0);  // duplicates
  const std::string recipients = server.generated(
      {"--rows", rows, "--messy-share", "0.5", "--overlap", "0.5", "--overlap-rows", rows});
  const std::string clear = server.ctl({"check", "--batch", "777"}, recipients).out;
  const std::string blocked = server.ctl({"check", "--invert"}, recipients).out;
  CHECK(clear.size() + blocked.size() == recipients.size());
  const Json counts = Json::parse(server.ctl({"check", "--count", "--json"}, recipients).out);
  CHECK(counts["checked"] == test_size() / 10);
  CHECK(counts["clear"] == std::count(clear.begin(), clear.end(), '\n'));
  CHECK(counts["suppressed"] > test_size() / 25);
}

TEST_CASE("an import survives kill -9 of the server, and is exact") {
  ServerWithAccount server;
  const size_t count = test_size() / 10;
  const std::string rows = std::to_string(count);
  const std::string list = server.generated({"--canonical", "--rows", rows});
  const std::string file = server.folder.write("list.txt", list);
  // Many small synced batches, so that the kill comes long before the end.
  const std::vector<std::string> import{"import",  file, "--reason",      "manual",
                                        "--batch", "10", "--connections", "2"};
  auto begun = import;
  begun.insert(begun.end(), {"--retry-for", "0"});
  auto cut = server.begin_ctl(begun);
  wait_until("some acknowledged rows", [&] { return server.json({"status"})["entries"] > 100; });
  server.kill_9();
  CHECK(cut->wait().exit_code == 2);
  server.start();
  CHECK(server.json({"status"})["entries"] < count);
  const Finished resumed = server.ctl(import);
  CHECK(resumed.exit_code == 0);
  CHECK_THAT(resumed.err, Catch::Contains("Resuming behind row"));
  CHECK(server.json({"status"})["entries"] == count);
  const std::string recipients =
      server.generated({"--canonical", "--rows", rows, "--overlap", "0.1", "--overlap-rows", rows});
  const auto on_list = lines_of(list);
  std::string expected;
  std::istringstream stream(recipients);
  for (std::string line; std::getline(stream, line);)
    if (on_list.count(line) == 0) expected += line + "\n";
  CHECK(server.ctl({"check"}, recipients).out == expected);
}

TEST_CASE("a server killed in the middle of a check lets no unchecked row through") {
  ServerWithAccount server;
  REQUIRE(server.ctl({"add", "blocked@example.com"}).exit_code == 0);
  std::string input;
  const auto add_rows = [&input](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      input += i % 3 == 0 ? "blocked@example.com\n" : "row" + std::to_string(i) + "@example.com\n";
  };
  // A pipe that the test fills: the rows behind the kill are sent only when the server is gone.
  std::signal(SIGPIPE, SIG_IGN);
  const std::string pipe = server.folder.path("recipients");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto check = server.begin_ctl({"check", pipe, "--batch", "100", "--connections", "2"});
  std::ofstream feed(pipe);
  add_rows(0, 2000);
  feed << input << std::flush;
  wait_until("answers", [&] { return check->output_size() > 10'000; });
  server.kill_9();
  const size_t sent = input.size();
  add_rows(2000, 3000);
  feed << input.substr(sent) << std::flush;
  feed.close();
  const Finished cut = check->wait();
  CHECK(cut.exit_code == 2);
  CHECK(cut.out.find("blocked@") == std::string::npos);
  // Whole batches in order: nothing but clear rows of the part that was sent before the kill.
  std::string expected;
  size_t at = 0;
  for (size_t row = 0; expected.size() < cut.out.size(); ++row) {
    const size_t end = input.find('\n', at) + 1;
    if (row % 3 != 0) expected.append(input, at, end - at);
    at = end;
  }
  CHECK(cut.out == expected);
  CHECK(at <= sent);
}

}  // namespace
}  // namespace tools_tests
