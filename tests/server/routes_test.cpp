// What every route shares: statuses, problems, waiting for a sequence, and that nothing personal is
// repeated.
#include <catch2/catch.hpp>

#include <future>
#include <thread>

#include "server/min_sequence.hpp"
#include "server/router.hpp"
#include "server/store_exchange.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::AppDriver;
using test::AppDriverOptions;
using test::Reply;
using test::Request;

}  // namespace

TEST_CASE("an unknown path is 404, a known one with another method 405 with Allow") {
  AppDriver driver;
  for (const char* path : {"/", "/v2/accounts", "/v1/accounts/", "/v1/accounts//check",
                           "/v1/accounts/a/check/", "/v1", "v1/accounts", "", "/livez/x"}) {
    INFO(path);
    const Reply reply = driver.get(path);
    CHECK(reply.status == 404);
    CHECK(reply.problem() == "unknown-path");
  }
  const Reply reply = driver.send({"PUT", "/v1/accounts", driver.admin, {}, {}});
  CHECK(reply.status == 405);
  CHECK(reply.field("Allow") == "POST, GET");
  CHECK(driver.get("/v1/accounts/a%zz").problem() == "bad-path");
}

TEST_CASE("a problem document has its type, title, status and detail") {
  AppDriver driver;
  const Reply reply = driver.get("/v1/accounts/none");
  CHECK(reply.status == 404);
  CHECK(reply.field("Content-Type") == "application/problem+json");
  const json problem = reply.json();
  CHECK(problem["type"] == "/problems/unknown-account");
  CHECK(problem["status"] == 404);
  CHECK(!problem["title"].get<std::string>().empty());
  CHECK(!problem["detail"].get<std::string>().empty());
}

TEST_CASE("while the list is loading, only the operation routes answer") {
  AppDriverOptions options;
  options.loaded = false;
  AppDriver driver(options);
  driver.health().load_progress = 0.25;
  for (const Route& route : routes()) {
    INFO(route.method << " " << route.pattern);
    const Reply reply =
        driver.send({std::string(route.method), std::string(route.pattern), driver.admin, {}, {}});
    if (route.pattern.starts_with("/v1/") || route.pattern.starts_with("/u/")) {
      CHECK(reply.status == 503);
      CHECK(reply.problem() == "loading");
      CHECK(reply.field("Retry-After") == "1");
      CHECK(reply.json()["progress"] == 0.25);
    } else {
      CHECK(reply.status == (route.pattern == "/readyz" ? 503 : 200));
    }
  }
  CHECK(driver.get("/readyz").json()["status"] == "loading");
  CHECK(driver.get("/readyz").json()["progress"] == 0.25);
  for (const Phase phase : {Phase::draining, Phase::unhealthy}) {
    driver.health().phase = phase;  // a phase that comes while loading completes no list
    CHECK(driver.get("/v1/accounts").status == 503);
  }
  driver.health().loaded = true;
  driver.health().phase = Phase::ready;
  CHECK(driver.get("/readyz").status == 200);
  CHECK(driver.get("/readyz").json()["status"] == "ready");
  driver.health().phase = Phase::draining;
  CHECK(driver.get("/readyz").status == 503);
  CHECK(driver.get("/v1/accounts").status == 200);  // what is in flight is finished
}

TEST_CASE("a body of another type is 415 and told what is accepted") {
  AppDriver driver;
  driver.make_account("acme");
  for (const char* type : {"", "text/html", "application/json; charset=latin1", "json"}) {
    for (const char* target : {"/v1/accounts", "/v1/keys", "/v1/accounts/acme/suppressions"}) {
      INFO(type << " to " << target);
      const Reply reply = driver.post(target, "{}", type);
      CHECK(reply.status == 415);
      CHECK(reply.field("Accept").find("application/json") != std::string::npos);
      CHECK(reply.json()["detail"].get<std::string>().find("application/json") !=
            std::string::npos);
    }
  }
  CHECK(driver.post("/v1/accounts", R"({"account":"b"})", "Application/JSON; Charset=\"UTF-8\"")
            .status == 201);
}

TEST_CASE("malformed JSON is 400 with the octet where it goes wrong") {
  AppDriver driver;
  const Reply reply = driver.post("/v1/accounts", R"({"account":"a",})");
  CHECK(reply.status == 400);
  CHECK(reply.problem() == "malformed-json");
  CHECK(reply.json()["octet"] == 15);
  CHECK(driver.post("/v1/accounts", "").status == 400);
  CHECK(driver.post("/v1/accounts", "[1]").status == 400);
  CHECK(driver.post("/v1/accounts", "{\"account\":\"\xff\"}").status == 400);
}

