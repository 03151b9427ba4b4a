#include "bench/peers/set_contenders.hpp"

#include <absl/container/flat_hash_set.h>
#include <tbb/concurrent_unordered_set.h>

#include <algorithm>
#include <cstring>
#include <libcuckoo/cuckoohash_map.hh>
#include <thread>

#include "bench/measure.hpp"
#include "core/set_layout.hpp"
#include "core/set_memory.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t batch = 1024;  // what BulkCheck asks at once
constexpr AccountNumber asking_account = 7;
constexpr SlotState suppressed_as = slot_state(Reason::hard_bounce);
constexpr uint64_t prefetched_puts = 16;
constexpr uint64_t loop_lines_max = (uint64_t{2} << 30) / sizeof(Line);

template <class Work>
void on_threads(unsigned threads, Work&& work) {
  std::vector<std::thread> started;
  for (unsigned t = 1; t < threads; ++t) started.emplace_back(work, t);
  work(0u);
  for (std::thread& thread : started) thread.join();
}

/// As many lines as the set has, and nothing to find in them.
class RandomLines {
 public:
  explicit RandomLines(uint64_t lines)
      : count_(lines), memory_(lines * sizeof(Line), Table::alignment) {
    std::memset(memory_.data(), 1, memory_.bytes());
  }

  /// Each call loads other lines, so that none finds what the one before brought into the caches.
  /// `near` 0: one stage only. Hints as __builtin_prefetch takes them: 3 into L1, 2 into L2, 0 into
  /// L1 past the other caches.
  template <size_t far, int far_hint, size_t near>
  uint64_t load(std::span<const Fingerprint> asked) {
    const auto* lines = static_cast<const uint64_t(*)[8]>(memory_.data());
    const uint64_t call = ++calls_ * 0x9e3779b97f4a7c15;
    const auto line = [&](size_t i) {
      return lines[((asked[i].high ^ call) >> 32) * count_ >> 32];
    };
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + far < asked.size(); ++i) {
      __builtin_prefetch(line(i + far), 0, far_hint);
      if (near > 0) __builtin_prefetch(line(i + near), 0, 3);
      sum += line(i)[0];
    }
    for (; i < asked.size(); ++i) sum += line(i)[0];
    return sum;
  }

 private:
  uint64_t count_;
  uint64_t calls_ = 0;
  LineMemory memory_;
};

template <class Table>
uint64_t count_hits(const Table& table, std::span<const Fingerprint> asked) {
  uint64_t hits = 0;
  for (const Fingerprint& address : asked) hits += table.count(address.low);
  return hits;
}

/// What every table here can be asked: whether it has the key.
struct Absl {
  absl::flat_hash_set<uint64_t> table;
  void insert(uint64_t key) { table.insert(key); }
  uint64_t count(uint64_t key) const { return table.contains(key) ? 1 : 0; }
};
struct Libcuckoo {
  libcuckoo::cuckoohash_map<uint64_t, uint8_t> table;
  void insert(uint64_t key) { table.insert(key, uint8_t{5}); }
  uint64_t count(uint64_t key) const { return table.contains(key) ? 1 : 0; }
};
struct OneTbb {
  tbb::concurrent_unordered_set<uint64_t> table;
  void insert(uint64_t key) { table.insert(key); }
  uint64_t count(uint64_t key) const { return table.count(key); }
};

template <class Table>
Contender filled(const char* name, uint64_t entries, unsigned threads) {
  const uint64_t before = resident_bytes();
  auto table = std::make_shared<Table>();
  on_threads(threads, [&](unsigned thread) {
    for (uint64_t i = thread; i < entries; i += threads) table->insert(fingerprint_of(i).low);
  });
  const auto bytes = static_cast<double>(resident_bytes() - before);
  return {name, [table](std::span<const Fingerprint> asked) { return count_hits(*table, asked); },
          bytes / static_cast<double>(entries)};
}

}  // namespace

void fill(SuppressionSet& set, uint64_t entries, unsigned threads) {
  on_threads(threads, [&](unsigned thread) {
    const auto mine = [&](const Fingerprint& address) {
      return set.shard_of(address) % threads == thread;
    };
    for (uint64_t i = 0; i < entries; ++i) {
      if (const Fingerprint soon = fingerprint_of(i + prefetched_puts); mine(soon)) {
        set.prefetch(soon);
      }
      const Fingerprint address = fingerprint_of(i);
      if (mine(address)) set.put(address, platform_number, suppressed_as);
    }
  });
}

std::vector<Contender> memory_loops(uint64_t lines) {
  const auto memory = std::make_shared<RandomLines>(std::min(lines, loop_lines_max));
  std::vector<Contender> loops;
  const auto add = [&](const char* name, auto load) {
    loops.push_back({name, [memory, load](std::span<const Fingerprint> asked) {
                       return ((*memory).*load)(asked);
                     }});
    loops.back().counts_hits = false;
  };
  add("loop: L2 48, L1 10 ahead", &RandomLines::load<48, 2, 10>);
  add("loop: L2 32, L1 4 ahead", &RandomLines::load<32, 2, 4>);
  add("loop: L1 24 ahead", &RandomLines::load<24, 3, 0>);
  add("loop: NTA 32 ahead", &RandomLines::load<32, 0, 0>);
  return loops;
}

Contender set_contender(const SuppressionSet& set) {
  auto reader = std::make_shared<SuppressionSet::Reader>(set);
  auto findings = std::make_shared<std::vector<Finding>>(batch);
  return {"SuppressionSet", [&set, reader, findings](std::span<const Fingerprint> asked) {
            uint64_t hits = 0;
            for (size_t begin = 0; begin < asked.size(); begin += batch) {
              const size_t size = std::min(batch, asked.size() - begin);
              set.check(*reader, asked.subspan(begin, size), asking_account, *findings);
              for (size_t i = 0; i < size; ++i) hits += (*findings)[i].clear() ? 0 : 1;
            }
            return hits;
          }};
}

Contender peer_contender(Peer peer, uint64_t entries, unsigned threads) {
  switch (peer) {
    case Peer::absl:
      return filled<Absl>("absl::flat_hash_set", entries, 1);
    case Peer::libcuckoo:
      return filled<Libcuckoo>("libcuckoo", entries, threads);
    case Peer::onetbb:
      break;
  }
  return filled<OneTbb>("oneTBB unordered_set", entries, threads);
}

}  // namespace suppressd::bench
