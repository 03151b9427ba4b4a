// The highest rate at which the server keeps a given 99th percentile.
//
// The search climbs a ladder of shares of what the server could do when asked without pause, until
// two rungs in a row do not hold (one may have met a noisy moment), then halves the step between
// the highest rate that held and the next that did not until they are within `precision`. Each rate
// is measured `repeats` times and judged by the median. A rate holds when its p99 is within the
// goal, the server did not fall behind (it did `kept_share_min` of what was offered) and nothing
// failed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "tools/suppressctl/bench_load.hpp"

namespace suppressctl {

/// Everything measured at one offered rate. Times in seconds, rates in addresses a second.
struct LoadPoint {
  double offered = 0;
  double done = 0;  // answered well
  double requests_per_second = 0;
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, largest = 0, mean = 0;
  double lag_p50 = 0, lag_p99 = 0;
  double generator_cpu = 0;  // share of its threads' time
  LoadCounts counts;
  double seconds = 0;
  // Of the server, from its /metrics; zero when it does not say.
  double cpu_per_address = 0;     // CPU seconds, whole process
  double io_cpu_per_address = 0;  // of its connection threads
  double utilization = 0;         // of its connection threads' time
  double resident_bytes = 0;
  // Writes at the same time.
  double adds_offered = 0, adds_done = 0, adds_p99 = 0;
  uint64_t adds_errors = 0;

  bool holds = false;
  bool generator_limited = false;
};

/// A point is the generator's fault when it was late by more than this share of the p99, or its
/// threads had less than this share of their time left.
inline constexpr double lag_share_max = 0.2;
inline constexpr double generator_idle_min = 0.1;
inline constexpr double kept_share_min = 0.98;

/// Fills in what follows from a load: all but what only the server knows.
LoadPoint point_of(const LoadResult& load, double offered_addresses, const LoadPlan& plan);
bool holds(const LoadPoint& point, double p99_goal);

struct SearchPlan {
  double p99_goal = 0;  // seconds
  double capacity = 0;  // addresses a second, asked without pause
  double precision = 0.05;
  unsigned repeats = 3;
};
/// Of a rate in addresses a second.
using Measure = std::function<LoadPoint(double offered)>;

struct SearchResult {
  std::vector<LoadPoint> points;  // one a rate, in order of rate
  std::optional<size_t> highest;  // index of the highest that holds
};
/// Stops early, with what there is, when `stop` says so.
SearchResult search(const SearchPlan& plan, const Measure& measure,
                    const std::function<bool()>& stop);
/// The given rates only.
SearchResult measure_rates(const std::vector<double>& rates, const SearchPlan& plan,
                           const Measure& measure, const std::function<bool()>& stop);

}  // namespace suppressctl
