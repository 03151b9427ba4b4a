#include "tools/suppressctl/bench_search.hpp"

#include <algorithm>
#include <array>

namespace suppressctl {
namespace {

constexpr std::array ladder{0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0};
constexpr double beyond = 1.15;      // when even the last rung holds
constexpr unsigned beyond_max = 12;  // five times the capacity: the estimate was useless
constexpr unsigned halvings_max = 12;
constexpr unsigned failures_max = 2;

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Measures a rate `repeats` times and keeps the run with the median p99.
std::optional<LoadPoint> median_point(double rate, const SearchPlan& plan, const Measure& measure,
                                      const std::function<bool()>& stop) {
  std::vector<LoadPoint> runs;
  for (unsigned i = 0; i < plan.repeats && !stop(); ++i) runs.push_back(measure(rate));
  if (runs.empty()) return std::nullopt;
  const auto middle = runs.begin() + static_cast<std::ptrdiff_t>((runs.size() - 1) / 2);
  std::nth_element(runs.begin(), middle, runs.end(),
                   [](const LoadPoint& a, const LoadPoint& b) { return a.p99 < b.p99; });
  LoadPoint point = *middle;
  point.holds = holds(point, plan.p99_goal);
  return point;
}

SearchResult sorted(std::vector<LoadPoint> points) {
  std::sort(points.begin(), points.end(),
            [](const LoadPoint& a, const LoadPoint& b) { return a.offered < b.offered; });
  SearchResult result{std::move(points), std::nullopt};
  for (size_t i = 0; i < result.points.size(); ++i)
    if (result.points[i].holds) result.highest = i;
  return result;
}

}  // namespace

LoadPoint point_of(const LoadResult& load, double offered_addresses, const LoadPlan& plan) {
  LoadPoint point;
  point.offered = offered_addresses;
  point.done = load.addresses_per_second();
  point.seconds = load.seconds;
  point.requests_per_second =
      load.seconds > 0 ? static_cast<double>(load.counts.answered) / load.seconds : 0;
  point.p50 = seconds_of(load.latency.percentile(0.5));
  point.p90 = seconds_of(load.latency.percentile(0.9));
  point.p99 = seconds_of(load.latency.percentile(0.99));
  point.p999 = seconds_of(load.latency.percentile(0.999));
  point.largest = seconds_of(load.latency.largest());
  point.mean = load.latency.mean_seconds();
  point.lag_p50 = seconds_of(load.lag.percentile(0.5));
  point.lag_p99 = seconds_of(load.lag.percentile(0.99));
  point.counts = load.counts;
  const double wall = load.seconds + seconds_of(plan.warm_up);
  if (wall > 0) point.generator_cpu = load.generator_cpu_seconds / (wall * plan.senders);
  point.generator_limited =
      point.lag_p99 > lag_share_max * point.p99 || point.generator_cpu > 1 - generator_idle_min;
  return point;
}

bool holds(const LoadPoint& point, double p99_goal) {
  return point.counts.answered > 0 && point.counts.errors() == 0 && point.p99 <= p99_goal &&
         point.done >= kept_share_min * point.offered;
}

SearchResult search(const SearchPlan& plan, const Measure& measure,
                    const std::function<bool()>& stop) {
  std::vector<LoadPoint> points;
  double held = 0, failed = 0;  // failed: the lowest above `held`; 0: none
  unsigned failures = 0;        // in a row
  const auto take = [&](double rate) {
    auto point = median_point(rate, plan, measure, stop);
    if (!point) return false;
    points.push_back(*point);
    if (point->holds) {
      held = rate;
      if (failed <= held) failed = 0;
    } else if (failed == 0 || rate < failed) {
      failed = rate;
    }
    failures = point->holds ? 0 : failures + 1;
    return true;
  };
  for (const double share : ladder)
    if (failures < failures_max && !take(plan.capacity * share)) return sorted(std::move(points));
  for (unsigned i = 0; failed == 0 && i < beyond_max; ++i)
    if (!take(held * beyond)) return sorted(std::move(points));
  for (unsigned i = 0; held > 0 && failed > held * (1 + plan.precision) && i < halvings_max; ++i)
    if (!take((held + failed) / 2)) break;
  return sorted(std::move(points));
}

SearchResult measure_rates(const std::vector<double>& rates, const SearchPlan& plan,
                           const Measure& measure, const std::function<bool()>& stop) {
  std::vector<LoadPoint> points;
  for (const double rate : rates)
    if (auto point = median_point(rate, plan, measure, stop)) points.push_back(*point);
  return sorted(std::move(points));
}

}  // namespace suppressctl
