// The set beside its peers, in one process and one run: goals 1 to 5 and 17, and sets as large as
// memory allows.
//
//   set_peers [ENTRIES] [--goal N]... [--rounds N] [--queries N] [--checks N] [--threads N]
//             [--set-only] [--no-goals]
//
// Goals 1 to 3: the memory ceiling (the fastest of some loops that only load one word of one random
// line of as much memory), our set, absl::flat_hash_set, libcuckoo and oneTBB, asked the same
// pre-hashed keys in turn; medians over the rounds of CPU seconds of one thread; all must give the
// same number of hits. Rounds are short and many, each of keys of its own: a virtual machine that
// its host stops now and then spoils single rounds, not the median. Goal 4: the set on --threads
// threads and on one, in turn. Goal 5: what the process grows by, against Redis. Goal 17: --checks
// keys known to be present or absent. --goal picks some of them; --set-only leaves out every peer
// but the ceiling, for sets that fill the memory. The set is never reserved: it grows from empty,
// shard by shard, on --threads threads.
//
// Exit code 1 when a goal is missed (unless --no-goals), 2 when answers differ or a peer fails.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "bench/peers/redis_set.hpp"
#include "bench/peers/set_contenders.hpp"

namespace suppressd::bench {
namespace {

struct Arguments {
  uint64_t entries = 10'000'000;
  std::set<uint64_t> goals = {};
  size_t rounds = 31;
  size_t queries = 200'000;  // a round: a few milliseconds
  uint64_t checks = 100'000'000;
  unsigned threads = 2;
  bool set_only = false;
  bool enforced = true;

  bool wants(uint64_t goal) const { return goals.empty() || goals.count(goal) > 0; }
  bool wants_race() const { return wants(1) || (!set_only && (wants(2) || wants(3))); }
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: set_peers [ENTRIES] [--goal N]... [--rounds N] [--queries N] [--checks N] "
               "[--threads N] [--set-only] [--no-goals]\n");
  std::exit(2);
}

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto number = [&] {
      if (i + 1 >= count) usage();
      return std::strtoull(values[++i], nullptr, 10);
    };
    if (name == "--goal") {
      arguments.goals.insert(number());
    } else if (name == "--rounds") {
      arguments.rounds = number();
    } else if (name == "--queries") {
      arguments.queries = number();
    } else if (name == "--checks") {
      arguments.checks = number();
    } else if (name == "--threads") {
      arguments.threads = static_cast<unsigned>(number());
    } else if (name == "--set-only") {
      arguments.set_only = true;
    } else if (name == "--no-goals") {
      arguments.enforced = false;
    } else {
      arguments.entries = std::strtoull(values[i], nullptr, 10);
    }
  }
  if (arguments.entries == 0 || arguments.rounds == 0 || arguments.queries == 0 ||
      arguments.threads == 0) {
    usage();
  }
  return arguments;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string text(const char* format, auto... values) {
  char made[200];
  std::snprintf(made, sizeof made, format, values...);
  return made;
}

/// All contenders in turn, a round for each part of `asked` but the first. Each asks the part before
/// first, unmeasured: page tables and their caches know its memory again then, as they do in a
/// process that asks one table all the time. Returns the hits; throws when two that look for keys
/// disagree.
uint64_t race(std::vector<Contender>& contenders, std::span<const Fingerprint> asked,
              size_t queries_per_round) {
  uint64_t hits = 0;
  for (Contender& contender : contenders) contender.seconds.clear();
  for (size_t from = queries_per_round; from < asked.size(); from += queries_per_round) {
    uint64_t in_round = ~uint64_t{0};
    for (Contender& contender : contenders) {
      contender.ask(asked.subspan(from - queries_per_round, queries_per_round));
      const double begin = thread_cpu_seconds();
      const uint64_t found = contender.ask(asked.subspan(from, queries_per_round));
      contender.seconds.push_back(thread_cpu_seconds() - begin);
      if (!contender.counts_hits) continue;
      if (in_round == ~uint64_t{0}) in_round = found;
      if (found != in_round) throw std::runtime_error("the contenders' answers differ");
    }
    hits += in_round;
  }
  return hits;
}

double rate(const Contender& contender, size_t asked) {
  return static_cast<double>(asked) / median(contender.seconds);
}

double rate_of(const std::vector<Contender>& contenders, const char* name, size_t asked) {
  const auto found = std::find_if(contenders.begin(), contenders.end(),
                                  [&](const Contender& c) { return c.name == name; });
  return found == contenders.end() ? 0 : rate(*found, asked);
}

