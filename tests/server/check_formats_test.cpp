#include <catch2/catch.hpp>
#include <sstream>

#include "check_harness.hpp"
#include "server/csv_splitter.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

std::vector<Expected> model(const std::vector<std::string>& addresses,
                            const CheckOptions& options) {
  std::vector<Expected> expected;
  for (const std::string& address : addresses)
    expected.push_back(check_server().expect(address, options));
  return expected;
}

Expected from_json(const nlohmann::json& result) {
  return {result.at("verdict"), result.value("reason", ""), result.value("scope", ""),
          result.value("error", "")};
}

void check_counts(const nlohmann::json& counts, const std::vector<Expected>& expected) {
  std::map<std::string, size_t> model_counts;
  for (const Expected& one : expected) ++model_counts[one.verdict];
  CHECK(counts.at("checked") == expected.size());
  CHECK(counts.at("clear") == model_counts["clear"]);
  CHECK(counts.at("suppressed") == model_counts["suppressed"]);
  CHECK(counts.at("invalid") == model_counts["invalid"]);
  CHECK(counts.at("sequence") == check_server().committer().visible_sequence());
}

/// What an answer of results says of each of `count` rows.
std::vector<Expected> from_results(const std::vector<nlohmann::json>& results, size_t count) {
  std::vector<Expected> rows(count);
  uint64_t last = 0;
  for (const auto& result : results) {
    const uint64_t index = result.at("index");
    REQUIRE(index < count);
    CHECK((last == 0 || index > last));
    last = index;
    rows[index] = from_json(result);
  }
  return rows;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Body {
  std::string type, bytes, query;
};

std::vector<Body> bodies_of(const std::vector<std::string>& addresses) {
  return {{"text/plain", text_body(addresses), ""},
          {"application/json", json_body(addresses), ""},
          {"application/x-ndjson", ndjson_body(addresses), ""},
          {"text/csv; header=present", csv_body(addresses, ',', "\n", true), "column=e-mail"},
          {"text/csv", csv_body(addresses, ';', "\r\n", true), "column=1"},
          {"text/csv", csv_body(addresses, '\t', "\r", false), "column=1&header=false"}};
}

void check_every_answer(const Body& body, const std::vector<std::string>& addresses,
                        const std::vector<Expected>& expected) {
  CheckServer& server = check_server();
  INFO("body " << body.type << " ?" << body.query);

  const CheckAnswer json =
      server.check({body.type, "application/json", body.query, ""}, body.bytes);
  REQUIRE(json.status == 200);
  CHECK(json.field("Content-Type") == "application/json");
  CHECK(json.field("Suppress-Sequence") == std::to_string(server.committer().visible_sequence()));
  CHECK(from_results(json.json().at("results"), expected.size()) == expected);
  check_counts(json.json(), expected);

  const CheckAnswer ndjson =
      server.check({body.type, "application/x-ndjson", body.query, ""}, body.bytes);
  std::vector<nlohmann::json> results;
  for (const std::string& line : lines_of(ndjson.body))
    results.push_back(nlohmann::json::parse(line));
  REQUIRE(!results.empty());
  check_counts(results.back().at("summary"), expected);
  results.pop_back();
  CHECK(from_results(results, expected.size()) == expected);

  const CheckAnswer text = server.check({body.type, "text/plain", body.query, ""}, body.bytes);
  std::string clear;
  for (size_t i = 0; i < addresses.size(); ++i)
    if (expected[i].verdict == "clear") clear += addresses[i] + "\n";
  CHECK(text.body == clear);
  CHECK(text.field("Content-Type") == "text/plain; charset=utf-8");

  const CheckAnswer bits =
      server.check({body.type, "application/octet-stream", body.query, ""}, body.bytes);
  REQUIRE(bits.body.size() == (expected.size() + 7) / 8);
  for (size_t i = 0; i < bits.body.size() * 8; ++i) {
    const bool set = (static_cast<unsigned char>(bits.body[i / 8]) >> (i % 8)) & 1;
    REQUIRE(set == (i < expected.size() && expected[i].verdict != "clear"));
  }
}

struct CsvTexts {
  std::vector<CsvRow> rows;
  std::vector<std::string> texts;
  void row(const CsvRow& row) { texts.push_back(std::string(row.text)); }
  void overlong_row() { FAIL("no row is that long"); }
};

}  // namespace

TEST_CASE("every request format and every answer format tell the same") {
  const uint64_t seed = random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (const size_t count :
       {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{300}, size_t{3000}}) {
    const std::vector<std::string> addresses = mixed_addresses(random, count);
    const std::vector<Expected> expected = model(addresses, check_server().options());
    for (const Body& body : bodies_of(addresses)) check_every_answer(body, addresses, expected);
  }
}

