// suppressctl bench and plan as people run them, against the real server.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/real_server.hpp"
#include "tests/tools/xml.hpp"
#include "tools/suppressctl/metrics_text.hpp"

using namespace tools_tests;
using Json = nlohmann::json;

namespace {

class BenchServer : public RealServer {
 public:
  BenchServer() { REQUIRE(ctl({"accounts", "create", "demo"}).exit_code == 0); }
};

Json parse(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  INFO(text);
  REQUIRE_FALSE(json.is_discarded());
  return json;
}

Finished plan(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  std::vector<std::string> command{SUPPRESSCTL_BINARY, "plan"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Program(folder, command, {}).wait();
}

const std::vector<std::string> quick{"--duration", "100ms", "--warm-up",   "50ms",
                                     "--repeats",  "1",     "--different", "5000"};

std::vector<std::string> bench(std::vector<std::string> more) {
  more.insert(more.begin(), "bench");
  more.insert(more.end(), quick.begin(), quick.end());
  return more;
}

}  // namespace

TEST_CASE("bench measures given rates with every format, and finds what it prepared") {
  BenchServer server;
  const std::string report = server.folder.path("report.json");
  const std::string page = server.folder.path("report.html");
  const Finished done = server.ctl(
      bench({"--prepare", "3000", "--hits", "100%", "--rates", "20k,40k", "--batches",
             "1:1,7:1,100:8", "--bodies", "text,json,ndjson,csv", "--answers",
             "json,ndjson,text,bitmap,csv", "--report", report, "--html", page, "--json"}));
  INFO(done.err);
  REQUIRE(done.exit_code == 0);
  CHECK(done.err.find("3,000 of them were new") != std::string::npos);
  const Json json = parse(done.out);
  CHECK(json == parse(server.folder.read("report.json")));
  CHECK(json["prepared"]["added"] == 3000);
  CHECK(json["server"]["entries"] == 3000);
  CHECK(json["server"]["on_this_machine"] == true);
  REQUIRE(json["points"].size() == 2);
  for (const Json& point : json["points"]) {
    CHECK(point["requests"]["meant"] > 0);
    CHECK(point["requests"]["answered"] == point["requests"]["meant"]);
    CHECK(point["latency_seconds"]["p50"] > 0);
    CHECK(point["server"]["io_cpu_seconds_per_address"] > 0);
    CHECK(point["server"]["resident_bytes"] > 0);
  }
  const std::string html = server.folder.read("report.html");
  CHECK(xml_fault(html) == "");
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("href=") == std::string::npos);

  // The made-up population is on the list now, and a miss is not.
  const Finished again = server.ctl(bench({"--prepare", "3000", "--rates", "1k"}));
  CHECK(again.err.find("0 of them were new") != std::string::npos);

  const Finished status = server.ctl({"status", "--json"});
  CHECK(parse(status.out)["entries"] == 3000);
}

TEST_CASE("bench searches, adds meanwhile, and its report plans") {
  BenchServer server;
  const std::string report = server.folder.path("report.json");
  const Finished done =
      server.ctl(bench({"--p99", "10s", "--precision", "50%", "--batches", "50", "--adds", "2000",
                        "--add-rows", "20", "--report", report}));
  INFO(done.out << done.err);
  CHECK(done.exit_code <= 1);  // a busy machine may keep no rate
  const Json json = parse(server.folder.read("report.json"));
  CHECK(json["capacity_addresses_per_second"] > 0);
  REQUIRE(json["points"].size() >= 1);
  CHECK(json["points"][0]["adds"]["errors"] == 0);
  CHECK(json["points"][0]["adds"]["per_second"] > 0);
  CHECK(parse(server.ctl({"status", "--json"}).out)["entries"] > 0);
  if (json["highest"].is_null()) return;
  const Finished planned =
      plan({"--entries", "1e6", "--checks", "1k", "--p99", "10s", "--profile", report, "--json"});
  INFO(planned.err);
  REQUIRE(planned.exit_code == 0);
  CHECK(parse(planned.out)["cores_for_checks"] > 0);
  CHECK(parse(planned.out)["profile_of_sizes"].get<std::string>().starts_with("built in"));
}

TEST_CASE("bench draws addresses from a file") {
  BenchServer server;
  const std::string file = server.folder.write("addresses", "a@example.com\r\nb@example.com\n");
  const Finished done = server.ctl(bench({"--addresses", file, "--rates", "5k", "--json"}));
  INFO(done.err);
  REQUIRE(done.exit_code == 0);
  CHECK(parse(done.out)["points"][0]["requests"]["wrong"] == 0);
  CHECK(parse(done.out)["load"]["hits_text"].get<std::string>().find("addresses") !=
        std::string::npos);
}

