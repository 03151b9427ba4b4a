// Adding, listing, looking at and changing suppressions, and what checks and explanations then say.
#include <catch2/catch.hpp>

#include <random>
#include <set>

#include "server/time_text.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::AppDriver;
using test::Reply;
using test::Request;

const std::string here = "/v1/accounts/acme/suppressions";
const std::string platform = "/v1/platform/suppressions";

struct Acme : AppDriver {
  explicit Acme(const test::AppDriverOptions& options = {}) : AppDriver(options) {
    make_account("acme", "UA");
  }
  json add(const std::string& target, const std::string& body,
           const std::string& type = "application/json") {
    const Reply reply = post(target, body, type);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    CHECK(reply.field("Suppress-Sequence") == reply.json()["sequence"].dump());
    return reply.json();
  }
  json explain(const std::string& address, const std::string& more = "") {
    const Reply reply = get("/v1/accounts/acme/explain?address=" + address + more);
    REQUIRE(reply.status == 200);
    return reply.json();
  }
};

std::string error_of(const json& answer) {
  return answer["errors"].at(0)["error"];
}

}  // namespace

TEST_CASE("one suppression is added, seen by the next check, and joined by further causes") {
  Acme driver;
  const std::string body =
      R"({"channel":"email","address":" Bob@Example.COM ","reason":"manual","evidence":"asked",
          "campaign":"spring"})";
  const json first = driver.add(here, body);
  CHECK(first["added"] == 1);
  CHECK(first["errors"] == json::array());
  CHECK(driver.verdict("acme", "bob@example.com") == "suppressed:account:manual");
  CHECK(driver.add(here, body)["unchanged"] == 1);
  CHECK(driver.add(here, R"({"address":"bob@example.com","reason":"complaint"})")["updated"] == 1);
  CHECK(driver.verdict("acme", "bob@example.com") == "suppressed:account:complaint");
  CHECK(driver.add(here, R"({"address":"050 123 45 67","reason":"manual"})")["added"] == 1);
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:manual");
}

TEST_CASE("a bad row is an error of that row and stops nothing") {
  Acme driver;
  const std::string long_text(evidence_octets_max + 1, 'e');
  const json rows = {
      {{"address", "good@example.com"}, {"reason", "manual"}},
      {{"address", "no-at-sign"}, {"reason", "manual"}, {"channel", "email"}},
      {{"address", "a@example.com"}},
      {{"address", "a@example.com"}, {"reason", "boredom"}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"channel", "fax"}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"evidence", long_text}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"colour", "red"}},
      {{"address", 7}, {"reason", "manual"}},
      {{"reason", "manual"}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"at", "yesterday"}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"source", "rumour"}},
      {{"address", "a@example.com"}, {"reason", "manual"}, {"at", time_text(now_ms() + 3'600'000)}},
      "text",
      {{"address", "+380501234567"}, {"reason", "legal"}}};
  const std::vector<std::string> expected = {
      "no_at_sign",        "no_reason",          "unknown_reason", "unknown_channel",
      "evidence_too_long", "unknown_member",     "not_a_string",   "no_address",
      "bad_time",          "source_not_allowed", "time_in_future", "not_an_object"};
  std::string lines;
  for (const json& row : rows) lines += row.dump() + "\n";
  const json from_json = driver.add(here, json{{"suppressions", rows}}.dump());
  const json from_lines = driver.add(here, lines, "application/x-ndjson; charset=UTF-8");
  for (const json& answer : {from_json, from_lines}) {
    CHECK(answer["invalid"] == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      CHECK(answer["errors"][i]["index"] == i + 1);
      CHECK(answer["errors"][i]["error"] == expected[i]);
    }
  }
  CHECK(from_json["added"] == 2);
  CHECK(from_lines["unchanged"] == 2);
}

