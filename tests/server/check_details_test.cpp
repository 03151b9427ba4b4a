#include <catch2/catch.hpp>
#include <future>

#include "check_harness.hpp"

using namespace suppressd;
using namespace suppressd::testing;

TEST_CASE("full detail adds every cause of a hit, of both scopes") {
  const CheckAnswer answer = check_server().check(
      {"text/plain", "", "detail=full", ""}, "free@example.com\nUSER60@example.com\nnothing\n");
  REQUIRE(answer.status == 200);
  CHECK(answer.json()["results"] == nlohmann::json::parse(R"([
    {"index":1,"verdict":"suppressed","reason":"complaint","scope":"account","causes":[
      {"reason":"complaint","source":"import","at":"2023-11-14T22:13:20.250Z","by":"key1",
       "evidence":"550 5.1.1 \"gone\"","campaign":"spring","scope":"account"},
      {"reason":"hard_bounce","source":"import","at":"2023-11-14T22:13:20.250Z","by":"key1",
       "evidence":"550 5.1.1 \"gone\"","campaign":"spring","scope":"platform"}]},
    {"index":2,"verdict":"invalid","error":"not_a_number"}])"));
  CHECK(answer.json()["checked"] == 3);
}

TEST_CASE("full detail finds a row by the channel that it was checked with") {
  const CheckAnswer answer =
      check_server().check({"application/json", "application/x-ndjson", "detail=full", ""},
                           R"({"emails":["user20@example.com"],"phones":["044 123 45 67"]})");
  const size_t end = answer.body.find('\n');
  const nlohmann::json first = nlohmann::json::parse(answer.body.substr(0, end));
  CHECK(first["channel"] == "email");
  CHECK(first["causes"][0]["reason"] == "manual");
  const nlohmann::json second =
      nlohmann::json::parse(answer.body.substr(end + 1, answer.body.find('\n', end + 1) - end));
  CHECK(second["channel"] == "phone");
  CHECK(second["causes"][0]["reason"] == "complaint");
}

TEST_CASE("full detail of many hits says what the plain answer says") {
  const uint64_t seed = random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::string body = text_body(mixed_addresses(random, 30'000));
  const CheckAnswer plain = check_server().check({"text/plain", "", "", ""}, body);
  for (const size_t piece : {size_t{256 * 1024}, size_t{5000}}) {
    const CheckAnswer full =
        check_server().check({"text/plain", "", "detail=full", ""}, body, piece);
    REQUIRE(full.status == 200);
    nlohmann::json json = full.json();
    for (auto& result : json["results"]) {
      CHECK((result["verdict"] == "suppressed") == result.contains("causes"));
      result.erase("causes");
    }
    CHECK(json == plain.json());
  }
}

TEST_CASE("full detail is refused while the pool is full") {
  AppLimits limits;
  static CheckServer server(limits, 1, 0);
  const CheckAnswer answer =
      server.check({"text/plain", "", "detail=full", ""}, "user20@example.com\n");
  CHECK(answer.status == 503);
  CHECK(answer.problem() == "/problems/busy");
}