TEST_CASE("a sweep measures servers of its own") {
  const TemporaryFolder folder;
  std::vector<std::string> command{SUPPRESSCTL_BINARY};
  for (const auto& word : bench({"--sweep", "1000,3000", "--server-binary", SUPPRESSD_BINARY,
                                 "--server-threads", "1", "--rates", "5k", "--json"}))
    command.push_back(word);
  const Finished done = Program(folder, command, {}).wait();
  INFO(done.err);
  REQUIRE(done.exit_code == 0);
  const Json json = parse(done.out);
  REQUIRE(json["sizes"].size() == 2);
  CHECK(json["sizes"][0]["entries"] == 1000);
  CHECK(json["sizes"][1]["entries"] == 3000);
  for (const Json& size : json["sizes"])
    for (const char* member : {"resident_bytes", "peak_bytes", "set_bytes", "disk_bytes",
                               "rows_per_second", "start_seconds", "start_after_kill_seconds"}) {
      INFO(member);
      CHECK(size[member] > 0);
    }
  CHECK(json["server"]["io_threads"] == 1);
  CHECK(json["points"].size() == 1);
}

TEST_CASE("Ctrl-C ends a measurement and writes what there is") {
  BenchServer server;
  const std::string report = server.folder.path("report.json");
  auto program = server.begin_ctl({"bench", "--rates", "1000", "--batches", "10", "--warm-up", "0",
                                   "--duration", "600s", "--report", report});
  suppressctl::Settings settings;
  settings.server = server.url();
  suppressctl::Api api(settings);
  wait_until("a check", [&] {
    REQUIRE(program->running());
    return suppressctl::sample_server(api).addresses_checked > 0;
  });
  program->signal(SIGINT);
  const Finished done = program->wait();
  INFO(done.err);
  CHECK(done.exit_code == 1);
  const Json json = parse(server.folder.read("report.json"));
  CHECK(json["interrupted"] == true);
}

TEST_CASE("bench says what is wrong with an option") {
  const TemporaryFolder folder;
  const auto says = [&](std::vector<std::string> options, const std::string& part) {
    options.insert(options.begin(), {SUPPRESSCTL_BINARY, "--account", "demo", "bench"});
    const Finished done = Program(folder, options, {}).wait();
    INFO(done.err);
    CHECK(done.exit_code == 2);
    CHECK(done.err.find(part) != std::string::npos);
  };
  says({"--p99", "never"}, "--p99 'never' must be a time from 10 µs to 1 min");
  says({"--duration", "0"}, "--duration '0'");
  says({"--batches", "0"}, "--batches '0'");
  says({"--bodies", "xml"}, "no body format 'xml'; there are text, json, ndjson, csv");
  says({"--answers", "xml"}, "no answer format 'xml'");
  says({"--hits", "200%"}, "--hits '200%'");
  says({"--senders", "20"}, "--senders 20 must not be more than --connections 16");
  says({"--sweep", "1000"}, "--sweep and --server-binary go together");
  says({"--sweep", "2000,1000", "--server-binary", "x"}, "ascending");
  says({"--sweep", "1000", "--server-binary", "/no/such/program"}, "/no/such/program");
  says({"--addresses", "/no/such/file", "--server", "http://127.0.0.1:1"}, "");
}

TEST_CASE("bench says in the server's words why nothing is answered") {
  RealServer server;  // without the account
  const Finished done = server.ctl(bench({}));
  CHECK(done.exit_code == 2);
  CHECK(done.err.find("account") != std::string::npos);
}

TEST_CASE("plan prints text and JSON from the built-in profile, and refuses nonsense") {
  const Finished text = plan({"--entries", "1e9", "--checks", "2e6/s", "--p99", "5ms", "--machine",
                              "cores=16,memory=64GiB"});
  INFO(text.err << text.out);
  CHECK(text.exit_code == 0);
  for (const char* word : {"Cores", "Memory", "Disk", "Start", "Machines", "built in"})
    CHECK(text.out.find(word) != std::string::npos);
  const Json json = parse(plan({"--entries", "1e9", "--checks", "2e6/s", "--machine",
                                "cores=16,memory=64GiB", "--json"})
                              .out);
  CHECK(json["machines"] >= 2);
  CHECK(json["memory_bytes"] > 10e9);
  CHECK(plan({"--entries", "1e9", "--checks", "2e6/s", "--machine", "cores=16,memory=1GiB"})
            .exit_code == 1);
  CHECK(plan({"--checks", "1"}).err.find("--entries") != std::string::npos);
  CHECK(plan({"--entries", "0", "--checks", "1"}).err.find("--entries '0'") != std::string::npos);
  CHECK(plan({"--entries", "1", "--checks", "1", "--machine", "16"}).err.find("cores and memory") !=
        std::string::npos);
  CHECK(plan({"--entries", "1", "--checks", "1", "--profile", "/no/file"}).err.find("/no/file") !=
        std::string::npos);
}