TEST_CASE("a broken NDJSON line is an error of that line; a broken document is refused whole") {
  Acme driver;
  const json answer = driver.add(here,
                                 "{\"address\":\"a@example.com\",\"reason\":\"manual\"}\n"
                                 "{\"address\":\"b@exam\n\n"
                                 "{\"address\":\"c@example.com\",\"reason\":\"manual\"}",
                                 "application/x-ndjson");
  CHECK(answer["added"] == 2);
  CHECK(answer["errors"] == json::parse(R"([{"index":1,"error":"bad_json"},
                                            {"index":2,"error":"bad_json"}])"));
  const Reply broken = driver.post(here, R"({"suppressions":[{"address":"d@example.com",])");
  CHECK(broken.status == 400);
  CHECK(broken.problem() == "malformed-json");
  CHECK(broken.json()["octet"] == 44);
  CHECK(driver.post(here, "[]").status == 400);
  CHECK(driver.post(here, "").status == 400);
  CHECK(driver.post(here, R"({"suppressions":{}})").status == 400);
  CHECK(driver.verdict("acme", "d@example.com") == "clear");
}

TEST_CASE("plain addresses take what the query says; an empty line counts and is invalid") {
  Acme driver;
  const json answer = driver.add(here + "?reason=hard_bounce&campaign=may&evidence=550%205.1.1",
                                 "a@example.com\r\n\nb@example.com\n0501234567", "text/plain");
  CHECK(answer["added"] == 3);
  CHECK(answer["errors"] == json::parse(R"([{"index":1,"field":"address","error":"empty"}])"));
  const json cause = driver.explain("b@example.com")["causes"][0];
  CHECK(cause["reason"] == "hard_bounce");
  CHECK(cause["campaign"] == "may");
  CHECK(cause["evidence"] == "550 5.1.1");
  CHECK(cause["source"] == "api");
  CHECK(driver.post(here, "a@example.com", "text/plain").status == 400);
  CHECK(driver.post(here + "?reason=nonsense", "a@example.com", "text/plain").status == 400);
  CHECK(driver.post(here + "?reason=manual&source=webhook:", "a", "text/plain").status == 400);
}

TEST_CASE("a sender may not speak for support or for a provider") {
  Acme driver;
  Request request{"POST",
                  here,
                  driver.make_key(Role::sender, "acme").text,
                  {{"content-type", "application/x-ndjson"}},
                  ""};
  for (const char* source : {"import", "api", "campaign", "support", "webhook:ses"}) {
    request.body += json{{"address", std::string(source).substr(0, 3) + "@example.com"},
                         {"reason", "manual"},
                         {"source", source}}
                        .dump() +
                    "\n";
  }
  const Reply reply = driver.send(request);
  CHECK(reply.json()["added"] == 3);
  CHECK(reply.json()["invalid"] == 2);
  CHECK(error_of(reply.json()) == "source_not_allowed");
}

TEST_CASE("many rows in pieces of any size become several changes and nothing is lost") {
  Acme driver;
  const size_t count = 2 * change_rows_max + 123;
  std::string body;
  for (size_t i = 0; i < count; ++i) body += "user" + std::to_string(i) + "@example.com\n";
  Request request{"POST",       here + "?reason=manual",
                  driver.admin, {{"content-type", "text/plain"}, {"idempotency-key", "k"}},
                  body,         7001};
  const uint64_t before = driver.store().sequence();
  const Reply first = driver.send(request);
  REQUIRE(first.status == 200);
  CHECK(first.json()["added"] == count);
  CHECK(first.json()["sequence"] == before + 3);
  CHECK(driver.store().suppression_count() == count);

  request.piece_bytes = 64 * 1024;  // cut otherwise, repeated: each change is found again
  const Reply again = driver.send(request);
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.body == first.body);
  CHECK(driver.store().sequence() == before + 3);
}

