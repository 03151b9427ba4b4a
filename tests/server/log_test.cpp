#include "server/log.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace suppressd;

namespace {

/// The log goes into a text for as long as this lives.
struct CapturedLog {
  std::string lines;
  explicit CapturedLog(LogLevel level) { open_log(level, lines); }
  ~CapturedLog() { close_log(); }
};

}  // namespace

TEST_CASE("a log line is one JSON object with its fields", "[log]") {
  CapturedLog captured(LogLevel::info);
  log(LogLevel::warning, "something happened",
      {{"text", "plain"},
       {"signed", -3},
       {"count", uint64_t{1} << 63},
       {"real", 0.25},
       {"yes", true},
       {"not_a_number", std::nan("")}});
  const auto line = nlohmann::json::parse(captured.lines);
  CHECK(line["level"] == "warning");
  CHECK(line["event"] == "something happened");
  CHECK(line["text"] == "plain");
  CHECK(line["signed"] == -3);
  CHECK(line["count"] == uint64_t{1} << 63);
  CHECK(line["real"] == 0.25);
  CHECK(line["yes"] == true);
  CHECK(line["not_a_number"].is_null());
  const std::string time = line["time"];
  REQUIRE(time.size() == 27);
  CHECK(time[10] == 'T');
  CHECK(time.back() == 'Z');
}

TEST_CASE("whatever a field holds, the line stays one valid JSON object", "[log]") {
  const std::string hostile[] = {"\"},{\"level\":\"error\"",
                                 "line\nbreak\r",
                                 "back\\slash",
                                 std::string("nul\0byte", 8),
                                 "\x1b[31mcolor",
                                 "\x7f",
                                 "\xff\xfe",
                                 "\xc3",
                                 "\xe2\x82",
                                 "\xed\xa0\x80",
                                 "\xc0\xaf",
                                 "\xf4\x90\x80\x80",
                                 "gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac"};
  for (const std::string& text : hostile) {
    CapturedLog captured(LogLevel::debug);
    log(LogLevel::info, text, {{text, text}});
    INFO(captured.lines);
    CHECK(std::count(captured.lines.begin(), captured.lines.end(), '\n') == 1);
    const auto line = nlohmann::json::parse(captured.lines);  // throws on bad UTF-8 too
    CHECK(line.size() == 4);
    CHECK(line["level"] == "info");
  }
}

TEST_CASE("valid text is logged as it is", "[log]") {
  std::string out;
  append_json_escaped(out, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac / plain");
  CHECK(out == "gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac / plain");
  out.clear();
  append_json_escaped(out,
                      "a\xff"
                      "b\n");
  CHECK(out == "a\\ufffdb\\u000a");
}

TEST_CASE("lines below the level are not written", "[log]") {
  CapturedLog captured(LogLevel::warning);
  CHECK_FALSE(log_enabled(LogLevel::info));
  CHECK(log_enabled(LogLevel::error));
  log(LogLevel::info, "quiet");
  CHECK(captured.lines.empty());
  log(LogLevel::error, "loud");
  CHECK(captured.lines.find("loud") != std::string::npos);
}

TEST_CASE("a closed log swallows what is written", "[log]") {
  close_log();
  CHECK_FALSE(log_enabled(LogLevel::error));
  log(LogLevel::error, "nobody reads this");
}
