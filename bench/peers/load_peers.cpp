// Checks beside writes against checks alone (goals 15 and 16), read in two ways.
//
// set     In process, what the goals say to the letter: one thread checks 1,000 addresses at a time
//         without pause; beside it another puts 100,000 new entries a second in batches of 1,000 at
//         fixed times, until every shard has grown at least once. Throughput is addresses a second
//         of the checking thread, by the clock on the wall; so a reader that waited would show.
// server  The whole way over HTTP, with an import's bodies of 10,000 rows. Here the load generator,
//         the committer and the store's compaction share the cores with the threads that answer,
//         which on a small machine says more about its cores than about the server. So goal 15
//         counts addresses per CPU-second that the server's connection threads spent on checks:
//         what the same threads spent on parsing the added rows is measured in a phase of its own
//         and taken off. Goal 16 is the latency at a fixed rate, a quarter of what the server can
//         do, from the intended send time. The wall clock's throughput is printed too.
//
// Idle and busy phases alternate; medians over the rounds.
//
//   load_peers [SUPPRESSD] [--part set|server] [--entries N] [--members N] [--rounds N]
//              [--seconds S] [--adds N] [--no-goals]
//
// Exit code 1 when a goal is missed, 2 when an answer is wrong or the server fails.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "core/suppression_set.hpp"
#include "core/types.hpp"
#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/bench_load.hpp"
#include "tools/suppressctl/bench_prepare.hpp"
#include "tools/suppressctl/bench_sweep.hpp"
#include "tools/suppressctl/metrics_text.hpp"

namespace suppressd::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;
using std::chrono::nanoseconds;
using suppressctl::LatencyHistogram;

constexpr size_t checked_at_once = 1000;  // as goal 16 says
constexpr uint64_t put_at_once = 1000;
constexpr uint32_t rows_at_once = 10'000;  // of an import's request
constexpr AccountNumber asking_account = 7;
/// Shards grow by an eighth, and their sizes are staggered: after so much every one has grown.
constexpr double growth_share = 0.13;
constexpr double growth_share_max = 0.4;  // then something is wrong
constexpr double fixed_rate_share = 0.25;
constexpr unsigned connections = 8, adding_connections = 2;
constexpr uint64_t seed = 1;

struct Arguments {
  std::string suppressd;
  std::string part;  // empty: both
  uint64_t entries = 10'000'000;
  uint64_t members = 1'000'000;
  size_t rounds = 5;
  double seconds = 2;
  double adds = 100'000;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto value = [&] { return i + 1 < count ? values[++i] : "0"; };
    if (name == "--part") {
      arguments.part = value();
    } else if (name == "--entries") {
      arguments.entries = std::strtoull(value(), nullptr, 10);
    } else if (name == "--members") {
      arguments.members = std::strtoull(value(), nullptr, 10);
    } else if (name == "--rounds") {
      arguments.rounds = std::strtoull(value(), nullptr, 10);
    } else if (name == "--seconds") {
      arguments.seconds = std::strtod(value(), nullptr);
    } else if (name == "--adds") {
      arguments.adds = std::strtod(value(), nullptr);
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.suppressd = name;
    }
  }
  const bool server = arguments.part != "set";
  if (arguments.entries == 0 || arguments.members == 0 || arguments.rounds == 0 ||
      arguments.seconds <= 0 || arguments.adds <= 0 || (server && arguments.suppressd.empty())) {
    std::fprintf(stderr,
                 "usage: load_peers [SUPPRESSD] [--part set|server] [--entries N] [--members N] "
                 "[--rounds N] [--seconds S] [--adds N] [--no-goals]\n");
    std::exit(2);
  }
  return arguments;
}

struct Phase {
  double rate = 0;      // addresses a second, wall clock
  double cpu_rate = 0;  // addresses a CPU-second
  LatencyHistogram latency;

  double p999() const { return duration<double>(latency.percentile(0.999)).count(); }
};

double median_of(const std::vector<Phase>& phases, double (*value)(const Phase&)) {
  std::vector<double> values;
  for (const Phase& phase : phases) values.push_back(value(phase));
  return median(values);
}
double wall_rate(const Phase& phase) {
  return phase.rate;
}
double cpu_rate(const Phase& phase) {
  return phase.cpu_rate;
}
double p999(const Phase& phase) {
  return phase.p999();
}

