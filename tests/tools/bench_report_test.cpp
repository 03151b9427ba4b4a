#include "tools/suppressctl/bench_report.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/xml.hpp"
#include "tools/suppressctl/bench_html.hpp"
#include "tools/suppressctl/bench_plot.hpp"
#include "tools/suppressctl/plan.hpp"

using namespace suppressctl;
using tools_tests::xml_fault;

namespace {

BenchReport a_report() {
  BenchReport report;
  report.command = "suppressctl bench --note '<&>\"'";
  report.date = "2026-01-02T03:04:05Z";
  report.machine = {"A <fast> CPU", 8, 16e9, "Linux"};
  report.server = "127.0.0.1:8080";
  report.server_here = true;
  report.server_version = {{"version", "0.1.0"}, {"compiler", "g++"}, {"kernel", "avx2"}};
  report.server_at_start.io_threads = 2;
  report.server_at_start.entries = 1000;
  report.load = {{"batches", {{"1000", 1.0}}},
                 {"bodies", {{"text", 1.0}}},
                 {"answers", {{"json", 1.0}}},
                 {"mean_batch", 1000.0},
                 {"hits_text", "10 %"},
                 {"connections", 4},
                 {"senders", 1},
                 {"adds_per_second", 0.0}};
  report.p99_goal = 0.005;
  report.capacity = 4e6;
  for (const double rate : {1e6, 2e6, 3e6}) {
    LoadPoint point;
    point.offered = rate;
    point.done = rate * 0.999;
    point.p50 = 0.0005;
    point.p99 = rate * 2e-9;
    point.p999 = rate * 4e-9;
    point.counts.meant = point.counts.answered = 1000;
    point.holds = point.p99 <= report.p99_goal;
    report.search.points.push_back(point);
  }
  report.search.highest = 1;
  SizePoint size;
  size.entries = 1'000'000;
  size.resident_bytes = 5e7;
  size.peak_bytes = 6e7;
  size.set_bytes = 1.1e7;
  size.disk_bytes = 4e7;
  size.start_seconds = 0.5;
  report.sizes.push_back(size);
  return report;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("the checker of well-formedness sees faults") {
  CHECK(xml_fault("<a b=\"1\"><c/>x &amp; y</a>").empty());
  for (const char* bad : {"<a>", "<a></b>", "<a b=1></a>", "<a>&nbsp;</a>", "<a/><b/>", "x<a/>",
                          "<a b=\"1\" b=\"2\"/>", "<a>x > y</a>"}) {
    INFO(bad);
    CHECK_FALSE(xml_fault(bad).empty());
  }
}

TEST_CASE("the page is well-formed and needs nothing from elsewhere") {
  BenchReport report = a_report();
  for (const bool sizes : {true, false}) {
    if (!sizes) report.sizes.clear();
    const std::string page = html(report);
    CHECK(xml_fault(page) == "");
    for (const char* reference : {"http:", "https:", "//", "src=", "href=", "url(", "@import",
                                  "<script", "<link", "<iframe", "<img"}) {
      INFO(reference);
      CHECK(page.find(reference) == std::string::npos);
    }
    CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);
    // A table below every plot.
    CHECK(count(page, "<svg") == (sizes ? 4 : 1));
    CHECK(count(page, "<table") == count(page, "<svg") + 1);
    CHECK(count(page, "aria-label=") == count(page, "<svg"));
    CHECK(page.find("A &lt;fast&gt; CPU") != std::string::npos);
    CHECK(page.find("2 M addresses a second keep a p99 of 5 ms") != std::string::npos);
  }
}

TEST_CASE("an empty measurement still makes a page and a report") {
  BenchReport report;
  report.interrupted = true;
  CHECK(xml_fault(html(report)) == "");
  const Json json = to_json(report);
  CHECK(json["interrupted"] == true);
  CHECK(json["points"].empty());
  CHECK(json["highest"].is_null());
  CHECK(doubts(report).size() == 1);
}

TEST_CASE("the JSON report has what readers rely on") {
  const Json json = to_json(a_report());
  CHECK(json["report"] == "suppressctl-bench");
  CHECK(json["format"] == 1);
  for (const char* member : {"suppressctl", "date", "command", "machine", "server", "load",
                             "prepared", "p99_goal_seconds", "highest", "points", "sizes"})
    CHECK(json.contains(member));
  CHECK(json["machine"]["cores"] == 8);
  CHECK(json["server"]["io_threads"] == 2);
  REQUIRE(json["points"].size() == 3);
  for (const Json& point : json["points"]) {
    for (const char* member :
         {"offered_addresses_per_second", "addresses_per_second", "requests_per_second",
          "latency_seconds", "generator", "requests", "server", "holds"})
      CHECK(point.contains(member));
    for (const char* member : {"p50", "p90", "p99", "p99.9", "largest", "mean"})
      CHECK(point["latency_seconds"].contains(member));
    for (const char* member :
         {"meant", "answered", "shed", "failed", "wrong", "broken", "unanswered"})
      CHECK(point["requests"].contains(member));
  }
  CHECK(json["highest"]["offered_addresses_per_second"] == 2e6);
  REQUIRE(json["sizes"].size() == 1);
  CHECK(json["sizes"][0]["start_seconds"] == 0.5);

  const Profile profile = parse_profile(json.dump(), "a report");
  CHECK(profile.rates.size() == 3);
  CHECK(profile.sizes.size() == 1);
  CHECK(profile.threads == 2);
  CHECK(profile.shared);
}

TEST_CASE("a command's key is not in its text") {
  CHECK(command_text({"suppressctl", "--key", "sup_x", "bench", "--key=sup_y", "--p99", "5 ms"}) ==
        "suppressctl --key … bench --key=… --p99 '5 ms'");
}

TEST_CASE("ticks are round and lie on the axis") {
  CHECK(ticks(0, 10, Scale::linear, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(ticks(0, 3e6, Scale::linear, 6).size() == 7);
  CHECK(ticks(0.001, 0.1, Scale::logarithmic, 6).size() == 7);  // 1 2 5, 10 20 50, 100 ms
  CHECK(ticks(1e-6, 10, Scale::logarithmic, 6).size() == 8);
}