TEST_CASE("errors are counted in full and listed up to a limit") {
  Acme driver;
  const json answer = driver.add(here + "?reason=manual", std::string(10'007, '\n'), "text/plain");
  CHECK(answer["invalid"] == 10'007);
  CHECK(answer["errors"].size() == 10'000);
  CHECK(answer["errors_omitted"] == 7);
  CHECK(answer["sequence"] == driver.store().sequence());
}

TEST_CASE("an overlong line is an error of that line") {
  test::AppDriverOptions options;
  options.limits.line_bytes_max = 1000;
  Acme driver(options);
  const json answer =
      driver.add(here + "?reason=manual", std::string(5000, 'x') + "\na@example.com", "text/plain");
  CHECK(answer["added"] == 1);
  CHECK(error_of(answer) == "line_too_long");
}

TEST_CASE("a stream that grows over its limit says what was stored of it") {
  test::AppDriverOptions options;
  options.limits.streaming_body_bytes_max = 400'000;
  options.limits.json_body_bytes_max = 1000;
  options.limits.run_rows_min = options.limits.run_rows_max = 10'000;
  Acme driver(options);
  std::string body;
  for (size_t i = 0; body.size() < 500'000; ++i) body += "u" + std::to_string(i) + "@a.example\n";
  Request request{"POST",       here + "?reason=manual",
                  driver.admin, {{"content-type", "text/plain"}},
                  body,         50'000};
  CHECK(driver.send(request).status == 413);  // by Content-Length, at once
  CHECK(driver.store().suppression_count() == 0);
  request.declare_length = false;
  const Reply reply = driver.send(request);
  CHECK(reply.status == 413);
  CHECK(reply.problem() == "body-too-large");
  CHECK(reply.json()["applied"]["added"] == driver.store().suppression_count());
  CHECK(driver.store().suppression_count() >= change_rows_max);
  CHECK(driver.post(here, std::string(1001, ' ')).status == 413);
}

TEST_CASE("one suppression is looked at and deleted by any spelling of its address") {
  Acme driver;
  driver.add(here, R"({"address":"Bob@Example.com","reason":"manual"})");
  const json one = driver.get(here + "/email/BOB%40example.com").json();
  CHECK(one["address"] == "bob@example.com");
  CHECK(one["given"] == "Bob@Example.com");
  CHECK(one["reason"] == "manual");
  CHECK(one["scope"] == "account");
  CHECK(one["causes"].size() == 1);
  CHECK(one["first_at"] == one["last_at"]);
  CHECK(driver.get(platform + "/email/bob%40example.com").status == 404);
  const Reply gone = driver.remove(here + "/email/bob@EXAMPLE.com");
  CHECK(gone.status == 200);
  CHECK(gone.json()["sequence"] == driver.store().sequence());
  CHECK(driver.verdict("acme", "bob@example.com") == "clear");
  CHECK(driver.remove(here + "/email/bob%40example.com").problem() == "unknown-suppression");
}

TEST_CASE("an account's exemption lifts the platform's suppression for it alone") {
  Acme driver;
  driver.make_account("other");
  driver.add(platform, R"({"address":"bob@example.com","reason":"hard_bounce"})");
  CHECK(driver.verdict("acme", "bob@example.com") == "suppressed:platform:hard_bounce");
  const std::string exemption = here + "/email/bob%40example.com/exemption";
  CHECK(driver.remove(exemption).status == 404);
  CHECK(driver.put(exemption, R"({"note":"confirmed by phone"})").status == 200);
  CHECK(driver.verdict("acme", "bob@example.com") == "clear");
  CHECK(driver.verdict("other", "bob@example.com") == "suppressed:platform:hard_bounce");
  const json why = driver.explain("bob@example.com");
  CHECK(why["verdict"] == "clear");
  CHECK(why["exemption"]["note"] == "confirmed by phone");
  CHECK(why["causes"].size() == 1);
  CHECK(driver.get(here).json()["items"].empty());  // an exemption is no suppression
  CHECK(driver.remove(exemption).status == 200);
  CHECK(driver.verdict("acme", "bob@example.com") == "suppressed:platform:hard_bounce");
}

TEST_CASE("an explanation names every cause of both scopes") {
  Acme driver;
  driver.add(platform, R"({"address":"bob@example.com","reason":"hard_bounce","source":"support",
                           "evidence":"550 5.1.1","at":"2026-02-03T04:05:06Z"})");
  driver.add(here, R"({"address":"Bob@example.com","reason":"unsubscribe","campaign":"may"})");
  const json why = driver.explain("BOB@example.com");
  CHECK(why["address"] == "bob@example.com");
  CHECK(why["channel"] == "email");
  CHECK(why["scope"] == "account");
  CHECK(why["reason"] == "unsubscribe");
  REQUIRE(why["causes"].size() == 2);
  CHECK(why["causes"][0]["scope"] == "account");
  CHECK(why["causes"][1]["scope"] == "platform");
  CHECK(why["causes"][1]["at"] == "2026-02-03T04:05:06.000Z");
  CHECK(why["causes"][1]["source"] == "support");
  CHECK(why["exemption"].is_null());
  CHECK(why["sequence"] == driver.store().sequence());

  const json transactional = driver.explain("bob@example.com", "&purpose=transactional");
  CHECK(transactional["verdict"] == "suppressed");
  CHECK(transactional["scope"] == "platform");
  const json invalid = driver.explain("nobody", "&channel=email");
  CHECK(invalid["verdict"] == "invalid");
  CHECK(invalid["error"] == "no_at_sign");
  CHECK(driver.explain("nobody@example.com")["verdict"] == "clear");
}

TEST_CASE("explanations agree with checks, whatever was done to an address") {
  Acme driver;
  const char* given = std::getenv("SUPPRESSD_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> reasons = {"unsubscribe", "manual", "hard_bounce", "legal"};
  for (int step = 0; step < 150; ++step) {
    const std::string address = "user" + std::to_string(random() % 4) + "@example.com";
    const std::string& scope = random() % 2 ? here : platform;
    const json row{{"address", address}, {"reason", reasons[random() % reasons.size()]}};
    switch (random() % 4) {
      case 0:
        driver.remove(scope + "/email/" + address);
        break;
      case 1:
        driver.put(here + "/email/" + address + "/exemption", "{}");
        break;
      case 2:
        driver.remove(here + "/email/" + address + "/exemption");
        break;
      default:
        driver.add(scope, row.dump());
    }
    for (const std::string purpose : {"marketing", "transactional"}) {
      const json why = driver.explain(address, "&purpose=" + purpose);
      std::string told = why["verdict"];
      if (told == "suppressed") {
        told += ":" + why["scope"].get<std::string>() + ":" + why["reason"].get<std::string>();
      }
      CHECK(told == driver.verdict("acme", address, "?purpose=" + purpose));
    }
  }
}

TEST_CASE("a list comes sorted, in pages, filtered") {
  Acme driver;
  driver.add(here, R"({"suppressions":[
      {"address":"c@example.com","reason":"manual"},
      {"address":"a@example.com","reason":"complaint","at":"2020-01-01T00:00:00Z"},
      {"address":"b@other.example","reason":"manual","source":"import"},
      {"address":"+380501234567","reason":"manual"}]})");
  const auto addresses = [&](const std::string& query) {
    std::string all, cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const Reply reply =
          driver.get(here + "?" + query + (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(reply.status == 200);
      const json page = reply.json();
      CHECK(page["sequence"] == driver.store().sequence());
      for (const json& item : page["items"]) all += item["address"].get<std::string>() + " ";
      if (page["next"].is_null()) break;
      cursor = page["next"];
    }
    return all;
  };
  CHECK(addresses("limit=1") == "a@example.com b@other.example c@example.com +380501234567 ");
  CHECK(addresses("channel=phone") == "+380501234567 ");
  CHECK(addresses("reason=complaint") == "a@example.com ");
  CHECK(addresses("source=import") == "b@other.example ");
  CHECK(addresses("prefix=C@") == "c@example.com ");
  CHECK(addresses("since=2021-01-01T00:00:00%2B02:00&channel=email") ==
        "b@other.example c@example.com ");
  for (const char* query :
       {"limit=0", "limit=1001", "limit=x", "cursor=%21", "channel=fax", "reason=x", "since=now",
        "color=red", "limit=1&limit=2", "prefix=%zz"}) {
    INFO(query);
    CHECK(driver.get(here + "?" + query).status == 400);
  }
}

}  // namespace suppressd
