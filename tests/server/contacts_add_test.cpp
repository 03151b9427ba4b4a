// Adding contacts: what the answer says of each row, and what the contact is afterwards.
#include <catch2/catch.hpp>

#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;
using test::Request;

const std::string here = "/v1/accounts/acme/contacts";

struct Acme : LifeDriver {
  using LifeDriver::LifeDriver;
  json add(const json& body, const std::string& query = "") {
    const Reply reply = post(here + query, body.dump());
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    CHECK(reply.field("Suppress-Sequence") == reply.json()["sequence"].dump());
    return reply.json();
  }
  Request lines(const std::string& body, const std::string& query = "") {
    return {"POST", here + query, admin, {{"content-type", "application/x-ndjson"}}, body, 777};
  }
};

std::string many_lines(size_t begin, size_t end) {
  std::string body;
  for (size_t i = begin; i < end; ++i) {
    body += R"({"email":"u)" + std::to_string(i) + R"(@example.com","fields":{"n":")" +
            std::to_string(i % 10) + "\"}}\n";
  }
  return body;
}

}  // namespace

TEST_CASE("one contact is added, updated by either address, and answered with its verdicts (R10)") {
  Acme driver;
  driver.suppress("/v1/platform", "gone@example.com", "hard_bounce", "550 5.1.1");
  const json first = driver.add({{"email", " Gone@Example.COM "},
                                 {"phone", "050 123 45 67"},
                                 {"fields", {{"city", "Kyiv"}, {"name", "Ann"}}}});
  CHECK(first["created"] == 1);
  CHECK(first["errors"] == json::array());
  CHECK(first["results"] == json::parse(R"([{"index":0,"id":"c1","result":"created",
      "email":{"verdict":"suppressed","reason":"hard_bounce","scope":"platform"},
      "phone":{"verdict":"clear","reason":null,"scope":null}}])"));

  const json second = driver.add({{"phone", "+380501234567"}, {"fields", {{"city", "Lviv"}}}});
  CHECK(second["updated"] == 1);
  CHECK(second["results"][0]["id"] == "c1");
  CHECK(second["results"][0]["email"].is_null());
  CHECK(driver.add({{"phone", "+380501234567"}})["unchanged"] == 1);

  const json card = driver.card("acme", "c1");
  CHECK(card["fields"] == json::parse(R"({"city":"Lviv","name":"Ann"})"));
  CHECK(card["email"]["address"] == "gone@example.com");
  CHECK(card["email"]["given"] == " Gone@Example.COM ");
  CHECK(card["email"]["state"] == "blacklisted");
  CHECK(card["phone"]["address"] == "+380501234567");
  CHECK(card["phone"]["state"] == "active");
  CHECK(card["source"] == "api");
}

TEST_CASE("adding says what the check says, of every reason and scope (R1, R3, R10)") {
  Acme driver;
  driver.suppress("/v1/accounts/acme", "left@example.com", "unsubscribe");
  driver.suppress("/v1/accounts/acme", "+380501112233", "complaint");
  driver.suppress("/v1/platform", "dead@example.com", "hard_bounce");
  driver.suppress("/v1/accounts/globe", "theirs@example.com", "manual");
  const json answer = driver.add({{"contacts",
                                   {{{"email", "left@example.com"}, {"phone", "+380501112233"}},
                                    {{"email", "dead@example.com"}},
                                    {{"email", "theirs@example.com"}},
                                    {{"email", "free@example.com"}}}}},
                                 "?source=import");
  REQUIRE(answer["results"].size() == 4);
  for (const json& result : answer["results"]) {
    const json contact = driver.card("acme", result["id"]);
    CHECK(contact["source"] == "import");
    for (const char* channel : {"email", "phone"}) {
      if (contact[channel].is_null()) continue;
      const std::string verdict = driver.verdict("acme", contact[channel]["address"]);
      const json& said = result[channel];
      CHECK(verdict == (said["verdict"] == "clear"
                            ? "clear"
                            : "suppressed:" + said["scope"].get<std::string>() + ":" +
                                  said["reason"].get<std::string>()));
      CHECK(contact[channel]["verdict"] == said["verdict"]);
      CHECK(contact[channel]["reason"] == said["reason"]);
    }
  }
  CHECK(answer["results"][2]["email"]["verdict"] == "clear");
}

