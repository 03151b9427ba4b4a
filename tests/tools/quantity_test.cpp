#include "tools/suppressctl/quantity.hpp"

#include <catch2/catch.hpp>

#include "tools/suppressctl/failure.hpp"

using namespace suppressctl;
using namespace std::chrono_literals;

namespace {

constexpr Bounds wide{0, 1e15};

}  // namespace

TEST_CASE("amounts are read as people write them") {
  CHECK(parse_count("--n", "1000000", wide) == 1'000'000);
  CHECK(parse_count("--n", "1,000,000", wide) == 1'000'000);
  CHECK(parse_count("--n", "1e9", wide) == 1'000'000'000);
  CHECK(parse_count("--n", "1.5M", wide) == 1'500'000);
  CHECK(parse_count("--n", "2k", wide) == 2000);
  CHECK(parse_rate("--r", "2e6/s", wide) == 2e6);
  CHECK(parse_rate("--r", "0.5M", wide) == 5e5);
  CHECK(parse_time("--t", "5ms", wide) == 5ms);
  CHECK(parse_time("--t", "500us", wide) == 500us);
  CHECK(parse_time("--t", "1.5s", wide) == 1500ms);
  CHECK(parse_time("--t", "2m", wide) == 2min);
  CHECK(parse_time("--t", "3", wide) == 3s);
  CHECK(parse_bytes("--b", "64GiB", wide) == 64ull << 30);
  CHECK(parse_bytes("--b", "1024", wide) == 1024);
  CHECK(parse_share("--s", "10%", wide) == Approx(0.1));
  CHECK(parse_share("--s", "0.25", wide) == 0.25);
  const auto mix = parse_mix("--m", "text:60,json");
  REQUIRE(mix.size() == 2);
  CHECK(mix[0] == std::pair<std::string, double>("text", 60));
  CHECK(mix[1] == std::pair<std::string, double>("json", 1));
}

TEST_CASE("what cannot be read names the option, the value and what it may be") {
  for (const char* bad : {"", "x", "12x", "-1", "1.5", "nan", "inf", "1e99", "5 ms", "0x10"}) {
    INFO(bad);
    CHECK_THROWS_WITH(parse_count("--n", bad, {0, 1000}),
                      Catch::Contains("--n") && Catch::Contains("'" + std::string(bad) + "'") &&
                          Catch::Contains("1 k"));
  }
  CHECK_THROWS_WITH(parse_time("--t", "5h", {0, 60}), Catch::Contains("1 min"));
  CHECK_THROWS_AS(parse_time("--t", "61", {0, 60}), Failure);
  CHECK_THROWS_AS(parse_bytes("--b", "64GB", wide), Failure);
  CHECK_THROWS_AS(parse_share("--s", "110%", {0, 1}), Failure);
  CHECK_THROWS_AS(parse_rate("--r", "5/m", wide), Failure);
  CHECK_THROWS_AS(parse_mix("--m", "text:0"), Failure);
  CHECK_THROWS_AS(parse_mix("--m", "text:,json"), Failure);
  CHECK_THROWS_AS(parse_mix("--m", "text,,json"), Failure);
  CHECK_THROWS_AS(parse_list("--l", ""), Failure);
}

TEST_CASE("numbers are written with three digits and a unit") {
  CHECK(time_text(0.00125) == "1.25 ms");
  CHECK(time_text(0.0000005) == "500 ns");
  CHECK(time_text(90) == "1.5 min");
  CHECK(time_text(0) == "0 ns");
  CHECK(rate_text(12'345'678) == "12.3 M");
  CHECK(rate_text(999) == "999");
  CHECK(rate_text(0) == "0");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(13.7 * 1024 * 1024 * 1024) == "13.7 GiB");
  CHECK(short_number(100) == "100");
  CHECK(short_number(0.01234) == "0.0123");
}
