#include "tools/suppressctl/bench_search.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace suppressctl;

namespace {

/// A server whose p99 grows as a queue's does, and that does no more than `limit`.
LoadPoint queue(double limit, double offered) {
  LoadPoint point;
  point.offered = offered;
  point.done = std::min(offered, limit);
  point.p99 = offered < limit ? 0.001 / (1 - offered / limit) : 10;
  point.counts.answered = 100;
  return point;
}
bool never() {
  return false;
}
const SearchPlan plan{0.005, 1'000'000, 0.02, 1};

}  // namespace

TEST_CASE("the search finds the highest rate that keeps the p99") {
  for (const double limit : {300'000.0, 1'000'000.0, 1'700'000.0}) {
    const double exact = limit * 0.8;  // 0.001 / (1 - 0.8) is 0.005
    const SearchResult found = search(
        plan, [&](double rate) { return queue(limit, rate); }, never);
    REQUIRE(found.highest);
    const LoadPoint& best = found.points[*found.highest];
    INFO("limit " << limit);
    CHECK(best.offered <= exact);
    CHECK(best.offered >= exact / 1.021);
    CHECK(best.holds);
    for (size_t i = 1; i < found.points.size(); ++i)
      CHECK(found.points[i - 1].offered < found.points[i].offered);
    REQUIRE(*found.highest + 1 < found.points.size());
    CHECK_FALSE(found.points[*found.highest + 1].holds);
  }
}

TEST_CASE("a rate is judged by the median of its repeats") {
  SearchPlan thrice = plan;
  thrice.repeats = 3;
  int call = 0;
  const SearchResult found = measure_rates(
      {1000}, thrice,
      [&](double rate) {
        LoadPoint point = queue(1e9, rate);
        const double times[] = {0.004, 0.9, 0.001};
        point.p99 = times[call++ % 3];
        return point;
      },
      never);
  CHECK(call == 3);
  REQUIRE(found.points.size() == 1);
  CHECK(found.points[0].p99 == 0.004);
  CHECK(found.points[0].holds);
}

TEST_CASE("errors, falling behind and silence do not hold") {
  LoadPoint point = queue(1e9, 1000);
  CHECK(holds(point, 0.005));
  point.counts.shed = 1;
  CHECK_FALSE(holds(point, 0.005));
  point = queue(1e9, 1000);
  point.done = 970;
  CHECK_FALSE(holds(point, 0.005));
  point = queue(1e9, 1000);
  point.counts.answered = 0;
  CHECK_FALSE(holds(point, 0.005));
  CHECK_FALSE(holds(queue(1e9, 1000), 0.0009));
}

TEST_CASE("when nothing holds, the search says so") {
  const SearchResult found = search(
      plan, [](double rate) { return queue(1, rate); }, never);
  CHECK_FALSE(found.highest);
  CHECK(found.points.size() == 2);
}

TEST_CASE("one noisy rung does not end the search") {
  int call = 0;
  const SearchResult found = search(
      plan,
      [&](double rate) {
        LoadPoint point = queue(1e6, rate);
        if (++call == 2) point.p99 = 1;
        return point;
      },
      never);
  REQUIRE(found.highest);
  CHECK(found.points[*found.highest].offered >= 0.8e6 / 1.021);
}

TEST_CASE("an interrupted search keeps what it has") {
  int left = 3;
  const SearchResult found = search(
      plan, [&](double rate) { return --left, queue(1e9, rate); }, [&] { return left == 0; });
  CHECK(found.points.size() == 3);
  CHECK(found.highest == 2u);
}

TEST_CASE("a rate that the generator could not send is marked") {
  LoadResult load;
  LoadPlan load_plan;
  load.seconds = 1;
  for (int i = 0; i < 100; ++i) load.latency.record(std::chrono::milliseconds(10));
  for (int i = 0; i < 100; ++i) load.lag.record(std::chrono::milliseconds(1));
  CHECK_FALSE(point_of(load, 1000, load_plan).generator_limited);
  for (int i = 0; i < 100; ++i) load.lag.record(std::chrono::milliseconds(8));
  CHECK(point_of(load, 1000, load_plan).generator_limited);
  LoadResult busy;
  busy.seconds = 1;
  busy.generator_cpu_seconds = 0.95;
  CHECK(point_of(busy, 1000, load_plan).generator_limited);
}