/// Goals 1 and 2 with 10 % hits, goal 3 with 100 %.
bool report_race(const Arguments& arguments, const std::vector<Contender>& contenders,
                 unsigned hits_percent, uint64_t hits) {
  const size_t asked = arguments.queries;
  std::printf("\n%u %% hits, checksum %llu hits, medians of %zu rounds of %zu\n", hits_percent,
              static_cast<unsigned long long>(hits), arguments.rounds, asked);
  std::printf("  %-26s %12s %10s %10s\n", "", "M lookups/s", "ns each", "B/entry");
  double ceiling = 0;
  for (const Contender& contender : contenders) {
    const double lookups = rate(contender, asked);
    if (!contender.counts_hits) ceiling = std::max(ceiling, lookups);
    std::printf("  %-26s %12.1f %10.2f %10.2f\n", contender.name.c_str(), lookups * 1e-6,
                1e9 / lookups, contender.bytes_per_entry);
  }
  const double ours = rate_of(contenders, "SuppressionSet", asked);
  const std::string note = text("%.1f M/s", ours * 1e-6);
  bool met = true;
  if (hits_percent == 10 && arguments.wants(1)) {
    met &= report_goal(1, "ceiling", ours / ceiling, note);
  }
  const uint64_t number = hits_percent == 10 ? 2 : 3;
  if (arguments.set_only || !arguments.wants(number)) return met;
  const auto beside = [&](const char* goal, const char* name) {
    met &=
        report_goal(static_cast<int>(number), goal, ours / rate_of(contenders, name, asked), note);
  };
  beside("absl", "absl::flat_hash_set");
  if (number == 2) {
    beside("libcuckoo", "libcuckoo");
    beside("oneTBB", "oneTBB unordered_set");
  }
  return met;
}

bool compare_lookups(const Arguments& arguments, const SuppressionSet& set, double bytes) {
  std::vector<Contender> contenders = memory_loops(set.statistics().lines);
  contenders.push_back(set_contender(set));
  contenders.back().bytes_per_entry = bytes;
  const auto add = [&](Peer peer) {
    contenders.push_back(peer_contender(peer, arguments.entries, arguments.threads));
  };
  if (!arguments.set_only && (arguments.wants(2) || arguments.wants(3))) add(Peer::absl);
  if (!arguments.set_only && arguments.wants(2)) {
    add(Peer::libcuckoo);
    add(Peer::onetbb);
  }
  bool met = true;
  for (const unsigned hits_percent : {10u, 100u}) {
    const auto asked =
        queries(arguments.queries * (arguments.rounds + 1), arguments.entries, hits_percent);
    const uint64_t hits = race(contenders, asked, arguments.queries);
    met &= report_race(arguments, contenders, hits_percent, hits);
  }
  return met;
}

/// Of --queries, so that threads run beside each other for long enough.
constexpr size_t threads_queries = 16;

/// Lookups a second of `threads` readers that begin together: the sum of their rates by their own
/// CPU time, so that what else runs on the machine counts only by caches and memory.
double rate_of_threads(const SuppressionSet& set, std::span<const Fingerprint> asked,
                       unsigned threads) {
  std::atomic<unsigned> ready{0};
  std::vector<double> rates(threads);
  std::vector<std::thread> readers;
  for (unsigned t = 0; t < threads; ++t) {
    readers.emplace_back([&, t] {
      const Contender reader = set_contender(set);
      ++ready;
      while (ready.load() < threads) {
      }
      // Each begins elsewhere, so that no two share the lines they bring into the caches.
      const size_t from = asked.size() / threads * t;
      const double begin = thread_cpu_seconds();
      reader.ask(asked.subspan(from));
      reader.ask(asked.first(from));
      rates[t] = static_cast<double>(asked.size()) / (thread_cpu_seconds() - begin);
    });
  }
  double sum = 0;
  for (unsigned t = 0; t < threads; ++t) {
    readers[t].join();
    sum += rates[t];
  }
  return sum;
}

bool compare_threads(const Arguments& arguments, const SuppressionSet& set) {
  const auto asked = queries(arguments.queries * threads_queries, arguments.entries, 10);
  std::vector<double> one, all, ratio;
  for (size_t round = 0; round <= arguments.rounds; ++round) {  // round 0 warms up
    const double alone = rate_of_threads(set, asked, 1);
    const double together = rate_of_threads(set, asked, arguments.threads);
    if (round == 0) continue;
    one.push_back(alone);
    all.push_back(together);
    ratio.push_back(together / alone);
  }
  std::printf("\n1 thread %.1f M lookups/s, %u threads %.1f M lookups/s together\n",
              median(one) * 1e-6, arguments.threads, median(all) * 1e-6);
  if (arguments.threads != 2) return true;  // the goal is for two; other numbers are to look at
  return report_goal(4, "one thread", median(ratio), "sum of rates by CPU time of each thread");
}

