#include "tools/suppressctl/plan.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/tools/program.hpp"
#include "tools/suppressctl/failure.hpp"

using namespace suppressctl;

namespace {

constexpr double MiB = 1024 * 1024, GiB = 1024 * MiB;

/// Two threads answer 10 M addresses/s within 2 ms, 16 M within 6 ms; 20 M fail. A set of 11 octets
/// an entry; 50 octets on disk; starting takes 1 s and 2 s a million more.
Profile a_profile() {
  Profile profile;
  profile.name = "made up";
  profile.threads = 2;
  profile.rates = {
      {10e6, 10e6, 0.002, 100e-9, 0}, {16e6, 16e6, 0.006, 110e-9, 0}, {20e6, 17e6, 0.5, 115e-9, 3}};
  profile.sizes = {{1e6, 40e6, 60e6, 11e6, 50e6, 200e3, 1, 2},
                   {11e6, 150e6, 200e6, 121e6, 550e6, 250e3, 21, 52}};
  return profile;
}

Plan plan_of(const PlanRequest& request) {
  return make_plan(request, a_profile(), a_profile());
}

std::string failure_of(const std::string& json) {
  try {
    parse_profile(json, "p.json");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a plan's numbers are what the formulas give by hand") {
  PlanRequest request;
  request.entries = 1e9;
  request.checks = 70e6;
  request.p99 = 0.005;
  request.headroom = 0.3;
  request.memory_headroom = 0.2;
  request.scaling = 0.8;
  request.machine = PlanRequest::OneMachine{16, 64 * GiB};
  const Plan plan = plan_of(request);
  CHECK(plan.addresses_per_core == Approx(5e6));  // 10 M over two threads
  CHECK(plan.cores_checks == Approx(25));         // 70 M / 5 M / 0.7 = 20, / 0.8
  CHECK(plan.cores_busy == Approx(7));            // 70 M * 100 ns
  CHECK(plan.cores_adds == 0);
  CHECK(plan.set_bytes == Approx(11e9));
  CHECK(plan.growth_bytes == Approx(193359375));       // 11e9 / 64 * 9 / 8
  CHECK(plan.other_bytes == Approx(536870912));        // 79 MB measured, 512 MiB at least
  CHECK(plan.memory_bytes == Approx(14662787858.75));  // (11e9 + 193359375 + 536870912) / 0.8
  CHECK(plan.disk_bytes == Approx(100e9));
  CHECK(plan.start_seconds == Approx(1999));             // 21 + (1000 - 11) * 2
  CHECK(plan.start_after_kill_seconds == Approx(4997));  // 52 + 989 * 5
  CHECK(plan.machines == 3);                             // 25 / 16 = 1.56, and a spare
  CHECK(plan.obstacles.empty());
}

TEST_CASE("few checks need no more than the measured cores, unscaled") {
  PlanRequest request;
  request.entries = 11e6;
  request.checks = 7e6;
  request.p99 = 0.006;  // 16 M / 2
  const Plan plan = plan_of(request);
  CHECK(plan.cores_checks == Approx(1.25));  // 7 / 8 / 0.7
  CHECK(plan.start_seconds == Approx(21));
  CHECK(plan.machines == 0);  // none was described
}

TEST_CASE("writes cost cores on every machine and are one committer's") {
  PlanRequest request;
  request.entries = 1e6;
  request.checks = 21e6;
  request.adds = 125e3;
  request.p99 = 0.002;
  request.scaling = 1;
  request.spares = 0;
  request.machine = PlanRequest::OneMachine{2, 8 * GiB};
  Plan plan = plan_of(request);
  CHECK(plan.cores_adds == Approx(0.5));  // 125 k of 250 k rows/s
  CHECK(plan.cores_checks == Approx(6));
  CHECK(plan.machines == 4);  // 6 / (2 - 0.5)
  request.adds = 200e3;       // more than 70 % of what one committer takes
  plan = plan_of(request);
  CHECK(plan.machines == 0);
  REQUIRE(plan.obstacles.size() == 1);
  CHECK(plan.obstacles[0].find("committer") != std::string::npos);
}

TEST_CASE("a machine that cannot hold the entries is an obstacle") {
  PlanRequest request;
  request.entries = 1e9;
  request.checks = 1e6;
  request.p99 = 0.005;
  request.machine = PlanRequest::OneMachine{64, 8 * GiB};
  const Plan plan = plan_of(request);
  CHECK(plan.machines == 0);
  REQUIRE(plan.obstacles.size() == 1);
  CHECK(plan.obstacles[0].find("13.7 GiB") != std::string::npos);
}

TEST_CASE("a p99 that no rate keeps is refused, and says what was measured") {
  PlanRequest request;
  request.entries = 1e6;
  request.checks = 1e6;
  request.p99 = 0.001;
  CHECK_THROWS_WITH(plan_of(request), Catch::Contains("1 ms") && Catch::Contains("2 ms"));
}

TEST_CASE("asking for more never needs less") {
  const auto seed = tools_tests::test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto between = [&](double least, double most) {
    return least + (most - least) * static_cast<double>(random() % 1000) / 1000;
  };
  for (int i = 0; i < 2000; ++i) {
    PlanRequest less, more;
    less.entries = between(1, 2e9);
    less.checks = between(1, 1e8);
    less.p99 = between(0.002, 0.1);
    less.adds = between(0, 1e5);
    less.machine = PlanRequest::OneMachine{between(1, 64), 256 * GiB};
    more = less;
    more.entries += between(0, 1e9);
    more.checks += between(0, 1e8);
    more.adds += between(0, 5e4);
    more.p99 = std::max(0.002, more.p99 - between(0, 0.05));
    const Plan small = plan_of(less), large = plan_of(more);
    CHECK(large.cores() >= small.cores());
    CHECK(large.memory_bytes >= small.memory_bytes);
    CHECK(large.disk_bytes >= small.disk_bytes);
    CHECK(large.start_seconds >= small.start_seconds);
    if (large.machines > 0 && small.machines > 0) CHECK(large.machines >= small.machines);
    CHECK((small.obstacles.empty() || !large.obstacles.empty()));
  }
}

TEST_CASE("the built-in profile plans a billion entries") {
  const Profile& profile = builtin_profile();
  CHECK(profile.rates.size() >= 3);
  CHECK(profile.sizes.size() >= 3);
  CHECK_FALSE(profile.date.empty());
  PlanRequest request;
  request.entries = 1e9;
  request.checks = 2e6;
  request.p99 = 0.005;
  const Plan plan = make_plan(request, profile, profile);
  CHECK(plan.memory_bytes > 10 * GiB);
  CHECK(plan.memory_bytes < 30 * GiB);
  CHECK(plan.cores() > 0.05);
  CHECK(plan.cores() < 64);
}

TEST_CASE("what is no profile is refused with its name and what is wrong") {
  const std::string good =
      R"({"report":"suppressctl-bench","format":1,"date":"2026-01-02T03:04:05Z",)"
      R"("machine":{"cpu":"A CPU","cores":2},"server":{"io_threads":2,"on_this_machine":true},)"
      R"("points":[],"sizes":[]})";
  CHECK(failure_of(good).empty());
  CHECK(parse_profile(good, "x").machine == "2 cores of A CPU");
  CHECK(parse_profile(good, "x").date == "2026-01-02");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    return changed.replace(changed.find(from), from.size(), to);
  };
  for (const auto& [json, part] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense", "no JSON"},
           {"[]", "no report"},
           {with("suppressctl-bench", "other"), "no report"},
           {with("\"format\":1", "\"format\":2"), "format"},
           {with(",\"points\":[]", ""), "points"},
           {with("\"points\":[]", "\"points\":7"), "no list"},
           {with("\"points\":[]", "\"points\":[{}]"), "offered_addresses_per_second"},
           {with("\"sizes\":[]", "\"sizes\":[{\"entries\":-1}]"), "entries"}}) {
    INFO(json);
    CHECK(failure_of(json).find("p.json") != std::string::npos);
    CHECK(failure_of(json).find(part) != std::string::npos);
  }
}
