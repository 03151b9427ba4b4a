// The store by itself: commits of different sizes, runs, and the reads behind a page of the list
// and an explanation. Commits are synced, so the disk is part of what is measured.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "persistence/bulk_run.hpp"
#include "persistence/prepared_run.hpp"
#include "persistence/store.hpp"

namespace suppressd::bench {
namespace {

constexpr TimeMs now = 1'700'000'000'000;

std::string address_of(uint64_t number) {
  return "name." + std::to_string(fingerprint_of(number).high >> 30) + "." +
         std::to_string(number) + "@example.com";
}

/// A store with its set, as the committer holds them.
class Held {
  TemporaryDirectory directory_;  // removed last

 public:
  Held() {
    StoreOptions options;
    options.directory = directory_.path() / "data";
    store = Store::open(options);
    std::atomic<double> progress{0};
    store->load(set, 1, progress);
  }

  void commit(size_t rows) {
    AddSuppressions add{1, {}};
    for (size_t i = 0; i < rows; ++i) {
      add.rows.push_back(
          {Channel::email, address_of(next++), "", {}, {Reason::manual, "api", now, "k", "", ""}});
    }
    Change change;
    change.what = std::move(add);
    change.by = "k";
    change.at = now;
    Outcome outcome;
    updates_.clear();
    store->commit({&change, 1}, {&outcome, 1}, set, updates_);
    require(outcome);
  }

  std::unique_ptr<BulkRun> run(size_t rows) {
    auto made = std::make_unique<BulkRun>(1, "k", now);
    const uint32_t cause = made->cause({Reason::manual, now, "api", "", "", ""});
    for (size_t i = 0; i < rows; ++i) {
      made->add(Channel::email, address_of(next++), "", {}, cause);
    }
    return made;
  }

  std::unique_ptr<PreparedRun> prepare(std::unique_ptr<BulkRun> made) {
    made->fingerprint(store->fingerprint_key());
    return store->prepare(std::move(made));
  }

  void commit(PreparedRun& run) {
    Outcome outcome;
    updates_.clear();
    if (!store->commit(run, set, outcome, updates_)) throw std::runtime_error("known rows");
    run.for_each_alone([this](const Fingerprint& address, AccountNumber scope,
                              SlotState state) { set.put(address, scope, state); },
                       [this](const Fingerprint& address) { set.prefetch(address); });
    require(outcome);
  }

  SuppressionSet set;
  std::unique_ptr<Store> store;
  uint64_t next = 0;

 private:
  void require(const Outcome& outcome) {
    for (const SetUpdate& one : updates_) set.put(one.address, one.account, one.state);
    if (outcome.status != Outcome::Status::committed) throw std::runtime_error("not committed");
  }

  std::vector<SetUpdate> updates_;
};

void set_rate(benchmark::State& state, size_t rows) {
  state.SetItemsProcessed(static_cast<int64_t>(static_cast<size_t>(state.iterations()) * rows));
}

void commit_rows(benchmark::State& state) {
  Held held;
  const auto rows = static_cast<size_t>(state.range(0));
  for (auto _ : state) held.commit(rows);
  set_rate(state, rows);
}
BENCHMARK(commit_rows)->Arg(1)->Arg(100)->Arg(10'000)->UseRealTime();

void run_prepared(benchmark::State& state) {
  Held held;
  const auto rows = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    auto run = held.run(rows);
    state.ResumeTiming();
    auto prepared = held.prepare(std::move(run));
    state.PauseTiming();
    prepared.reset();
    state.ResumeTiming();
  }
  set_rate(state, rows);
}
BENCHMARK(run_prepared)->Arg(100'000)->Arg(1'000'000)->UseRealTime();

/// What others wait for while a run is committed.
void run_committed(benchmark::State& state) {
  Held held;
  const auto rows = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    auto prepared = held.prepare(held.run(rows));
    state.ResumeTiming();
    held.commit(*prepared);
    state.PauseTiming();
    prepared.reset();
    state.ResumeTiming();
  }
  set_rate(state, rows);
}
BENCHMARK(run_committed)->Arg(100'000)->Arg(1'000'000)->Iterations(4)->UseRealTime();

void list_page(benchmark::State& state) {
  Held held;
  held.commit(*held.prepare(held.run(100'000)));
  std::string cursor;
  size_t items = 0;
  for (auto _ : state) {
    SuppressionPage page = held.store->list(1, {}, cursor, 100);
    items += page.items.size();
    cursor = page.next;
  }
  state.SetItemsProcessed(static_cast<int64_t>(items));
}
BENCHMARK(list_page);

void explain_read(benchmark::State& state) {
  Held held;
  held.commit(*held.prepare(held.run(100'000)));
  uint64_t number = 0;
  size_t found = 0;
  for (auto _ : state) {
    number = (number + 7'919) % 100'000;
    found += held.store->find(1, Channel::email, address_of(number)).has_value();
  }
  if (found != static_cast<size_t>(state.iterations())) state.SkipWithError("records are missing");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(explain_read);

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  benchmark::Initialize(&count, values);
  if (benchmark::ReportUnrecognizedArguments(count, values)) return 1;
  std::printf("%s", suppressd::bench::environment().c_str());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
