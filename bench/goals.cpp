#include "bench/goals.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>

namespace suppressd::bench {
namespace {

constexpr bool less = true;
constexpr bool more = false;

constexpr std::array goals{
    Goal{1, "ceiling", "batch lookups/s, one thread, 10 % hits", 0.60, 0.80, more},
    Goal{2, "absl", "batch lookups/s, one thread, 10 % hits", 5, 7, more},
    Goal{2, "libcuckoo", "batch lookups/s, one thread, 10 % hits", 8, 12, more},
    Goal{2, "oneTBB", "batch lookups/s, one thread, 10 % hits", 8, 12, more},
    Goal{3, "absl", "batch lookups/s, one thread, 100 % hits", 3, 5, more},
    Goal{4, "one thread", "batch lookups/s, two threads", 1.9, 1.97, more},
    Goal{5, "bytes an entry", "resident, grown incrementally", 11.2, 10, less},
    Goal{5, "Redis", "resident bytes an entry", 7, 8, more},
    Goal{6, "Redis", "HTTP text check, addresses per server CPU-second", 15, 25, more},
    Goal{7, "drain", "HTTP text check, addresses per server CPU-second", 0.45, 0.65, more},
    Goal{8, "json", "HTTP check beside the text body", 0.5, 0.7, more},
    Goal{8, "ndjson", "HTTP check beside the text body", 0.5, 0.7, more},
    Goal{8, "csv", "HTTP check beside the text body", 0.5, 0.7, more},
    Goal{9, "getline+absl", "text to verdicts in process", 8, 12, more},
    Goal{10, "cat", "start from an image, bytes/s", 0.7, 0.9, more},
    Goal{11, "Redis RDB", "start from an image, entries/s", 25, 60, more},
    Goal{12, "one iterator", "start without an image, entries/s", 1.8, 3, more},
    Goal{13, "WriteBatch(1000)", "durable bulk import, rows/s", 5, 10, more},
    Goal{14, "synced put", "acknowledged single adds/s, 64 callers", 20, 50, more},
    Goal{15, "idle", "check throughput beside 100,000 adds/s and growth", 0.85, 0.95, more},
    Goal{15, "idle, server", "check throughput beside 100,000 adds/s and growth", 0.85, 0.95, more},
    Goal{16, "idle", "p99.9 of a 1,000-address check beside adds", 2, 1.3, less},
    Goal{16, "idle, server", "p99.9 of a 1,000-address check beside adds", 2, 1.3, less},
    Goal{17, "wrong answers", "checks of known present and known absent keys", 0, 0, less},
};

}  // namespace

const Goal& goal_of(int number, std::string_view peer) {
  for (const Goal& goal : goals) {
    if (goal.number == number && goal.peer == peer) return goal;
  }
  throw std::out_of_range("no such goal");
}

bool report_goal(int number, std::string_view peer, double measured, const std::string& note) {
  const Goal& goal = goal_of(number, peer);
  const char* sign = goal.smaller_is_better ? "<=" : ">=";
  const bool met = goal.smaller_is_better ? measured <= goal.goal : measured >= goal.goal;
  const bool stretched =
      goal.smaller_is_better ? measured <= goal.stretch : measured >= goal.stretch;
  std::printf("goal %d | %.*s | %.*s | %s %g | %s %g | %.4g | %s%s%s\n", goal.number,
              static_cast<int>(goal.what.size()), goal.what.data(),
              static_cast<int>(goal.peer.size()), goal.peer.data(), sign, goal.goal, sign,
              goal.stretch, measured,
              stretched ? "stretch"
              : met     ? "pass"
                        : "short",
              note.empty() ? "" : " | ", note.c_str());
  return met;
}

}  // namespace suppressd::bench
