// Readers beside the writer: first as steps interleaved in one thread, then as threads (for which
// the tsan preset is the judge).
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>
#include <vector>

#include "core/set_kernel.hpp"
#include "core/suppression_set.hpp"
#include "tests/core/random_input.hpp"
#include "tests/core/set_model.hpp"

namespace suppressd {
namespace {

constexpr SlotState bounced = slot_state(Reason::hard_bounce);
constexpr SlotState complained = slot_state(Reason::complaint);

/// What happens inside a check, after its epoch was announced and before it looks anything up.
std::function<void()> meanwhile;

void interrupted_check(const CheckBatch& batch) {
  meanwhile();
  check_scalar(batch);
}

}  // namespace

TEST_CASE("a check that began before a growth sees it whole, and holds back the old lines") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set({.shards = 1, .ranges_per_shard = 1024, .check_function = interrupted_check});
  const auto addresses = random_addresses(input.engine, 20000);
  SuppressionSet::Reader reader(set);
  const size_t half = addresses.size() / 2;
  for (size_t i = 0; i < half; ++i) set.put(addresses[i], platform_number, bounced);

  uint64_t growths_inside = 0;
  uint64_t bytes_inside = 0;
  meanwhile = [&] {
    const uint64_t growths = set.statistics().growths;
    for (size_t i = half; i < addresses.size(); ++i) {
      set.put(addresses[i], platform_number, bounced);
    }
    growths_inside = set.statistics().growths - growths;
    bytes_inside = set.memory_bytes();
  };
  std::vector<Finding> findings(addresses.size());
  const std::span<const Fingerprint> all(addresses);
  set.check(reader, all.first(CheckBatch::addresses_max), 1, findings);
  REQUIRE(growths_inside > 0);
  for (size_t i = 0; i < CheckBatch::addresses_max; ++i) REQUIRE(!findings[i].clear());

  meanwhile = [] {};
  set.check(reader, all, 1, findings);
  for (const Finding& finding : findings) REQUIRE(!finding.clear());
  // Nobody is inside any more: a few more puts free what the growths replaced.
  for (size_t i = 0; i < 100; ++i) set.put(addresses[i], platform_number, complained);
  REQUIRE(set.memory_bytes() < bytes_inside);
}

TEST_CASE("every step of a put leaves an address that was there to be found") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set({.shards = 1, .ranges_per_shard = 1, .check_function = interrupted_check});
  SuppressionSet::Reader reader(set);
  const auto addresses = random_addresses(input.engine, 600);
  std::vector<Finding> findings(addresses.size());
  for (size_t there = 0; there < addresses.size(); ++there) {
    meanwhile = [&] { set.put(addresses[there], platform_number, bounced); };
    set.check(reader, addresses, 9, findings);
    for (size_t i = 0; i < addresses.size(); ++i) REQUIRE(findings[i].clear() == (i > there));
  }
}

TEST_CASE("a reader's place is given back, and past readers_max there is none") {
  SuppressionSet set({.shards = 1, .ranges_per_shard = 1});
  std::vector<std::unique_ptr<SuppressionSet::Reader>> readers;
  for (size_t i = 0; i < SuppressionSet::readers_max; ++i) {
    readers.push_back(std::make_unique<SuppressionSet::Reader>(set));
  }
  REQUIRE_THROWS_AS(SuppressionSet::Reader(set), std::length_error);
  readers.pop_back();
  REQUIRE_NOTHROW(SuppressionSet::Reader(set));
}

