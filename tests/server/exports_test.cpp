// Exports: CSV files of lists, and lists put into segments.
#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/server/contact_driver.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;

namespace {

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string text(packed.size() * 50 + 1'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

/// One contact with these fields.
void add(ContactDriver& driver, const std::string& email, const std::string& phone,
         std::map<std::string, std::string> fields = {}) {
  PutContacts put;
  put.account = driver.number();
  put.source = "import";
  put.rows.resize(1);
  put.rows[0].addresses = {email, phone};
  put.rows[0].fields = std::move(fields);
  REQUIRE(driver.commit(put).added == 1);
}

std::string refusal(const Reply& reply) {
  return std::to_string(reply.status) + " " + reply.problem();
}

}  // namespace

TEST_CASE("an export holds the channel's addresses of a list, at one sequence", "[exports]") {
  ContactDriver driver;
  add(driver, "bob@example.com", "+380441234567");
  const TimeMs first = now_ms();
  eventually([&] { return now_ms() > first; });
  add(driver, "ann@example.com", "");
  const Reply reply = driver.get(driver.path("/exports?format=csv"));
  REQUIRE(reply.status == 200);
  CHECK(reply.field("Content-Type") == "text/csv; charset=utf-8");
  CHECK(reply.field("Content-Disposition") == "attachment; filename=\"acme-contacts.csv\"");
  CHECK(reply.field("Suppress-Sequence") == std::to_string(driver.sequence()));
  CHECK(reply.body == "email\r\nann@example.com\r\nbob@example.com\r\n");
  CHECK(driver.get(driver.path("/exports?channel=phone")).body == "phone\r\n+380441234567\r\n");
  CHECK(driver.get(driver.path("/exports?prefix=nobody")).body == "email\r\n");
  CHECK(driver.get(driver.path("/exports?sort=time")).body ==
        "email\r\nann@example.com\r\nbob@example.com\r\n");
}

TEST_CASE("cells are byte-exact, or safe in a spreadsheet where that is asked for", "[exports]") {
  ContactDriver driver;
  const std::string odd = "say \"hi\",\r\nthen go";
  add(driver, "=cmd@example.com", "+380441234567",
      {{"note", odd}, {"sum", "=1+1"}, {"tab", "\tx"}, {"plus", "+12"}, {"calm", "a=b"}});
  const auto cells = [&](const std::string& query) {
    const Reply reply = driver.get(driver.path("/exports?columns=all" + query));
    REQUIRE(reply.status == 200);
    return reply.body;
  };
  using Catch::Matchers::Contains;
  using Catch::Matchers::EndsWith;
  using Catch::Matchers::StartsWith;
  const std::string exact = cells("");
  CHECK_THAT(exact, StartsWith("id,email,email_given,email_state,"));
  CHECK_THAT(exact, Contains(",field.calm,field.note,field.plus,field.sum,field.tab\r\nc1,"
                             "=cmd@example.com,"));
  CHECK_THAT(exact, Contains(",+380441234567,"));
  CHECK_THAT(exact, EndsWith(",a=b,\"say \"\"hi\"\",\r\nthen go\",+12,=1+1,\tx\r\n"));
  const std::string safe = cells("&for=spreadsheet");
  CHECK_THAT(safe, Contains("c1,'=cmd@example.com,"));
  CHECK_THAT(safe, Contains(",+380441234567,"));  // plain E.164
  CHECK_THAT(safe, EndsWith(",a=b,\"say \"\"hi\"\",\r\nthen go\",'+12,'=1+1,'\tx\r\n"));
}

TEST_CASE("gzip is the file's form when asked for, or the transfer's when the client takes it",
          "[exports]") {
  ContactDriver driver;
  driver.add_contacts("ann", 3'500);
  const std::string plain = driver.get(driver.path("/exports")).body;
  CHECK(std::count(plain.begin(), plain.end(), '\n') == 3'501);
  const Reply file = driver.get(driver.path("/exports?gzip=true"));
  CHECK(file.field("Content-Type") == "application/gzip");
  CHECK(file.field("Content-Disposition") == "attachment; filename=\"acme-contacts.csv.gz\"");
  CHECK(file.field("Content-Encoding").empty());
  CHECK(gunzip(file.body) == plain);
  const auto accepting = [&](const std::string& coding) {
    return driver.send(
        {"GET", driver.path("/exports"), driver.admin, {{"accept-encoding", coding}}, ""});
  };
  const Reply encoded = accepting("br, gzip;q=0.5");
  CHECK(encoded.field("Content-Type") == "text/csv; charset=utf-8");
  CHECK(encoded.field("Content-Encoding") == "gzip");
  CHECK(gunzip(encoded.body) == plain);
  CHECK(accepting("gzip;q=0").body == plain);
}

TEST_CASE("an export goes on at its moment whatever changes while it is read slowly", "[exports]") {
  ContactDriver driver;
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  driver.add_contacts("ann", 5'000, 1);
  const std::string wanted = driver.get(driver.path("/exports?segment=s1&columns=all")).body;
  const uint64_t sequence = driver.sequence();
  RequestHead head;
  head.method = "GET";
  head.path = driver.path("/exports");
  head.query = "segment=s1&columns=all";
  head.fields.emplace_back("authorization", "Bearer " + driver.admin);
  Worker worker(driver.set(), driver.metrics().add_thread());
  const auto signal = std::make_shared<WakeSignal>();
  const auto exchange = driver.app().begin(head, worker, [signal] { signal->give(); });
  Answer answer;
  std::string body;
  bool changed = false;
  size_t pieces = 0;
  Progress progress = exchange->on_end(answer);
  while (progress == Progress::wait) {
    signal->wait();
    progress = exchange->on_wake(answer);
    const std::string piece = std::exchange(answer.body, {});
    pieces += !piece.empty();
    body += piece;
    if (changed || body.empty()) continue;
    changed = true;
    CHECK(exchange->buffered_bytes() < (1 << 20));
    // Everything in the list changes, new ones come, and the segment vanishes.
    driver.add_contacts("new", 3, 1);
    driver.finished(driver.ask(
        "/delete-contacts",
        {{"filter", json::object()}, {"shown_at", driver.sequence()}, {"expected", 5'003}}));
    driver.finished(driver.remove(driver.path("/segments/s1?confirm=winter")));
  }
  CHECK(progress == Progress::done);
  CHECK(pieces >= 5);
  CHECK(body == wanted);
  const auto field = std::find_if(answer.fields.begin(), answer.fields.end(),
                                  [](const auto& one) { return one.first == "Suppress-Sequence"; });
  CHECK(field->second == std::to_string(sequence));
  CHECK(refusal(driver.get(driver.path("/exports?segment=s1"))) == "404 unknown-segment");
}

TEST_CASE("a list is put into a segment that is there, or into one that is made", "[exports]") {
  ContactDriver driver;
  driver.add_contacts("ann", 11'000);
  for (int i = 0; i < 3; ++i) {
    const json body{{"address", "ann" + std::to_string(i) + "@example.com"}, {"reason", "legal"}};
    REQUIRE(driver.ask("/suppressions", body).status == 200);
  }
  REQUIRE(driver.ask("/segments", {{"name", "bad"}}).status == 201);
  const json filter{{"state", "blacklisted"}, {"channel", "email"}};
  const Reply into = driver.ask("/exports", {{"filter", filter}, {"segment", "s1"}});
  CHECK(into.json()["segment"] == "s1");
  const json job = driver.finished(into);
  CHECK(job["kind"] == "fill_segment");
  CHECK(job["changed"] == 3);
  CHECK(job["total"] == 3);
  CHECK(driver.get(driver.path("/segments/s1/contacts")).json()["items"].size() == 3);

  const Reply made = driver.ask(
      "/exports", {{"filter", {{"group", "never_sent"}}}, {"new_segment", "never reached"}});
  CHECK(made.json()["segment"] == "s2");
  CHECK(driver.finished(made)["changed"] == 11'000);
  CHECK(driver.get(driver.path("/segments/s2")).json()["contacts"]["email"] == 11'000);
  const json again = driver.finished(
      driver.ask("/exports", {{"filter", {{"group", "never_sent"}}}, {"segment", "s2"}}));
  CHECK(again["changed"] == 0);
  CHECK(again["skipped"] == 11'000);
}

TEST_CASE("exports that cannot be are refused", "[exports]") {
  ContactDriver driver;
  driver.add_contacts("ann", 1);
  for (const char* query : {"format=xml", "for=print", "columns=some", "gzip=yes", "sort=name",
                            "limit=3", "state=gone", "segment=x"}) {
    INFO(query);
    CHECK(driver.get(driver.path("/exports?" + std::string(query))).status == 400);
  }
  CHECK(refusal(driver.get(driver.path("/exports?segment=s9"))) == "404 unknown-segment");
  const json all = json::object();
  CHECK(driver.ask("/exports", {{"filter", all}}).json()["errors"][0]["error"] == "required");
  CHECK(driver.ask("/exports", {{"filter", all}, {"new_segment", ""}}).status == 400);
  CHECK(refusal(driver.ask("/exports", {{"filter", all}, {"segment", "s9"}})) ==
        "404 unknown-segment");
  CHECK(refusal(driver.ask("/exports", {{"filter", {{"prefix", "zoe"}}}, {"new_segment", "z"}})) ==
        "409 nothing-matches");
  CHECK(driver.get(driver.path("/segments")).json()["items"].empty());
  REQUIRE(driver.ask("/segments", {{"name", "there"}}).status == 201);
  CHECK(refusal(driver.ask("/exports", {{"filter", all}, {"new_segment", "there"}})) ==
        "409 segment-exists");
}
