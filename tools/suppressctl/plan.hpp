// From a measured profile to machines. Pure arithmetic; the formulas, which --help and the README
// repeat in these letters:
//
//   D  the highest rate in the profile whose p99 is within --p99 without errors; T  the threads
//      that served it. One core carries  r = D / T.
//   cores    checks / r / (1 - headroom), / scaling when that is more than T; and for writes
//            adds / W, where W are the rows a second that one committer took in the profile
//   set      entries * b, with b the set's octets an entry at the profile's largest size
//   memory   (set + growth + other) / (1 - memory headroom)
//            growth = set / 64 * 9/8: one shard of 64 at a time is written anew, an eighth larger
//            other = the most that the process held beyond its set, while adding, at any size;
//            at least 512 MiB, because the store's caches fill in time
//   disk     2 * entries * d, with d the data directory's octets an entry (store and image) at the
//            largest size: compaction and a new image are written beside the old
//   start    s0 + entries / v, the line through the profile's smallest and largest size
//   machines max(1, cores / cores of one), rounded up, + spares; each holds all entries
//
// Every number is monotonic: more entries or checks, or a smaller p99, never need less.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {

inline constexpr double shards = 64, growth_factor = 9.0 / 8, disk_room = 2;
inline constexpr double other_bytes_least = 512.0 * 1024 * 1024;

/// What planning needs of a report that `suppressctl bench` wrote.
struct Profile {
  struct Rate {
    double offered = 0, done = 0, p99 = 0;  // addresses a second, seconds
    double cpu_per_address = 0;             // CPU seconds of the connection threads
    uint64_t errors = 0;
  };
  struct Size {
    double entries = 0, resident_bytes = 0, peak_bytes = 0, set_bytes = 0, disk_bytes = 0;
    double rows_per_second = 0, start_seconds = 0, start_after_kill_seconds = 0;
  };
  std::string machine, date, name;
  double threads = 0;       // that served the rates
  bool shared = false;      // the load ran on the same cores
  double mean_batch = 0;    // addresses a request
  std::vector<Rate> rates;  // in order of `offered`
  std::vector<Size> sizes;  // in order of `entries`
};
/// Throws Failure that says which member is missing or wrong; `name` is the file's.
Profile parse_profile(std::string_view json, const std::string& name);
/// Measured by the project; see plan_profile.cpp for where and when.
const Profile& builtin_profile();

struct PlanRequest {
  double entries = 0;
  double checks = 0;  // addresses a second
  double p99 = 0;     // seconds
  double adds = 0;    // rows a second
  double headroom = 0.3;
  double memory_headroom = 0.2;
  double scaling = 0.85;  // of a core beyond those that the profile was measured with
  unsigned spares = 1;
  struct OneMachine {
    double cores = 0, memory_bytes = 0;
  };
  std::optional<OneMachine> machine;
};

struct Plan {
  double addresses_per_core = 0;  // r
  double p99_measured = 0;        // at D
  double cores_checks = 0, cores_adds = 0;
  double cores_busy = 0;  // the work itself, were every core always busy
  double set_bytes = 0, growth_bytes = 0, other_bytes = 0, memory_bytes = 0, disk_bytes = 0;
  double start_seconds = 0, start_after_kill_seconds = 0;
  double entries_measured = 0;         // the profile's largest size
  uint64_t machines = 0;               // 0: no machine was described, or the entries do not fit
  std::vector<std::string> obstacles;  // why it cannot be done this way

  double cores() const { return cores_checks + cores_adds; }
};

/// Rates from one profile, sizes from another (often the same). Throws Failure when the profiles
/// have none of them, or no rate keeps the p99.
Plan make_plan(const PlanRequest& request, const Profile& rates, const Profile& sizes);

Json to_json(const PlanRequest& request, const Plan& plan, const Profile& rates,
             const Profile& sizes);
void write_plan(const PlanRequest& request, const Plan& plan, const Profile& rates,
                const Profile& sizes, Writer& writer);

}  // namespace suppressctl