TEST_CASE("a bad row is an error of that row, whether in JSON or NDJSON") {
  Acme driver;
  json many = json::object();
  for (int i = 0; i < 65; ++i) many["f" + std::to_string(i)] = "v";
  const std::vector<json> rows = {
      {{"email", "first@example.com"}},
      {{"email", "nobody"}},
      {{"fields", {{"a", "b"}}}},
      {{"email", nullptr}, {"phone", nullptr}},
      {{"email", "a@example.com"}, {"phone", "12"}},
      {{"email", 7}},
      {{"email", "a@example.com"}, {"colour", "red"}},
      {{"email", "a@example.com"}, {"fields", {{"n", 5}}}},
      {{"email", "a@example.com"}, {"fields", "x"}},
      {{"email", "a@example.com"}, {"fields", {{"", "x"}}}},
      {{"email", "a@example.com"}, {"fields", {{std::string(65, 'n'), "x"}}}},
      {{"email", "a@example.com"}, {"fields", {{"n", std::string(1025, 'v')}}}},
      {{"email", "a@example.com"}, {"fields", {{std::string("a\0b", 3), "x"}}}},
      {{"email", "a@example.com"}, {"fields", many}},
      {{"phone", "0501234567"}, {"region", "XX"}},
      "text",
      {{"phone", "0501234567"}, {"region", "UA"}, {"fields", {{"n", nullptr}}}}};
  const std::vector<std::string> expected = {
      "no_at_sign",       "no_address",          "no_address",           "too_short",
      "not_a_string",     "unknown_member",      "not_a_string",         "not_an_object",
      "empty_field_name", "field_name_too_long", "field_value_too_long", "control_character",
      "too_many_fields",  "unknown_region",      "not_an_object"};
  std::string body;
  for (const json& row : rows) body += row.dump() + "\n";
  const json from_json = driver.add({{"contacts", rows}});
  const json from_lines = driver.good(driver.send(driver.lines(body)));
  CHECK(from_json["created"] == 2);
  CHECK(from_lines["unchanged"] == 2);
  for (const json& answer : {from_json, from_lines}) {
    CHECK(answer["invalid"] == expected.size());
    REQUIRE(answer["errors"].size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      CHECK(answer["errors"][i]["index"] == i + 1);
      CHECK(answer["errors"][i]["error"] == expected[i]);
    }
    CHECK(answer["results"].size() == 2);
    CHECK(answer["results"][1]["index"] == rows.size() - 1);
  }
  CHECK(driver.contacts("acme", "?channel=email").size() == 1);
}

TEST_CASE("bodies, queries and media types that cannot be are refused whole") {
  Acme driver;
  CHECK(driver.post(here, "{").problem() == "malformed-json");
  CHECK(driver.post(here, "[]").status == 400);
  CHECK(driver.post(here, R"({"contacts":{}})").status == 400);
  CHECK(driver.post(here, "a@example.com", "text/plain").status == 415);
  for (const char* query :
       {"?source=campaign", "?region=ZZ", "?restore_deleted=yes", "?colour=1"}) {
    INFO(query);
    CHECK(driver.post(here + query, R"({"email":"a@example.com"})").problem() == "invalid-request");
  }
  for (const char* query : {"?segment=s1", "?segment=nonsense", "?segment=s01"}) {
    INFO(query);
    const Reply reply = driver.post(here + query, R"({"email":"a@example.com"})");
    CHECK(reply.status == 404);
    CHECK(reply.problem() == "unknown-segment");
  }
  CHECK(driver.contacts("acme", "?channel=email").empty());
}