void print_phases(const char* name, const std::vector<Phase>& phases, double seconds_unit,
                  const char* unit) {
  LatencyHistogram all;
  for (const Phase& phase : phases) all.merge(phase.latency);
  const auto at = [&](double share) {
    return duration<double>(all.percentile(share)).count() / seconds_unit;
  };
  std::printf("  %-6s %8.2f M/s %8.2f M/CPU-s   p50 %8.1f  p99 %8.1f  p99.9 %8.1f  max %8.1f %s\n",
              name, median_of(phases, wall_rate) * 1e-6, median_of(phases, cpu_rate) * 1e-6,
              at(0.5), at(0.99), at(0.999), at(1), unit);
}

// ---- In process ----

class SetSide {
 public:
  explicit SetSide(const Arguments& arguments)
      : arguments_(arguments),
        asked_(queries(4'000'000, arguments.entries, 10)),
        findings_(checked_at_once) {
    for (uint64_t i = 0; i < arguments.entries; ++i) {
      set_.prefetch(fingerprint_of(i + 16));
      set_.put(fingerprint_of(i), platform_number, slot_state(Reason::hard_bounce));
    }
    next_ = first_new();
    growths_before_ = set_.statistics().growths;
    hits_expected_ = check_all();
  }

  bool run() {
    Phase warm_up = check_until(
        [&, end = Clock::now() + std::chrono::milliseconds(200)] { return Clock::now() >= end; });
    static_cast<void>(warm_up);
    const auto adds_a_round =
        static_cast<uint64_t>(static_cast<double>(arguments_.entries) * growth_share /
                              static_cast<double>(arguments_.rounds));
    for (size_t round = 0; round < arguments_.rounds; ++round) {
      const auto end = Clock::now() + nanoseconds(static_cast<int64_t>(arguments_.seconds * 1e9));
      idle.push_back(check_until([&] { return Clock::now() >= end; }));
      const bool last = round + 1 == arguments_.rounds;
      busy.push_back(check_beside([&](uint64_t added) {
        if (added < adds_a_round) return true;
        return last && grown() < set_.shards() && total_added() < most();
      }));
    }
    if (check_all() != hits_expected_) {
      std::fprintf(stderr, "load_peers: the answers changed while entries were added\n");
      return false;
    }
    return true;
  }

  uint64_t total_added() const { return next_ - first_new(); }
  uint64_t grown() const { return set_.statistics().growths - growths_before_; }
  uint32_t shards() const { return set_.shards(); }
  uint64_t hits() const { return hits_expected_; }
  size_t asked() const { return asked_.size(); }
  uint64_t late_puts() const { return late_; }

  std::vector<Phase> idle, busy;

 private:
  /// New entries are among numbers that no query asks for.
  static constexpr uint64_t first_new() { return uint64_t{1} << 62; }
  uint64_t most() const {
    return static_cast<uint64_t>(static_cast<double>(arguments_.entries) * growth_share_max);
  }

  uint64_t check_all() {
    uint64_t hits = 0;
    for (size_t at = 0; at + checked_at_once <= asked_.size(); at += checked_at_once) {
      set_.check(reader_, {asked_.data() + at, checked_at_once}, asking_account, findings_);
      for (const Finding& finding : findings_) hits += finding.clear() ? 0 : 1;
    }
    return hits;
  }

  template <class Done>
  Phase check_until(Done&& done) {
    Phase phase;
    uint64_t checks = 0;
    const auto begun = Clock::now();
    const double cpu_begun = thread_cpu_seconds();
    for (auto before = begun; !done();) {
      before = Clock::now();
      set_.check(reader_, {asked_.data() + at_, checked_at_once}, asking_account, findings_);
      phase.latency.record(Clock::now() - before);
      at_ = at_ + 2 * checked_at_once <= asked_.size() ? at_ + checked_at_once : 0;
      ++checks;
    }
    const auto addresses = static_cast<double>(checks * checked_at_once);
    phase.rate = addresses / duration<double>(Clock::now() - begun).count();
    phase.cpu_rate = addresses / (thread_cpu_seconds() - cpu_begun);
    return phase;
  }

  /// Puts at fixed times while `more(added so far)`.
  template <class More>
  Phase check_beside(More&& more) {
    std::atomic<bool> finished{false};
    std::thread writer([&] {
      const auto begun = Clock::now();
      for (uint64_t added = 0; more(added); added += put_at_once) {
        const auto when =
            begun +
            nanoseconds(static_cast<int64_t>(static_cast<double>(added) / arguments_.adds * 1e9));
        if (Clock::now() > when + std::chrono::milliseconds(50)) ++late_;
        std::this_thread::sleep_until(when);
        for (uint64_t i = 0; i < put_at_once; ++i)
          set_.put(fingerprint_of(next_++), platform_number, slot_state(Reason::manual));
      }
      finished.store(true);
    });
    Phase phase = check_until([&] { return finished.load(std::memory_order_relaxed); });
    writer.join();
    return phase;
  }