namespace {

/// What readers may rely on while the writer churns: `kept` always suppressed (as one of two
/// reasons), and `never` clear; `hot` suppressed in accounts 1 to hot_accounts, of which most
/// spill.
struct Scene {
  std::vector<Fingerprint> kept, never, churned;
  Fingerprint hot;
  static constexpr AccountNumber hot_accounts = 120;
};

/// Returns how many findings were wrong.
size_t read_until(const std::atomic<bool>& done, const SuppressionSet& set, const Scene& scene,
                  uint64_t& checked) {
  SuppressionSet::Reader reader(set);
  std::vector<Finding> findings(std::max(scene.kept.size(), scene.never.size()));
  size_t wrong = 0;
  AccountNumber account = 0;
  do {
    account = account % Scene::hot_accounts + 1;
    set.check(reader, scene.kept, account, findings);
    for (size_t i = 0; i < scene.kept.size(); ++i) {
      const Reason reason = findings[i].reason();
      wrong += reason != Reason::hard_bounce && reason != Reason::complaint;
    }
    set.check(reader, scene.never, account, findings);
    for (size_t i = 0; i < scene.never.size(); ++i) wrong += !findings[i].clear();
    set.check(reader, {&scene.hot, 1}, account, findings);
    wrong += findings[0].reason() != Reason::legal;
    set.check(reader, {&scene.hot, 1}, account + Scene::hot_accounts, findings);
    wrong += !findings[0].clear();
    ++checked;
  } while (!done.load());
  return wrong;
}

}  // namespace

TEST_CASE("readers never miss a present address while the writer grows and shuffles the set") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set({.shards = 2, .ranges_per_shard = 2});
  Scene scene{random_addresses(input.engine, 100),
              random_addresses(input.engine, 100),
              random_addresses(input.engine, 400),
              {input.engine(), input.engine()}};
  for (const Fingerprint& address : scene.kept) set.put(address, platform_number, bounced);
  for (AccountNumber account = 1; account <= Scene::hot_accounts; ++account) {
    set.put(scene.hot, account, slot_state(Reason::legal));
  }
  std::atomic<bool> done{false};
  std::array<size_t, 2> wrong{};
  std::array<uint64_t, 2> checked{};
  std::vector<std::thread> readers;
  for (size_t r = 0; r < wrong.size(); ++r) {
    readers.emplace_back([&, r] { wrong[r] = read_until(done, set, scene, checked[r]); });
  }
  const uint64_t growths_wanted = scaled(3000);
  while (set.statistics().growths < growths_wanted) {
    const Fingerprint& address = scene.churned[input.number(scene.churned.size())];
    set.put(address, static_cast<AccountNumber>(input.number(3)), random_state(input.engine));
    const Fingerprint& kept = scene.kept[input.number(scene.kept.size())];
    set.put(kept, platform_number, input.one_in(2) ? bounced : complained);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (size_t r = 0; r < wrong.size(); ++r) {
    CHECK(wrong[r] == 0);
    CHECK(checked[r] > 0);
  }
}

TEST_CASE("readers see sets grow from nothing, again and again") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  for (size_t round = 0; round < scaled(20); ++round) {
    SuppressionSet set({.shards = 1, .ranges_per_shard = 1});
    const auto addresses = random_addresses(input.engine, 2000);
    std::atomic<size_t> there{0};
    size_t missed = 0;
    std::thread reader([&] {
      SuppressionSet::Reader place(set);
      std::vector<Finding> findings(addresses.size());
      for (size_t known = 0; known < addresses.size();) {
        known = there.load(std::memory_order_acquire);
        set.check(place, addresses, 1, findings);
        for (size_t i = 0; i < known; ++i) missed += findings[i].clear();
      }
    });
    for (const Fingerprint& address : addresses) {
      set.put(address, platform_number, bounced);
      there.fetch_add(1, std::memory_order_release);
    }
    reader.join();
    REQUIRE(missed == 0);
    REQUIRE(set.statistics().growths > 20);
  }
}

TEST_CASE("shards load in parallel, one thread a shard") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet parallel({.shards = 4, .ranges_per_shard = 4});
  SuppressionSet serial({.shards = 4, .ranges_per_shard = 4});
  const auto addresses = random_addresses(input.engine, 20000);
  std::vector<std::thread> loaders;
  for (uint32_t shard = 0; shard < parallel.shards(); ++shard) {
    loaders.emplace_back([&, shard] {
      for (const Fingerprint& address : addresses) {
        if (parallel.shard_of(address) == shard) parallel.put(address, 1, bounced);
      }
    });
  }
  for (std::thread& loader : loaders) loader.join();
  for (const Fingerprint& address : addresses) serial.put(address, 1, bounced);
  REQUIRE(parallel.entries() == addresses.size());
  REQUIRE(parallel.digest() == serial.digest());
}

}  // namespace suppressd
