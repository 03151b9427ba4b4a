// The whole life of contacts against a plain model: random operations by the keys of three accounts
// and of staff, all answers compared, with the application opened again in between.
#include <catch2/catch.hpp>

#include "tests/server/check_harness.hpp"
#include "tests/server/life_random.hpp"

namespace suppressd::test {

TEST_CASE("whatever accounts and staff do, every answer is what a plain model says") {
  const uint64_t seed = testing::random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  AppDriverOptions options;
  options.folder = std::make_shared<TemporaryFolder>();
  auto driver = std::make_unique<AppDriver>(options);
  const auto send = [&driver](const Request& request) { return driver->send(request); };
  LifeRandom life(seed, driver->admin, send);
  for (size_t round = 0; round < 8 * testing::test_size(); ++round) {
    for (size_t steps = 25 + life.below(50); steps != 0; --steps) life.step();
    life.compare();
    if (life.below(2) == 0) continue;
    driver.reset();
    driver = std::make_unique<AppDriver>(options);
    life.compare();
  }
}

}  // namespace suppressd::test