  const Arguments& arguments_;
  SuppressionSet set_;
  SuppressionSet::Reader reader_{set_};
  std::vector<Fingerprint> asked_;
  std::vector<Finding> findings_;
  size_t at_ = 0;
  uint64_t next_ = 0;
  uint64_t growths_before_ = 0;
  uint64_t hits_expected_ = 0;
  uint64_t late_ = 0;
};

int run_set(const Arguments& arguments) {
  SetSide side(arguments);
  if (!side.run()) return 2;
  std::printf("\nset: %llu entries, %llu added at %.0f/s, %llu growths of %u shards, %llu late\n",
              static_cast<unsigned long long>(arguments.entries),
              static_cast<unsigned long long>(side.total_added()), arguments.adds,
              static_cast<unsigned long long>(side.grown()), side.shards(),
              static_cast<unsigned long long>(side.late_puts()));
  std::printf("checksum    %llu hits of %zu, before and after\n",
              static_cast<unsigned long long>(side.hits()), side.asked());
  print_phases("idle", side.idle, 1e-6, "us");
  print_phases("busy", side.busy, 1e-6, "us");
  char note[160];
  std::snprintf(note, sizeof note, "in process; by CPU time %.3f; each shard grew %.1f times",
                median_of(side.busy, cpu_rate) / median_of(side.idle, cpu_rate),
                static_cast<double>(side.grown()) / side.shards());
  const bool met15 = report_goal(
      15, "idle", median_of(side.busy, wall_rate) / median_of(side.idle, wall_rate), note);
  const bool met16 =
      report_goal(16, "idle", median_of(side.busy, p999) / median_of(side.idle, p999),
                  "in process, 1,000 pre-hashed addresses");
  if (side.grown() < side.shards() && arguments.goals) {
    std::fprintf(stderr, "load_peers: not every shard grew\n");
    return 2;
  }
  return (met15 && met16) || !arguments.goals ? 0 : 1;
}

// ---- Through the server ----

class ServerSide {
 public:
  explicit ServerSide(const Arguments& arguments)
      : arguments_(arguments), server_(arguments.suppressd, 0) {
    server_.start();
    settings_ = server_.settings({});
    suppressctl::Api api(settings_);
    api.post("/v1/accounts", {{"account", settings_.account}});
    prepare_entries(settings_, seed, 0, arguments.members, never_);
    endpoint_ = suppressctl::parse_endpoint(settings_.server);
    suppressctl::RequestMix mix;
    mix.batches.add(checked_at_once, 1);
    mix.bodies.add(suppressctl::BodyFormat::text, 1);
    mix.answers.add(suppressctl::AnswerFormat::json, 1);
    mix.prepared = arguments.members;
    mix.addresses = 1'000'000;
    const auto requests = std::make_shared<const std::vector<suppressctl::PreparedRequest>>(
        prepare_requests(settings_, endpoint_, mix));
    checks_ = [requests](uint64_t k) {
      return std::shared_ptr<const suppressctl::PreparedRequest>(
          requests, &(*requests)[k % requests->size()]);
    };
  }

  void run() {
    const double growths = sample().set_growths;
    const double capacity = full_speed(false).rate;
    fixed_rate = fixed_rate_share * capacity;
    for (size_t round = 0; round < arguments_.rounds; ++round) {
      io_cpu_of_row_ = cost_of_adding();
      idle_full.push_back(full_speed(false));
      busy_full.push_back(full_speed(true));
      idle_fixed.push_back(at_fixed_rate(false));
      busy_fixed.push_back(at_fixed_rate(true));
    }
    grown = sample().set_growths - growths;
  }

  std::vector<Phase> idle_full, busy_full, idle_fixed, busy_fixed;
  double fixed_rate = 0;
  double grown = 0;
  uint64_t errors = 0;
  double rows_offered = 0, rows_added = 0;

 private:
  suppressctl::ServerSample sample() {
    suppressctl::Api api(settings_);
    return sample_server(api);
  }

  suppressctl::LoadPlan plan(double requests_per_second, unsigned links) const {
    suppressctl::LoadPlan made;
    made.rate = requests_per_second;
    made.duration = nanoseconds(static_cast<int64_t>(arguments_.seconds * 1e9));
    made.drain = std::chrono::seconds(5);
    made.connections = links;
    return made;
  }

