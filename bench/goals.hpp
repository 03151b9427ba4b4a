// The goals the project measures itself by: one table, so that every program prints the same line
// for the same goal, and `bench/peers/run` can collect them.
#pragma once

#include <string>
#include <string_view>

namespace suppressd::bench {

/// A ratio (or, where said, an absolute figure) and what it has to reach.
struct Goal {
  int number;
  /// One number may have several peers: 2 "absl" and 2 "oneTBB" have goals of their own.
  std::string_view peer;
  std::string_view what;
  double goal;
  double stretch;
  bool smaller_is_better;
};

/// Throws std::out_of_range when there is no such goal.
const Goal& goal_of(int number, std::string_view peer);

/// Prints one line, `goal 6 | HTTP text check … | Redis SMISMEMBER | >= 15 | >= 25 | 16.8 | pass |
/// note`, to standard output. Returns whether the goal is met.
bool report_goal(int number, std::string_view peer, double measured, const std::string& note = "");

}  // namespace suppressd::bench
