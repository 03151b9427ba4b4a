#include "tools/suppressctl/bench_histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "tests/tools/program.hpp"

using std::chrono::nanoseconds;
using suppressctl::LatencyHistogram;

namespace {

/// By definition: the smallest value that at least this share of all does not exceed.
int64_t exact(const std::vector<int64_t>& sorted, double share) {
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (static_cast<double>(i + 1) >= share * static_cast<double>(sorted.size()) - 1e-6)
      return sorted[i];
  }
  return sorted.back();
}

constexpr double shares[] = {0, 0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

}  // namespace

TEST_CASE("percentiles are at least the exact ones and at most 1/128 above") {
  const auto seed = tools_tests::test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    LatencyHistogram histogram;
    std::vector<int64_t> values;
    const size_t count = 1 + random() % 3000;
    double sum = 0;
    for (size_t i = 0; i < count; ++i) {
      // All magnitudes from nanoseconds to a quarter of an hour.
      const auto value = static_cast<int64_t>(random() >> (24 + random() % 40));
      values.push_back(value);
      sum += static_cast<double>(value);
      histogram.record(nanoseconds(value));
    }
    std::sort(values.begin(), values.end());
    for (const double share : shares) {
      const auto want = static_cast<double>(exact(values, share));
      const auto got = static_cast<double>(histogram.percentile(share).count());
      INFO(count << " values, share " << share);
      CHECK(got >= want);
      CHECK(got <= want + want / 128);
    }
    CHECK(histogram.count() == count);
    CHECK(histogram.largest().count() == values.back());
    CHECK(histogram.smallest().count() == values.front());
    CHECK(histogram.mean_seconds() ==
          Approx(sum / static_cast<double>(count) * 1e-9).epsilon(1e-9));
  }
}

TEST_CASE("small times are exact") {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(nanoseconds(i));
  CHECK(histogram.percentile(0.5).count() == 50);
  CHECK(histogram.percentile(0.99).count() == 99);
  CHECK(histogram.percentile(1).count() == 100);
  CHECK(histogram.percentile(0).count() == 1);
}

TEST_CASE("merged histograms answer as one that saw everything") {
  LatencyHistogram first, second, all;
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const nanoseconds time(static_cast<int64_t>(random() % 1'000'000'000));
    (i % 3 == 0 ? first : second).record(time);
    all.record(time);
  }
  first.merge(second);
  CHECK(first.count() == all.count());
  for (const double share : shares) CHECK(first.percentile(share) == all.percentile(share));
  CHECK(first.mean_seconds() == Approx(all.mean_seconds()).epsilon(1e-9));
}

TEST_CASE("a histogram takes what no clock should say") {
  LatencyHistogram histogram;
  CHECK(histogram.percentile(0.99).count() == 0);
  CHECK(histogram.mean_seconds() == 0);
  histogram.record(nanoseconds(-5));
  CHECK(histogram.percentile(1).count() == 0);
  histogram.record(std::chrono::hours(1000));
  CHECK(static_cast<uint64_t>(histogram.largest().count()) == LatencyHistogram::time_max);
  CHECK(static_cast<uint64_t>(histogram.percentile(1).count()) == LatencyHistogram::time_max);
}