TEST_CASE("a small body over its limit is 413, declared or not") {
  AppDriver driver;
  Request request{"POST",
                  "/v1/accounts",
                  driver.admin,
                  {{"content-type", "application/json"}},
                  std::string(64 * 1024 + 1, ' '),
                  1000};
  CHECK(driver.send(request).status == 413);
  request.declare_length = false;
  CHECK(driver.send(request).status == 413);
}

TEST_CASE("an unknown query parameter is refused, and the known ones are named") {
  AppDriver driver;
  const Reply reply = driver.get("/v1/accounts?cursr=b");
  CHECK(reply.status == 400);
  CHECK(reply.json()["errors"][0]["error"] == "unknown_parameter");
  CHECK(reply.json()["detail"].get<std::string>().find("cursor") != std::string::npos);
}

TEST_CASE("no error repeats an address, wherever it was put") {
  AppDriver driver;
  driver.make_account("acme");
  const std::string secret = "bobsecret";
  const std::string list = "/v1/accounts/acme/suppressions";
  const std::vector<Reply> replies = {
      driver.get("/v1/accounts/acme/suppressions/email/bobsecret"),
      driver.get("/v1/accounts/acme/suppressions/email/bobsecret@example.com"),
      driver.get("/v1/accounts/acme/suppressions/phone/bobsecret@example.com"),
      driver.get("/v1/accounts/acme/suppressions/bobsecret@example.com/x"),
      driver.get("/v1/accounts/bobsecret@example.com"),
      driver.get("/bobsecret@example.com"),
      driver.get("/v1/accounts/acme/explain?bobsecret@example.com"),
      driver.get("/v1/accounts/acme/explain?address=bobsecret&channel=bobsecret"),
      driver.get("/v1/accounts/acme/explain?address=bobsecret&channel=email"),
      driver.get(list + "?cursor=bobsecret"),
      driver.get(list + "?since=bobsecret"),
      driver.remove(list + "/email/bobsecret@example.com"),
      driver.post(list, R"({"address":"bobsecret","reason":"manual","channel":"email"})"),
      driver.post(list, R"({"address":"a@example.com","reason":"bobsecret"})"),
      driver.post(list, R"({"bobsecret@example.com":1})"),
      driver.post(list, R"({"address":bobsecret@example.com})"),
      driver.post("/v1/accounts", R"({"bobsecret@example.com":1})"),
      driver.post("/v1/accounts", R"({"account":"bobsecret@example.com"})"),
      driver.post("/v1/accounts/acme/check?bobsecret@example.com=1", "x", "text/plain"),
      driver.get("/metrics"),
  };
  for (size_t i = 0; i < replies.size(); ++i) {
    INFO("reply " << i << ": " << replies[i].status << " " << replies[i].body);
    CHECK(replies[i].body.find(secret) == std::string::npos);
    for (const auto& [name, value] : replies[i].fields) {
      CHECK(value.find(secret) == std::string::npos);
    }
  }
}

TEST_CASE("a full pool answers 503 and does nothing") {
  AppDriverOptions options;
  options.pool_queue_tasks_max = 0;
  AppDriver driver(options);
  const Reply reply = driver.get("/v1/platform/suppressions");
  CHECK(reply.status == 503);
  CHECK(reply.problem() == "busy");
  CHECK(reply.field("Retry-After") == "1");
}

TEST_CASE("failed storage has two answers: surely not stored, and unknown") {
  Outcome outcome;
  outcome.status = Outcome::Status::refused;
  CHECK(outcome_problem(outcome)->status == 503);
  CHECK(outcome_problem(outcome)->type == "storage-failed");
  outcome.status = Outcome::Status::unknown;
  CHECK(outcome_problem(outcome)->status == 503);
  CHECK(outcome_problem(outcome)->type == "write-unknown");
  outcome.status = Outcome::Status::not_found;
  CHECK(!outcome_problem(outcome));
}

TEST_CASE("an Idempotency-Key must be visible ASCII of at most 255 characters") {
  AppDriver driver;
  for (const std::string& key :
       {std::string(), std::string("a b"), std::string(256, 'k'), std::string("\xc3\xa9")}) {
    const Reply reply =
        driver.send({"POST",
                     "/v1/accounts",
                     driver.admin,
                     {{"content-type", "application/json"}, {"idempotency-key", key}},
                     R"({"account":"a"})"});
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "bad-idempotency-key");
  }
}