TEST_CASE("the same contact twice in a request: later rows see earlier ones") {
  Acme driver;
  const json answer = driver.add({{"contacts",
                                   {{{"email", "a@example.com"}, {"fields", {{"n", "1"}}}},
                                    {{"email", "A@example.com"}, {"phone", "+380501234567"}},
                                    {{"phone", "+380501234567"}, {"fields", {{"n", "2"}}}},
                                    {{"email", "a@example.com"}}}}});
  CHECK(answer["created"] == 1);
  CHECK(answer["updated"] == 2);
  for (const json& result : answer["results"]) CHECK(result["id"] == "c1");
  CHECK(driver.card("acme", "c1")["fields"]["n"] == "2");
}

TEST_CASE("a row that names two contacts, or has too much, changes nothing and says so") {
  Acme driver;
  driver.add_contact("acme", "a@example.com");
  driver.add_contact("acme", "", "+380501234567");
  json fields = json::object();
  for (int i = 0; i < 64; ++i) fields["f" + std::to_string(i)] = "v";
  driver.add({{"email", "full@example.com"}, {"fields", fields}});
  const json answer =
      driver.add({{"contacts",
                   {{{"email", "bad"}},
                    {{"email", "a@example.com"}, {"phone", "+380501234567"}},
                    {{"email", "full@example.com"}, {"fields", {{"one_more", "v"}}}}}}});
  CHECK(answer["invalid"] == 3);
  CHECK(answer["unchanged"] == 0);
  CHECK(answer["errors"] == json::parse(R"([
      {"index":0,"field":"email","error":"no_at_sign"},
      {"index":1,"error":"address_of_another_contact"},
      {"index":2,"error":"too_many_fields"}])"));
  CHECK(answer["results"][0]["result"] == "conflict");
  CHECK(answer["results"][0]["error"] == "address_of_another_contact");
  CHECK(answer["results"][1]["error"] == "too_many_fields");
  CHECK(driver.card("acme", "c1")["phone"].is_null());
}

