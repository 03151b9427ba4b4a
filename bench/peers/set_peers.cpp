// The set beside its peers, in one process and one run: the memory ceiling (a loop that only loads
// one word of one random line of as much memory, prefetched in the same two stages), our set, and
// absl::flat_hash_set<uint64_t> asked one key at a time. `--more` adds libcuckoo and oneTBB.
//
//   set_peers [entries] [--rounds N] [--queries N] [--more] [--no-goals]
//
// The contenders take turns; medians over the rounds are of CPU seconds of one thread. Every
// contender must give the same number of hits. Exit code 1 when a goal is missed, 2 when answers
// differ.
#include <absl/container/flat_hash_set.h>
#include <tbb/concurrent_unordered_set.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <libcuckoo/cuckoohash_map.hh>
#include <memory>
#include <string>
#include <utility>

#include "bench/measure.hpp"
#include "core/set_layout.hpp"
#include "core/set_memory.hpp"
#include "core/suppression_set.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t batch = 1024;  // what BulkCheck asks at once
constexpr AccountNumber asking_account = 7;
constexpr SlotState suppressed_as = slot_state(Reason::hard_bounce);
// The least that the project asks for, and what it aims at.
constexpr double times_absl_min = 3, times_absl_aim = 5;
constexpr double bytes_per_entry_max = 13, bytes_per_entry_aim = 11.2;
constexpr double ceiling_share_aim = 0.6;

struct Arguments {
  uint64_t entries = 10'000'000;
  size_t rounds = 5;
  size_t queries = 4'000'000;
  bool more = false;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto number = [&] { return i + 1 < count ? std::strtoull(values[++i], nullptr, 10) : 0; };
    if (name == "--rounds") {
      arguments.rounds = number();
    } else if (name == "--queries") {
      arguments.queries = number();
    } else if (name == "--more") {
      arguments.more = true;
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.entries = std::strtoull(values[i], nullptr, 10);
    }
  }
  if (arguments.entries == 0 || arguments.rounds == 0 || arguments.queries == 0) {
    std::fprintf(stderr,
                 "usage: set_peers [entries] [--rounds N] [--queries N] [--more] [--no-goals]\n");
    std::exit(2);
  }
  return arguments;
}

/// As many lines as the set has, and nothing to find in them.
class Ceiling {
 public:
  explicit Ceiling(uint64_t lines)
      : count_(lines), memory_(lines * sizeof(Line), Table::alignment) {
    std::memset(memory_.data(), 1, memory_.bytes());
  }
  uint64_t operator()(const std::vector<Fingerprint>& asked) const {
    constexpr size_t far = 48, near = 10;
    const auto* lines = static_cast<const uint64_t(*)[8]>(memory_.data());
    const auto line = [&](size_t i) { return lines[(asked[i].high >> 32) * count_ >> 32]; };
    uint64_t sum = 0;
    for (size_t i = 0; i + far < asked.size(); ++i) {
      __builtin_prefetch(line(i + far), 0, 2);
      __builtin_prefetch(line(i + near), 0, 3);
      sum += line(i)[0];
    }
    return sum;
  }

 private:
  uint64_t count_;
  LineMemory memory_;
};

/// One side of the comparison: a name, a lookup of many keys that returns the hits, and its times.
struct Contender {
  std::string name;
  std::function<uint64_t(const std::vector<Fingerprint>&)> ask;
  double bytes_per_entry;
  bool counts_hits = true;
  std::vector<double> seconds = {};
};

/// Builds a table and says how much the process grew by it.
template <class Build>
double bytes_per_entry(uint64_t entries, Build&& build) {
  const uint64_t before = resident_bytes();
  build();
  return static_cast<double>(resident_bytes() - before) / static_cast<double>(entries);
}

template <class Contains>
uint64_t count_hits(const std::vector<Fingerprint>& asked, Contains&& contains) {
  uint64_t hits = 0;
  for (const Fingerprint& address : asked) hits += contains(address.low) ? 1 : 0;
  return hits;
}

void add_set(SuppressionSet& set, uint64_t entries, std::vector<Contender>& contenders) {
  const double bytes = bytes_per_entry(entries, [&] {
    for (uint64_t i = 0; i < entries; ++i) {
      set.prefetch(fingerprint_of(i + 16));
      set.put(fingerprint_of(i), platform_number, suppressed_as);
    }
  });
  auto reader = std::make_shared<SuppressionSet::Reader>(set);
  auto findings = std::make_shared<std::vector<Finding>>(batch);
  contenders.push_back(
      {"SuppressionSet",
       [&set, reader, findings](const std::vector<Fingerprint>& asked) {
         uint64_t hits = 0;
         for (size_t begin = 0; begin < asked.size(); begin += batch) {
           const size_t size = std::min(batch, asked.size() - begin);
           set.check(*reader, {asked.data() + begin, size}, asking_account, *findings);
           for (size_t i = 0; i < size; ++i) hits += (*findings)[i].clear() ? 0 : 1;
         }
         return hits;
       },
       bytes});
}

template <class Table, class Insert, class Contains>
void add_peer(const char* name, uint64_t entries, std::vector<Contender>& contenders, Insert insert,
              Contains contains) {
  auto table = std::make_shared<Table>();
  const double bytes = bytes_per_entry(entries, [&] {
    for (uint64_t i = 0; i < entries; ++i) insert(*table, fingerprint_of(i).low);
  });
  contenders.push_back({name,
                        [table, contains](const std::vector<Fingerprint>& asked) {
                          return count_hits(asked,
                                            [&](uint64_t key) { return contains(*table, key); });
                        },
                        bytes});
}

