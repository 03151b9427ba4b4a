// Adding by CSV, and bodies large enough to be stored as runs: the same answers as row by row.
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::AppDriver;
using test::Reply;
using test::Request;

const std::string here = "/v1/accounts/acme/suppressions";

test::AppDriverOptions small_runs() {
  test::AppDriverOptions options;
  options.limits.run_rows_min = 100;
  options.limits.run_rows_max = 1'000;
  return options;
}

struct Acme : AppDriver {
  explicit Acme(const test::AppDriverOptions& options = {}) : AppDriver(options) {
    make_account("acme", "UA");
  }
  Reply csv(const std::string& query, const std::string& body, size_t piece_bytes = 7) {
    return send({"POST", here + query, admin, {{"content-type", "text/csv"}}, body, piece_bytes});
  }
  json explain(const std::string& address) {
    return get("/v1/accounts/acme/explain?address=" + address).json();
  }
};

std::string addresses(size_t begin, size_t end) {
  std::string body;
  for (size_t i = begin; i < end; ++i) body += "u" + std::to_string(i) + "@example.com\n";
  return body;
}

Request text(const AppDriver& driver, const std::string& body, Fields more = {}) {
  more.emplace_back("content-type", "text/plain");
  return {"POST", here + "?reason=manual", driver.admin, more, body, 5'000};
}

}  // namespace

TEST_CASE("a CSV's columns are found by the header, cells make the rows, bad rows are named") {
  Acme driver;
  const Reply reply =
      driver.csv("?column=E-Mail&reason=manual",
                 "id;e-mail;Reason;evidence;at;source\n"
                 "1;A@example.com;complaint;\"said \"\"no\"\"\";2026-02-03T04:05:06Z;x\n"
                 "2;b@example.com;;;;\n"
                 "3;nobody;;;;\n"
                 "4\n"
                 "5;c@example.com;nonsense;;;\n"
                 "6;d@example.com;legal;\xff;;\n"
                 "7;0501234567;;;;");
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["added"] == 3);
  CHECK(reply.json()["errors"] ==
        json::parse(R"([{"index":2,"field":"address","error":"not_a_number"},
                        {"index":3,"field":"address","error":"missing_column"},
                        {"index":4,"field":"reason","error":"unknown_reason"},
                        {"index":5,"field":"evidence","error":"not_utf8"}])"));
  const json cause = driver.explain("a@example.com")["causes"][0];
  CHECK(cause["reason"] == "complaint");
  CHECK(cause["evidence"] == "said \"no\"");
  CHECK(cause["at"] == "2026-02-03T04:05:06.000Z");
  CHECK(cause["source"] == "api");  // a column that is called source means something else
  CHECK(driver.verdict("acme", "b@example.com") == "suppressed:account:manual");
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:manual");
}

TEST_CASE("columns of a CSV without a header go by their numbers") {
  Acme driver;
  const Reply reply =
      driver.csv("?header=false&column=1&reason_column=0&source_column=2&channel_column=3",
                 "legal,a@example.com,import,email\nmanual,0501234567,,phone\n");
  CHECK(reply.json()["added"] == 2);
  CHECK(driver.explain("a@example.com")["causes"][0]["source"] == "import");
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:manual");
  CHECK(driver.csv("?reason=manual", "c@example.com\r\nd@example.com").json()["added"] == 2);
}

TEST_CASE("a CSV that cannot be read is refused with the reason") {
  Acme driver;
  CHECK(driver.csv("?column=mail&reason=manual", "email\na@example.com\n").status == 400);
  CHECK(driver.csv("?column=email&header=false", "a@example.com\n").status == 400);
  CHECK(driver.csv("?column=0&delimiter=pipe", "a@example.com\n").status == 400);
  CHECK(driver.csv("?reason=manual", "\"a@example.com\n").problem() == "malformed-csv");
  CHECK(driver.csv("", "a@example.com\n").json()["errors"][0]["error"] == "no_reason");
  const Reply text = driver.post(here + "?reason=manual&column=1", "a@example.com", "text/plain");
  CHECK(text.status == 400);
  CHECK(text.json()["errors"][0]["error"] == "only_for_csv");
}

TEST_CASE("a body of many rows is stored as runs, in order, and answered as a whole") {
  Acme driver(small_runs());
  std::string body = addresses(0, 2'500) + "nobody\n" + addresses(2'000, 2'700);
  const uint64_t before = driver.store().sequence();
  const Reply reply = driver.send(text(driver, body));
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["added"] == 2'700);
  CHECK(reply.json()["unchanged"] == 500);
  CHECK(reply.json()["errors"] ==
        json::parse(R"([{"index":2500,"field":"address","error":"not_a_number"}])"));
  CHECK(reply.json()["sequence"] == before + 4);  // three runs of 1,000 rows and one of 200
  CHECK(driver.store().suppression_count() == 2'700);
  CHECK(driver.set().entries() == 2'700);
  CHECK(driver.verdict("acme", "u2699@example.com") == "suppressed:account:manual");
}

TEST_CASE("a repeated request finds its runs again, another one with its key is refused") {
  Acme driver(small_runs());
  Request request = text(driver, addresses(0, 1'900), {{"idempotency-key", "k"}});
  const Reply first = driver.send(request);
  REQUIRE(first.status == 200);
  request.piece_bytes = 333;
  const Reply again = driver.send(request);
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.body == first.body);
  request.body += "one-more@example.com\n";
  const Reply other = driver.send(request);
  CHECK(other.status == 422);
  CHECK(other.json()["applied"]["added"] == 1'000);  // its first run is the same
  CHECK(driver.store().suppression_count() == 1'900);
}

TEST_CASE("single changes beside runs keep their effect, whichever comes first") {
  Acme driver(small_runs());
  const size_t rows = 20'000;
  std::atomic<bool> done{false};
  std::atomic<size_t> singles{0};
  std::thread beside([&] {
    Metrics metrics;
    Worker worker(driver.set(), metrics.add_thread());
    for (size_t i = 0; !done; i = (i + 997) % rows) {
      const std::string row =
          R"({"address":"u)" + std::to_string(i) + R"(@example.com","reason":"legal"})";
      const Reply reply =
          test::walk(driver.app(), worker,
                     {"POST", here, driver.admin, {{"content-type", "application/json"}}, row});
      if (reply.status == 200) ++singles;
    }
  });
  while (singles == 0) std::this_thread::yield();
  const Reply reply = driver.send(text(driver, addresses(0, rows)));
  done = true;
  beside.join();
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["added"].get<size_t>() + reply.json()["updated"].get<size_t>() == rows);
  CHECK(driver.store().suppression_count() == rows);
  CHECK(driver.set().entries() == rows);
  size_t legal = 0;
  for (size_t i = 0; i < rows; i += 997) {
    const json causes = driver.explain("u" + std::to_string(i) + "@example.com")["causes"];
    CHECK(causes.size() <= 2);
    legal += driver.verdict("acme", "u" + std::to_string(i) + "@example.com") ==
             "suppressed:account:legal";
    CHECK(std::count_if(causes.begin(), causes.end(),
                        [](const json& cause) { return cause["reason"] == "manual"; }) == 1);
  }
  CHECK(legal >= std::min<size_t>(singles, rows / 997));
}

}  // namespace suppressd