TEST_CASE("a read waits for the sequence that it wants") {
  AppDriver driver;
  driver.make_account("acme");
  const uint64_t next = driver.store().sequence() + 1;
  const auto min = [](uint64_t sequence) {
    return std::pair<std::string, std::string>("suppress-min-sequence", std::to_string(sequence));
  };
  SECTION("which is there") {
    CHECK(driver.send({"GET", "/v1/accounts", driver.admin, {min(next - 1)}, {}}).status == 200);
  }
  SECTION("which comes: then the check sees it") {
    std::thread writer([&] {
      Change change;
      AddSuppressions add;
      add.scope = driver.store().accounts().at(0).number;
      add.rows.resize(1);
      add.rows[0].address = "a@example.com";
      add.rows[0].cause.reason = Reason::manual;
      add.rows[0].cause.source = "api";
      change.what = add;
      CHECK(driver.committer().submit(std::move(change), [](const Outcome&) {}));
    });
    Request request{"POST",
                    "/v1/accounts/acme/check",
                    driver.admin,
                    {min(next), {"content-type", "text/plain"}},
                    "a@example.com\nb@example.com\n",
                    5};
    const Reply reply = driver.send(request);
    writer.join();
    CHECK(reply.status == 200);
    CHECK(reply.json()["suppressed"] == 1);
    CHECK(reply.json()["clear"] == 1);
    CHECK(reply.json()["sequence"] >= next);
  }
  SECTION("which does not come in time") {
    const Reply reply = driver.send({"GET", "/v1/accounts", driver.admin, {min(next + 1000)}, {}});
    CHECK(reply.status == 503);
    CHECK(reply.problem() == "sequence-not-reached");
    CHECK(reply.json()["sequence"] == next - 1);
  }
  SECTION("which is no number") {
    const Reply reply =
        driver.send({"GET", "/v1/accounts", driver.admin, {{"suppress-min-sequence", "-1"}}, {}});
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "bad-min-sequence");
  }
}

TEST_CASE("an exchange that is dropped while it waits leaves nothing behind") {
  AppDriver driver;
  ThreadCounters& counters = driver.metrics().add_thread();
  Worker worker(driver.set(), counters);
  RequestHead head;
  head.method = "GET";
  head.path = "/v1/accounts";
  head.fields = {{"authorization", "Bearer " + driver.admin}, {"suppress-min-sequence", "1000000"}};
  Answer answer;
  {
    const auto exchange = driver.app().begin(head, worker, [] { FAIL("woken after its end"); });
    CHECK(exchange->on_end(answer) == Progress::wait);
  }
  head.path = "/v1/platform/suppressions";
  head.fields.pop_back();
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  for (int i = 0; i < 2; ++i) REQUIRE(driver.pool().run([opened] { opened.wait(); }));
  const auto woken = std::make_shared<test::WakeSignal>();
  {
    const auto exchange = driver.app().begin(head, worker, [woken] { woken->give(); });
    CHECK(exchange->on_end(answer) == Progress::wait);  // both threads of the pool are busy
  }
  gate.set_value();
  woken->wait();  // the pool's task ran, and posted to nobody
}

TEST_CASE("routes are named by their pattern for the log") {
  AppDriver driver;
  ThreadCounters& counters = driver.metrics().add_thread();
  Worker worker(driver.set(), counters);
  RequestHead head;
  head.method = "GET";
  head.path = "/v1/accounts/acme/suppressions/email/bob@example.com";
  CHECK(driver.app().begin(head, worker, [] {})->route() ==
        "/v1/accounts/{account}/suppressions/{channel}/{address}");
}

TEST_CASE("/version and /metrics say what runs and how much") {
  AppDriver driver;
  driver.make_account("acme");
  driver.post("/v1/accounts/acme/suppressions?reason=manual", "a@example.com\n", "text/plain");
  driver.verdict("acme", "a@example.com");
  const json version = driver.get("/version").json();
  for (const char* member : {"version", "build", "compiler", "kernel", "normalizer_version"}) {
    CHECK(version.contains(member));
  }
  const Reply reply = driver.get("/metrics");
  CHECK(reply.field("Content-Type").starts_with("text/plain; version=0.0.4"));
  for (const char* line : {"\nsuppressd_set_entries 1\n", "\nsuppressd_phase{phase=\"ready\"} 1\n",
                           "\nsuppressd_addresses_checked_total{verdict=\"suppressed\"} 1\n",
                           "\nsuppressd_checks_total 1\n", "\nsuppressd_load_seconds 0\n",
                           "\nsuppressd_io_cpu_seconds_total ", "\nprocess_resident_memory_bytes ",
                           "\nprocess_cpu_seconds_total ", "\nprocess_threads ",
                           "\nprocess_open_fds ", "\n# TYPE suppressd_request_seconds histogram\n",
                           "\nsuppressd_request_seconds_bucket{le=\"+Inf\"} 0\n"}) {
    INFO(line);
    CHECK(reply.body.find(line) != std::string::npos);
  }
}

}  // namespace suppressd