void add_peers(uint64_t entries, bool more, std::vector<Contender>& contenders) {
  add_peer<absl::flat_hash_set<uint64_t>>(
      "absl::flat_hash_set", entries, contenders, [](auto& t, uint64_t key) { t.insert(key); },
      [](auto& t, uint64_t key) { return t.contains(key); });
  if (!more) return;
  add_peer<libcuckoo::cuckoohash_map<uint64_t, uint8_t>>(
      "libcuckoo", entries, contenders, [](auto& t, uint64_t key) { t.insert(key, uint8_t{5}); },
      [](auto& t, uint64_t key) { return t.contains(key); });
  add_peer<tbb::concurrent_unordered_set<uint64_t>>(
      "oneTBB unordered_set", entries, contenders, [](auto& t, uint64_t key) { t.insert(key); },
      [](auto& t, uint64_t key) { return t.count(key) != 0; });
}

/// All contenders in turn, `rounds` times. False when two that look for keys disagree.
bool race(std::vector<Contender>& contenders, const std::vector<Fingerprint>& asked, size_t rounds,
          uint64_t& hits) {
  hits = ~uint64_t{0};
  for (Contender& contender : contenders) contender.seconds.clear();
  for (size_t round = 0; round <= rounds; ++round) {  // round 0 warms up
    for (Contender& contender : contenders) {
      const double begin = thread_cpu_seconds();
      const uint64_t found = contender.ask(asked);
      const double took = thread_cpu_seconds() - begin;
      if (round > 0) contender.seconds.push_back(took);
      if (!contender.counts_hits) continue;
      if (hits == ~uint64_t{0}) hits = found;
      if (found != hits) return false;
    }
  }
  return true;
}

const char* verdict(bool met) {
  return met ? "pass" : "SHORT";
}

/// Prints one table of medians; returns the set's rate over absl's.
double print_race(const std::vector<Contender>& contenders, size_t asked, unsigned hits_percent,
                  uint64_t hits) {
  std::printf("\n%u %% hits, checksum %llu hits of %zu\n", hits_percent,
              static_cast<unsigned long long>(hits), asked);
  std::printf("  %-22s %12s %10s %10s\n", "", "M lookups/s", "ns each", "B/entry");
  std::vector<double> rates;
  for (const Contender& contender : contenders) {
    const double seconds = median(contender.seconds);
    rates.push_back(static_cast<double>(asked) / seconds * 1e-6);
    std::printf("  %-22s %12.1f %10.2f %10.2f\n", contender.name.c_str(), rates.back(),
                1000 / rates.back(), contender.bytes_per_entry);
  }
  const double share = rates[1] / rates[0], times = rates[1] / rates[2];
  std::printf(
      "  of the memory ceiling %.2f (aim %.2f: %s), times absl %.2f (least %.0f: %s, aim %.0f: "
      "%s)\n",
      share, ceiling_share_aim, verdict(share >= ceiling_share_aim), times, times_absl_min,
      verdict(times >= times_absl_min), times_absl_aim, verdict(times >= times_absl_aim));
  return times;
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  SuppressionSet set;
  std::vector<Contender> contenders;
  add_set(set, arguments.entries, contenders);
  const SuppressionSet::Statistics statistics = set.statistics();
  const double huge =
      static_cast<double>(huge_page_bytes()) / static_cast<double>(statistics.bytes);
  const auto ceiling = std::make_shared<Ceiling>(statistics.lines);
  contenders.insert(contenders.begin(),
                    {"memory ceiling", [ceiling](const auto& asked) { return (*ceiling)(asked); },
                     contenders[0].bytes_per_entry, false});
  add_peers(arguments.entries, arguments.more, contenders);

  const double entries = static_cast<double>(statistics.entries);
  std::printf(
      "set         %llu entries, %.2f of 8 slots a line, %.1f %% moved, %llu spilled, %.0f %% huge "
      "pages, kernel %s\n",
      static_cast<unsigned long long>(statistics.entries),
      entries / static_cast<double>(statistics.lines),
      100 * static_cast<double>(statistics.moved) / entries,
      static_cast<unsigned long long>(statistics.spilled), 100 * huge,
      std::string(name_of(best_kernel())).c_str());
  double times = 0;
  for (const unsigned hits_percent : {10u, 100u}) {
    const auto asked = queries(arguments.queries, arguments.entries, hits_percent);
    uint64_t hits = 0;
    if (!race(contenders, asked, arguments.rounds, hits)) {
      std::fprintf(stderr, "set_peers: the contenders' answers differ\n");
      return 2;
    }
    const double ratio = print_race(contenders, asked.size(), hits_percent, hits);
    if (hits_percent == 10) times = ratio;
  }
  const double bytes = contenders[1].bytes_per_entry;
  std::printf("\nbytes an entry %.2f (most %.1f: %s, aim %.1f: %s)\n", bytes, bytes_per_entry_max,
              verdict(bytes <= bytes_per_entry_max), bytes_per_entry_aim,
              verdict(bytes <= bytes_per_entry_aim));
  const bool met = times >= times_absl_min && bytes <= bytes_per_entry_max;
  return met || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  return suppressd::bench::run(suppressd::bench::parse(count, values));
}