  /// Rows at arguments_.adds a second for one phase; returns how many were acknowledged.
  uint64_t add() {
    const suppressctl::RowWriter writer(seed);
    const uint64_t begin = next_row_;
    uint64_t end = begin;
    const auto result = run_load(
        endpoint_, plan(arguments_.adds / rows_at_once, adding_connections),
        [&](uint64_t k) {
          const uint64_t at = begin + k * rows_at_once;
          end = std::max(end, at + rows_at_once);
          return std::make_shared<const suppressctl::PreparedRequest>(
              writer.add_request(settings_, endpoint_, at, rows_at_once));
        },
        never_);
    next_row_ = end;
    errors += result.counts.errors();
    rows_offered += static_cast<double>(result.counts.meant * rows_at_once);
    rows_added += static_cast<double>(result.counts.addresses);
    return result.counts.addresses;
  }

  double cost_of_adding() {
    const double before = sample().io_cpu_seconds;
    const auto rows = static_cast<double>(add());
    return rows > 0 ? (sample().io_cpu_seconds - before) / rows : 0;
  }

  Phase measure(double rate, bool beside) {
    const suppressctl::ServerSample before = sample();
    uint64_t rows = 0;
    std::thread adding;
    if (beside) adding = std::thread([&] { rows = add(); });
    const auto load = run_load(endpoint_, plan(rate, connections), checks_, never_);
    if (beside) adding.join();
    const suppressctl::ServerSample after = sample();
    errors += load.counts.errors();
    Phase phase;
    phase.rate = load.addresses_per_second();
    const double io_cpu =
        after.io_cpu_seconds - before.io_cpu_seconds - static_cast<double>(rows) * io_cpu_of_row_;
    phase.cpu_rate = (after.addresses_checked - before.addresses_checked) / io_cpu;
    phase.latency = load.latency;
    return phase;
  }
  Phase full_speed(bool beside) { return measure(0, beside); }
  Phase at_fixed_rate(bool beside) { return measure(fixed_rate / checked_at_once, beside); }

  const Arguments& arguments_;
  suppressctl::OwnServer server_;
  suppressctl::Settings settings_;
  suppressctl::Endpoint endpoint_;
  suppressctl::RequestSource checks_;
  std::atomic<bool> never_{false};
  uint64_t next_row_ = suppressctl::rows_added_begin;
  double io_cpu_of_row_ = 0;
};

int run_server(const Arguments& arguments) {
  ServerSide side(arguments);
  side.run();
  std::printf("\nserver: %llu entries; %.0f of %.0f rows/s added; %.0f growths; %llu errors\n",
              static_cast<unsigned long long>(arguments.members),
              arguments.adds * side.rows_added / std::max(side.rows_offered, 1.0), arguments.adds,
              side.grown, static_cast<unsigned long long>(side.errors));
  std::printf("without pause, %u connections, 1,000 addresses a request\n", connections);
  print_phases("idle", side.idle_full, 1e-3, "ms");
  print_phases("busy", side.busy_full, 1e-3, "ms");
  std::printf("at %.2f M addresses/s\n", side.fixed_rate * 1e-6);
  print_phases("idle", side.idle_fixed, 1e-3, "ms");
  print_phases("busy", side.busy_fixed, 1e-3, "ms");
  char note[160];
  std::snprintf(note, sizeof note,
                "per CPU-second of the connection threads; on the wall clock, with the load on the "
                "same %u cores, %.3f",
                std::thread::hardware_concurrency(),
                median_of(side.busy_full, wall_rate) / median_of(side.idle_full, wall_rate));
  const bool met15 =
      report_goal(15, "idle, server",
                  median_of(side.busy_full, cpu_rate) / median_of(side.idle_full, cpu_rate), note);
  const bool met16 = report_goal(
      16, "idle, server", median_of(side.busy_fixed, p999) / median_of(side.idle_fixed, p999),
      "over HTTP at a quarter of the capacity, load on the same cores");
  if (side.errors > 0) {
    std::fprintf(stderr, "load_peers: requests failed\n");
    return 2;
  }
  return (met15 && met16) || !arguments.goals ? 0 : 1;
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  int status = 0;
  if (arguments.part != "server") status = run_set(arguments);
  if (arguments.part != "set") status = std::max(status, run_server(arguments));
  return status;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("load_peers", [&] { return bench::run(bench::parse(count, values)); });
}
