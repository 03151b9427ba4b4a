// The set on its own: lookups by size, share of hits, kernel and threads; putting; growing;
// reserved loading. Run with --benchmark_filter=… ; the release preset measures, the test run only
// shows that it works.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "bench/measure.hpp"
#include "core/suppression_set.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t asked_at_once = 1024;  // what BulkCheck asks
constexpr size_t asked_in_all = size_t{1} << 20;
constexpr AccountNumber asking_account = 7;
constexpr SlotState bounced = slot_state(Reason::hard_bounce);

void fill(SuppressionSet& set, uint64_t entries) {
  for (uint64_t i = 0; i < entries; ++i) {
    set.prefetch(fingerprint_of(i + 16));
    set.put(fingerprint_of(i), platform_number, bounced);
  }
}

/// Sets are filled once and kept for all benchmarks that look into them.
SuppressionSet& filled_set(uint64_t entries, Kernel kernel) {
  static std::map<std::pair<uint64_t, Kernel>, std::unique_ptr<SuppressionSet>> sets;
  auto& set = sets[{entries, kernel}];
  if (!set) {
    set = std::make_unique<SuppressionSet>(SuppressionSet::Options{64, 1024, kernel, nullptr});
    fill(*set, entries);
  }
  return *set;
}

void report_set(benchmark::State& state, const SuppressionSet& set) {
  const SuppressionSet::Statistics statistics = set.statistics();
  const auto entries = static_cast<double>(statistics.entries);
  state.counters["B/entry"] = static_cast<double>(statistics.bytes) / entries;
  state.counters["moved%"] = 100 * static_cast<double>(statistics.moved) / entries;
}

void look_up(benchmark::State& state, Kernel kernel) {
  static SuppressionSet* set;
  static std::vector<Fingerprint> asked;
  const auto entries = static_cast<uint64_t>(state.range(0));
  if (state.thread_index() == 0) {
    set = &filled_set(entries, kernel);
    asked = queries(asked_in_all, entries, static_cast<unsigned>(state.range(1)));
  }
  std::vector<Finding> findings(asked_at_once);
  std::unique_ptr<SuppressionSet::Reader> reader;
  size_t at = static_cast<size_t>(state.thread_index()) * asked_in_all / 8;
  uint64_t hits = 0;
  for (auto _ : state) {
    // The other threads may use what thread 0 set up only from here on.
    if (!reader) reader = std::make_unique<SuppressionSet::Reader>(*set);
    at = (at + asked_at_once) % asked_in_all;
    set->check(*reader, {asked.data() + at, asked_at_once}, asking_account, findings);
    hits += findings[0].clear() ? 0 : 1;
  }
  benchmark::DoNotOptimize(hits);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(asked_at_once));
  if (state.thread_index() == 0) report_set(state, *set);
}

/// One address at a time: what an interactive call pays.
void look_up_one(benchmark::State& state) {
  const auto entries = static_cast<uint64_t>(state.range(0));
  SuppressionSet& set = filled_set(entries, best_kernel());
  SuppressionSet::Reader reader(set);
  const auto asked = queries(asked_in_all, entries, 10);
  Finding finding;
  size_t at = 0;
  for (auto _ : state) {
    set.check(reader, {&asked[at], 1}, asking_account, {&finding, 1});
    benchmark::DoNotOptimize(finding);
    at = (at + 1) % asked_in_all;
  }
  state.SetItemsProcessed(state.iterations());
}

/// From empty, through every growth (range(1) = 0), or into reserved room.
void load(benchmark::State& state) {
  const auto entries = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    SuppressionSet set;
    if (state.range(1) != 0) set.reserve(entries);
    fill(set, entries);
    state.PauseTiming();
    report_set(state, set);
    state.counters["growths"] = static_cast<double>(set.statistics().growths);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// Putting the reason of an entry that is there: what a repeated event costs.
void update(benchmark::State& state) {
  const auto entries = static_cast<uint64_t>(state.range(0));
  SuppressionSet set;
  fill(set, entries);
  uint64_t i = 0;
  for (auto _ : state) {
    const SlotState reason = slot_state(i % 2 == 0 ? Reason::complaint : Reason::legal);
    set.put(fingerprint_of(i++ * 0x9e3779b97f4a7c15 % entries), platform_number, reason);
  }
  state.SetItemsProcessed(state.iterations());
}

/// The longest stop that one growth makes: all entries of one shard, placed again.
void grow_one_shard(benchmark::State& state) {
  const auto entries = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    SuppressionSet set({1, 1024, best_kernel(), nullptr});
    fill(set, entries);
    state.ResumeTiming();
    set.reserve(entries * 9 / 8);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void register_all() {
  for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512}) {
    if (!kernel_available(kernel)) continue;
    const std::string name = "look_up/" + std::string(name_of(kernel));
    auto* bench = benchmark::RegisterBenchmark(name.c_str(), look_up, kernel);
    bench->ArgNames({"entries", "hits%"});
    for (const int64_t entries : {100'000, 1'000'000, 10'000'000}) {
      for (const int64_t hits : {0, 10, 100}) bench->Args({entries, hits});
    }
    bench->ThreadRange(1, 2)->UseRealTime();
  }
  benchmark::RegisterBenchmark("look_up_one", look_up_one)->Arg(100'000)->Arg(10'000'000);
  benchmark::RegisterBenchmark("load", load)
      ->ArgNames({"entries", "reserved"})
      ->Args({1'000'000, 0})
      ->Args({1'000'000, 1})
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("update", update)->Arg(100'000)->Arg(1'000'000);
  benchmark::RegisterBenchmark("grow_one_shard", grow_one_shard)
      ->Arg(100'000)
      ->Arg(1'500'000)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  std::printf("%s", suppressd::bench::environment().c_str());
  suppressd::bench::register_all();
  benchmark::Initialize(&count, values);
  if (benchmark::ReportUnrecognizedArguments(count, values)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