TEST_CASE("NDJSON of many rows streams through several changes, each row answered or counted") {
  Acme driver;
  driver.suppress("/v1/accounts/acme", "u12345@example.com", "manual");
  const std::string body =
      many_lines(0, 15'000) + "nonsense\n" + many_lines(14'000, 25'000) + R"({"email":"x"})";
  const uint64_t before = driver.store().sequence();
  const Reply reply = driver.send(driver.lines(body));
  REQUIRE(reply.status == 200);
  const json answer = reply.json();
  CHECK(answer["created"] == 25'000);
  CHECK(answer["unchanged"] == 1'000);
  CHECK(answer["sequence"] == before + 3);
  CHECK(answer["errors"] == json::parse(R"([{"index":15000,"error":"bad_json"},
      {"index":26001,"field":"email","error":"no_at_sign"}])"));
  REQUIRE(answer["results"].size() == 10'000);
  CHECK(answer["results_omitted"] == 16'000);
  for (size_t i = 0; i < 10'000; ++i) REQUIRE(answer["results"][i]["index"] == i);
  const json found = driver.read(here + "?prefix=u12345@&channel=email");
  REQUIRE(found["items"].size() == 1);
  CHECK(found["items"][0]["email"]["state"] == "blacklisted");
}

TEST_CASE("a change is cut where its rows' texts come to much") {
  Acme driver;
  json fields = json::object();
  for (int i = 0; i < 60; ++i) fields["f" + std::to_string(i)] = std::string(1'000, 'v');
  std::string body;
  for (int i = 0; i < 200; ++i) {
    body +=
        json{{"email", "u" + std::to_string(i) + "@example.com"}, {"fields", fields}}.dump() + "\n";
  }
  const uint64_t before = driver.store().sequence();
  const json answer = driver.good(driver.send(driver.lines(body)));
  CHECK(answer["created"] == 200);
  CHECK(answer["sequence"] == before + 2);
}

TEST_CASE("a repeated request stores nothing again and says where its contacts are") {
  Acme driver;
  driver.add_contact("acme", "a@example.com");
  driver.add_contact("acme", "", "+380501234567");
  Request request = driver.lines(
      "{\"email\":\"b@example.com\"}\n{\"email\":\"a@example.com\",\"phone\":\"+380501234567\"}\n" +
      many_lines(0, 12'000));
  request.fields.emplace_back("idempotency-key", "k");
  const json first = driver.good(driver.send(request));
  CHECK(first["created"] == 12'001);
  const uint64_t sequence = driver.store().sequence();
  request.piece_bytes = 50'000;
  const Reply again = driver.send(request);
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(driver.store().sequence() == sequence);
  const json second = again.json();
  for (const char* count : {"sequence", "created", "updated", "unchanged", "invalid", "errors"}) {
    CHECK(second[count] == first[count]);
  }
  REQUIRE(second["results"].size() == first["results"].size());
  for (size_t i = 0; i < 10'000; ++i) {
    REQUIRE(second["results"][i]["id"] == first["results"][i]["id"]);
    REQUIRE(second["results"][i]["email"] == first["results"][i]["email"]);
  }
  CHECK(second["results"][0]["result"] == "unchanged");
  CHECK(second["results"][1]["result"] == "conflict");

  request.body = "{\"email\":\"other@example.com\"}\n";
  CHECK(driver.send(request).problem() == "idempotency-key-reused");
}

TEST_CASE("deleted contacts are recognized, and come back only when asked to (R15, R16)") {
  Acme driver;
  driver.suppress("/v1/accounts/acme", "a@example.com", "complaint");
  const std::string id = driver.add_contact("acme", "a@example.com", "+380501234567");
  driver.good(driver.remove(here + "/" + id + "?reason=left"));
  const json kept =
      driver.add({{"email", "a@example.com"}, {"fields", {{"n", "1"}}}}, "?source=import");
  CHECK(kept["results"][0]["id"] == id);
  CHECK(kept["results"][0]["result"] == "kept_deleted");
  CHECK(kept["results"][0]["email"]["verdict"] == "suppressed");
  CHECK(driver.card("acme", id)["email"]["state"] == "deleted");
  CHECK(driver.card("acme", id)["email"]["deleted"]["reason"] == "left");

  const json email = driver.add({{"email", "a@example.com"}}, "?restore_deleted=true");
  CHECK(email["results"][0]["result"] == "restored");
  const json card = driver.card("acme", id);
  CHECK(card["email"]["state"] == "blacklisted");
  CHECK(card["fields"]["n"] == "1");
  CHECK(card["phone"]["state"] == "deleted");
  CHECK(driver.verdict("acme", "a@example.com") == "suppressed:account:complaint");
  driver.add({{"phone", "+380501234567"}}, "?restore_deleted=true");
  CHECK(driver.card("acme", id)["phone"]["state"] == "active");
}

TEST_CASE("contacts join the segment that the request names") {
  Acme driver;
  driver.commit({CreateSegment{driver.number("acme"), "vip"}, "k", 1, std::nullopt});
  const json answer = driver.add({{"email", "a@example.com"}}, "?segment=s1");
  CHECK(answer["created"] == 1);
  CHECK(driver.card("acme", "c1")["segments"] == json::parse(R"([{"id":"s1","name":"vip"}])"));
  CHECK(driver.contacts("acme", "?segment=s1").size() == 1);
}

TEST_CASE("a body that breaks off leaves whole changes, and the problem says which") {
  Acme driver;
  test::AppDriverOptions options;
  options.limits.streaming_body_bytes_max = 600'000;
  Acme small(options);
  Request request = small.lines(many_lines(0, 20'000));
  request.declare_length = false;
  const Reply reply = small.send(request);
  CHECK(reply.status == 413);
  CHECK(reply.json()["applied"]["created"] == 10'000);
}

}  // namespace suppressd