/// Asks for numbers that are entries and numbers that are not, every answer judged. Returns how
/// many answers were wrong.
uint64_t wrong_answers(const SuppressionSet& set, uint64_t entries, uint64_t from, uint64_t to) {
  constexpr uint64_t batch = 1024;
  SuppressionSet::Reader reader(set);
  std::vector<Fingerprint> asked(batch);
  std::vector<Finding> findings(batch);
  uint64_t wrong = 0;
  for (uint64_t begin = from; begin < to; begin += batch) {
    const size_t size = std::min(batch, to - begin);
    for (size_t i = 0; i < size; ++i) {
      // Odd: absent numbers, never asked twice. Even: entries, all over the set.
      const uint64_t number = begin + i;
      const uint64_t entry = number / 2 * 0x9e3779b97f4a7c15 % entries;
      asked[i] = fingerprint_of(number % 2 == 1 ? entries + number / 2 : entry);
    }
    set.check(reader, {asked.data(), size}, 1, findings);
    for (size_t i = 0; i < size; ++i) wrong += findings[i].clear() != ((begin + i) % 2 == 1);
  }
  return wrong;
}

bool check_answers(const Arguments& arguments, const SuppressionSet& set) {
  std::vector<std::thread> threads;
  std::vector<uint64_t> wrong(arguments.threads);
  const auto begin = Clock::now();
  for (unsigned t = 0; t < arguments.threads; ++t) {
    threads.emplace_back([&, t] {
      const auto at = [&](unsigned i) { return arguments.checks / arguments.threads * i; };
      const uint64_t to = t + 1 == arguments.threads ? arguments.checks : at(t + 1);
      wrong[t] = wrong_answers(set, arguments.entries, at(t), to);
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t sum = 0;
  for (const uint64_t count : wrong) sum += count;
  std::printf("\n%llu checks in %.1f s\n", static_cast<unsigned long long>(arguments.checks),
              seconds_since(begin));
  return report_goal(17, "wrong answers", static_cast<double>(sum),
                     text("of %.3g checks", static_cast<double>(arguments.checks)));
}

bool compare_memory(const Arguments& arguments, double bytes) {
  bool met = report_goal(5, "bytes an entry", bytes, "grown from empty");
  if (arguments.set_only) return met;
  // An eighth of the members fills Redis' table as far as all of them would, its size being a power
  // of two.
  constexpr uint64_t members_max = 20'000'000;
  uint64_t members = arguments.entries;
  while (members > members_max) members /= 2;
  const double of_redis = redis_bytes_per_member(members);
  met &= report_goal(5, "Redis", of_redis / bytes,
                     text("%.1f B a member, %.3g members", of_redis, static_cast<double>(members)));
  return met;
}

void print_set(const SuppressionSet& set, double bytes, double fill_seconds, unsigned threads) {
  const SuppressionSet::Statistics statistics = set.statistics();
  const auto entries = static_cast<double>(statistics.entries);
  std::printf(
      "set         %llu entries, %.2f B an entry, %.2f of 8 slots a line, %.1f %% moved, %llu "
      "spilled, %.0f %% huge pages, kernel %s\n",
      static_cast<unsigned long long>(statistics.entries), bytes,
      entries / static_cast<double>(statistics.lines),
      100 * static_cast<double>(statistics.moved) / entries,
      static_cast<unsigned long long>(statistics.spilled),
      100 * static_cast<double>(huge_page_bytes()) / static_cast<double>(statistics.bytes),
      std::string(name_of(best_kernel())).c_str());
  std::printf("filled      from empty in %.1f s by %u threads, %llu growths\n", fill_seconds,
              threads, static_cast<unsigned long long>(statistics.growths));
  std::fflush(stdout);
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  SuppressionSet set;
  const uint64_t before = resident_bytes();
  const auto begin = Clock::now();
  fill(set, arguments.entries, arguments.threads);
  const double took = seconds_since(begin);
  const double bytes =
      static_cast<double>(resident_bytes() - before) / static_cast<double>(arguments.entries);
  print_set(set, bytes, took, arguments.threads);
  bool met = true;
  if (arguments.wants(5)) met &= compare_memory(arguments, bytes);
  if (arguments.wants(17)) met &= check_answers(arguments, set);
  if (arguments.wants(4)) met &= compare_threads(arguments, set);
  if (arguments.wants_race()) met &= compare_lookups(arguments, set, bytes);
  return met || !arguments.enforced ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("set_peers", [&] { return bench::run(bench::parse(count, values)); });
}
