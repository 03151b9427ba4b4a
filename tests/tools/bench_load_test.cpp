#include "tools/suppressctl/bench_load.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "tests/tools/stub_server.hpp"
#include "tools/suppressctl/failure.hpp"

using namespace suppressctl;
using namespace std::chrono_literals;
using tools_tests::answer_with;
using tools_tests::StubAnswer;
using tools_tests::StubRequest;
using tools_tests::StubServer;

namespace {

using Clock = std::chrono::steady_clock;
const std::atomic<bool> never{false};

std::shared_ptr<const PreparedRequest> request(uint64_t number, uint32_t addresses = 1) {
  auto made = std::make_shared<PreparedRequest>();
  const std::string body = "a@example.com\n";
  made->bytes = "POST /" + std::to_string(number) +
                " HTTP/1.1\r\nHost: stub\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  made->addresses = addresses;
  return made;
}

StubAnswer checked(uint64_t count) {
  return answer_with(200, "{\"checked\":" + std::to_string(count) + "}", "application/json");
}

LoadPlan plan_of(double rate, std::chrono::milliseconds duration, unsigned connections = 4) {
  LoadPlan plan;
  plan.rate = rate;
  plan.duration = duration;
  plan.drain = 20s;
  plan.connections = connections;
  return plan;
}

uint64_t slower_than(const LatencyHistogram& histogram, std::chrono::nanoseconds time) {
  uint64_t slower = 0;
  const auto count = histogram.count();
  for (uint64_t rank = 1; rank <= count; ++rank)
    slower +=
        histogram.percentile(static_cast<double>(rank) / static_cast<double>(count)) > time ? 1 : 0;
  return slower;
}

}  // namespace

TEST_CASE("every request that was meant is sent once and counted") {
  StubServer server([](const StubRequest&) { return checked(7); });
  for (const unsigned senders : {1u, 3u}) {
    LoadPlan plan = plan_of(400, 250ms, 4);
    plan.senders = senders;
    std::mutex mutex;
    std::multiset<uint64_t> asked;
    const LoadResult result = run_load(
        parse_endpoint(server.url()), plan,
        [&](uint64_t k) {
          const std::lock_guard lock(mutex);
          asked.insert(k);
          return request(k, 7);
        },
        never);
    CHECK(result.counts.meant == 100);
    CHECK(result.counts.answered == 100);
    CHECK(result.counts.addresses == 700);
    CHECK(result.counts.errors() == 0);
    CHECK(result.latency.count() == 100);
    CHECK(asked.size() == 100);
    CHECK(*asked.begin() == 0);
    CHECK(*asked.rbegin() == 99);
    CHECK(std::set<uint64_t>(asked.begin(), asked.end()).size() == 100);
    CHECK(result.addresses_per_second() <= 700 / 0.25);
  }
}

TEST_CASE("a stall of the server shows in the latency of every request that it delayed") {
  constexpr auto stall = 400ms;
  std::mutex mutex;
  int served = 0;
  StubServer server([&](const StubRequest&) {
    const std::lock_guard lock(mutex);
    if (++served == 20) {
      // A stall is a matter of time: this is what is measured, not a wait for something else.
      for (const auto until = Clock::now() + stall; Clock::now() < until;)
        std::this_thread::yield();
    }
    return checked(1);
  });
  // One connection: a client that sent only after the last answer would see one slow request.
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan_of(200, 1s, 1), [](uint64_t k) { return request(k); },
      never);
  CHECK(result.counts.meant == 200);
  CHECK(result.counts.answered == 200);
  // 80 requests were meant during the stall; those of its first half waited 200 ms and more.
  CHECK(slower_than(result.latency, 200ms) >= 39);
  CHECK(slower_than(result.latency, 300ms) >= 19);
  CHECK(result.latency.largest() >= stall);
  CHECK(result.counts.waited >= 60);
}

TEST_CASE("warming up is sent and not counted") {
  StubServer server([](const StubRequest&) { return checked(1); });
  LoadPlan plan = plan_of(200, 200ms);
  plan.warm_up = 100ms;
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan, [](uint64_t k) { return request(k); }, never);
  CHECK(result.counts.meant == 40);
  CHECK(result.latency.count() == 40);
  CHECK(server.requests().size() == 60);
}

TEST_CASE("refusals, wrong answers and lost connections are told apart") {
  StubServer server([](const StubRequest& asked) -> StubAnswer {
    const int number = std::stoi(asked.target.substr(1));
    switch (number % 6) {
      case 0:
        return answer_with(503, "{}", "application/problem+json", "Retry-After: 1\r\n");
      case 1:
        return answer_with(429, "{}", "application/problem+json");
      case 2:
        return answer_with(500, "{}", "application/problem+json");
      case 3:
        return checked(2);  // of one
      case 4:
        return {"", true};
      default:
        return checked(1);
    }
  });
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan_of(240, 250ms), [](uint64_t k) { return request(k); },
      never);
  CHECK(result.counts.meant == 60);
  CHECK(result.counts.shed == 20);
  CHECK(result.counts.failed == 10);
  CHECK(result.counts.wrong == 10);
  CHECK(result.counts.broken == 10);
  CHECK(result.counts.answered == 10);
  CHECK(result.counts.addresses == 10);
  CHECK(result.counts.unanswered == 0);
}

TEST_CASE("what has no answer when the drain ends counts, with its age") {
  StubServer server(nullptr, [](int socket, const StubRequest&) {
    char byte;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
  });
  LoadPlan plan = plan_of(100, 100ms, 2);
  plan.drain = 300ms;
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan, [](uint64_t k) { return request(k); }, never);
  CHECK(result.counts.meant == 10);
  CHECK(result.counts.unanswered == 10);
  CHECK(result.counts.answered == 0);
  CHECK(result.latency.count() == 10);
  CHECK(result.latency.smallest() >= 250ms);
}

TEST_CASE("an interrupted load stops and keeps what it has") {
  std::atomic<bool> interrupted{false};
  std::atomic<int> served{0};
  StubServer server([&](const StubRequest&) {
    if (++served == 20) interrupted.store(true);
    return checked(1);
  });
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan_of(200, 600s), [](uint64_t k) { return request(k); },
      interrupted);
  CHECK(result.counts.answered >= 20);
  CHECK(result.counts.meant < 200 * 600);
  CHECK(result.seconds < 600);
}

TEST_CASE("without a rate each connection asks again as soon as it was answered") {
  StubServer server([](const StubRequest&) { return checked(1); });
  const LoadResult result = run_load(
      parse_endpoint(server.url()), plan_of(0, 200ms, 2), [](uint64_t k) { return request(k); },
      never);
  CHECK(result.counts.answered == result.counts.meant);
  CHECK(result.counts.answered > 10);
  CHECK(result.latency.count() == 0);
}

TEST_CASE("no server is an error at once") {
  std::string url;
  {
    StubServer gone([](const StubRequest&) { return checked(1); });
    url = gone.url();
  }
  CHECK_THROWS_AS(
      run_load(
          parse_endpoint(url), plan_of(10, 100ms), [](uint64_t k) { return request(k); }, never),
      Failure);
}