TEST_CASE("a CSV answer is the body with three cells more in each row") {
  const uint64_t seed = random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> addresses = mixed_addresses(random, 2000);
  const std::vector<Expected> expected = model(addresses, check_server().options());
  for (const char delimiter : {',', ';', '\t'}) {
    for (const std::string ending : {"\n", "\r\n", "\r"}) {
      const std::string body = csv_body(addresses, delimiter, ending, true);
      const CheckAnswer answer =
          check_server().check({"text/csv", "text/csv", "column=e-mail", ""}, body);
      REQUIRE(answer.status == 200);
      CsvTexts before, after;
      CsvSplitter in(1 << 20, delimiter), out(1 << 20, delimiter);
      in.feed(body, before);
      in.finish(before);
      out.feed(answer.body, after);
      out.finish(after);
      REQUIRE(after.texts.size() == addresses.size() + 1);
      const std::string d(1, delimiter);
      CHECK(after.texts[0] == before.texts[0] + d + "verdict" + d + "reason" + d + "scope");
      for (size_t i = 0; i < expected.size(); ++i) {
        const Expected& one = expected[i];
        REQUIRE(after.texts[i + 1] == before.texts[i + 1] + d + one.verdict + d +
                                          (one.error.empty() ? one.reason : one.error) + d +
                                          one.scope);
      }
      CHECK(answer.body.ends_with(ending));
    }
  }
}

TEST_CASE("a CSV answer keeps the mark, fills short rows up and adds no line end of its own") {
  const CheckAnswer answer = check_server().check(
      {"text/csv", "text/csv", "column=email", ""},
      "\xEF\xBB\xBFid,name,email\r\n1,x,user20@example.com\r\n2\n\n3,y,free@example.com,more");
  CHECK(answer.body ==
        "\xEF\xBB\xBFid,name,email,verdict,reason,scope\r\n"
        "1,x,user20@example.com,suppressed,manual,account\r\n"
        "2,,,invalid,missing_column,\n"
        ",,,invalid,missing_column,\n"
        "3,y,free@example.com,more,clear,,");
}

TEST_CASE("JSON's lists of emails and phones count each for itself") {
  const CheckAnswer answer = check_server().check(
      {"application/json", "", "", ""},
      R"({"phones":["044 123 45 67","user20@example.com"],)"
      R"("emails":["free@example.com","user20@example.com",7,"+380441234567"]})");
  const nlohmann::json json = answer.json();
  CHECK(json["checked"] == 6);
  CHECK(json["results"] == nlohmann::json::parse(R"([
    {"index":0,"channel":"phone","verdict":"suppressed","reason":"complaint","scope":"account"},
    {"index":1,"channel":"phone","verdict":"invalid","error":"not_a_number"},
    {"index":1,"channel":"email","verdict":"suppressed","reason":"manual","scope":"account"},
    {"index":2,"channel":"email","verdict":"invalid","error":"not_a_string"},
    {"index":3,"channel":"email","verdict":"invalid","error":"no_at_sign"}])"));
}

TEST_CASE("an NDJSON row may say its channel") {
  const CheckAnswer answer =
      check_server().check({"application/x-ndjson", "", "", ""},
                           "{\"email\":\"user20@example.com\"}\n"
                           "{\"phone\": \"044 123 45 67\"}\n"
                           "{\"channel\":\"phone\",\"address\":\"user20@example.com\"}\n"
                           "{\"address\":\"free@example.com\",\"list\":[1,{\"a\":null}]}\n"
                           "\"\\u0075ser20@example.com\"");
  CHECK(answer.json()["results"] == nlohmann::json::parse(R"([
    {"index":0,"verdict":"suppressed","reason":"manual","scope":"account"},
    {"index":1,"verdict":"suppressed","reason":"complaint","scope":"account"},
    {"index":2,"verdict":"invalid","error":"not_a_number"},
    {"index":4,"verdict":"suppressed","reason":"manual","scope":"account"}])"));
}

TEST_CASE("a text answer gives each line's bytes, without its line end") {
  CHECK(check_server()
            .check({"text/plain", "text/plain", "", ""},
                   "\xEF\xBB\xBF Free@Example.com "
                   "\r\nuser20@example.com\nb@example.com\n\nc@example.com")
            .body == " Free@Example.com \nb@example.com\nc@example.com\n");
}

TEST_CASE("line breaks around an address do not get into a text answer") {
  CHECK(
      check_server()
          .check({"application/json", "text/plain", "", ""},
                 R"({"addresses":["\nfree@example.com\r\n","b@example.com\nuser20@example.com"]})")
          .body == "free@example.com\n");
}

TEST_CASE("purpose, channel and region change what counts") {
  CheckServer& server = check_server();
  const std::string body = "left@example.net\n044 123 45 67\nuser20@example.com\n202 555 0123\n";
  struct Case {
    std::string query;
    std::vector<std::string> verdicts;
  };
  const std::vector<Case> cases = {
      {"", {"suppressed", "suppressed", "suppressed", "clear"}},
      {"purpose=transactional", {"clear", "suppressed", "suppressed", "clear"}},
      {"region=US", {"suppressed", "clear", "suppressed", "suppressed"}},
      {"channel=phone", {"invalid", "suppressed", "invalid", "clear"}},
      {"channel=email", {"suppressed", "invalid", "suppressed", "invalid"}},
  };
  for (const Case& one : cases) {
    INFO(one.query);
    const auto answer = server.check({"text/plain", "", one.query, ""}, body);
    REQUIRE(answer.status == 200);
    std::vector<std::string> verdicts(4, "clear");
    const nlohmann::json json = answer.json();
    for (const auto& result : json["results"])
      verdicts[result["index"].get<size_t>()] = result["verdict"];
    CHECK(verdicts == one.verdicts);
  }
}
