#include "core/suppression_set.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "core/set_kernel.hpp"
#include "tests/core/random_input.hpp"
#include "tests/core/set_model.hpp"

namespace suppressd {
namespace {

constexpr SlotState bounced = slot_state(Reason::hard_bounce);

std::vector<Finding> ask(const SuppressionSet& set, const std::vector<Fingerprint>& addresses,
                         AccountNumber account) {
  SuppressionSet::Reader reader(set);
  std::vector<Finding> findings(addresses.size());
  set.check(reader, addresses, account, findings);
  return findings;
}

}  // namespace

TEST_CASE("the set answers as a plain map does, through forced growth") {
  RandomInput input;
  const uint32_t shards = GENERATE(1u, 2u);
  const uint32_t ranges = GENERATE(1u, 4u);
  INFO("SUPPRESSD_SEED=" << input.seed << ", " << shards << " shards of " << ranges << " ranges");
  ModelledSet modelled({.shards = shards, .ranges_per_shard = ranges});
  const auto addresses = random_addresses(input.engine, 2000);

  const size_t steps = scaled(20000);
  for (size_t step = 0; step < steps; ++step) {
    // Later steps reach further addresses, so the set grows all the while.
    const size_t reach = 1 + step * addresses.size() / steps;
    const auto account = static_cast<AccountNumber>(input.number(4));
    modelled.put(addresses[input.number(reach)], account, random_state(input.engine));
    if (step % 200 != 0) continue;
    const auto purpose = static_cast<Purpose>(input.number(2));
    modelled.check(addresses, static_cast<AccountNumber>(input.number(5)), purpose);
    modelled.check_totals();
  }
  REQUIRE(modelled.set().statistics().growths > 10);
}

TEST_CASE("the set answers as a plain map does while it empties and fills again") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  ModelledSet modelled({.shards = 1, .ranges_per_shard = 2});
  const auto addresses = random_addresses(input.engine, 300);
  for (size_t round = 0; round < scaled(20); ++round) {
    for (const Fingerprint& address : addresses) modelled.put(address, 1, bounced);
    modelled.check(addresses, 1, Purpose::marketing);
    for (const Fingerprint& address : addresses) {
      if (input.number(8) > 0) modelled.put(address, 1, SlotState::absent);
    }
    modelled.check(addresses, 1, Purpose::marketing);
    modelled.check_totals();
  }
  // Lines do not grow for entries that are gone; marks that removals left behind were cleared.
  REQUIRE(modelled.set().statistics().lines < 200);
}

TEST_CASE("every pair of account and platform states gets the verdict of the design") {
  const auto purpose = GENERATE(Purpose::marketing, Purpose::transactional);
  const std::vector<SlotState> states = {
      SlotState::absent, SlotState{1}, SlotState{2}, SlotState{3}, SlotState{4},
      SlotState{5},      SlotState{6}, SlotState{7}, SlotState{8}, SlotState::exempt};
  for (const SlotState account : states) {
    for (const SlotState platform : states) {
      ModelledSet modelled({.shards = 1, .ranges_per_shard = 1});
      const std::vector<Fingerprint> address = {{7, 9}};
      modelled.put(address[0], 3, account);
      modelled.put(address[0], platform_number, platform);
      modelled.check(address, 3, purpose);
      modelled.check(address, 4, purpose);
      modelled.check(address, platform_number, purpose);
    }
  }
}

TEST_CASE("an account's own unsubscribe does not hide a platform bounce from transactional mail") {
  SuppressionSet set({.shards = 1, .ranges_per_shard = 1});
  SuppressionSet::Reader reader(set);
  const Fingerprint address{1, 2};
  std::vector<Finding> found(1);
  set.put(address, 5, slot_state(Reason::unsubscribe));
  set.check(reader, {&address, 1}, 5, found, Purpose::transactional);
  REQUIRE(found[0].clear());
  set.put(address, platform_number, bounced);
  set.check(reader, {&address, 1}, 5, found, Purpose::transactional);
  REQUIRE(found[0].reason() == Reason::hard_bounce);
  REQUIRE(found[0].scope() == Scope::platform);
  set.check(reader, {&address, 1}, 5, found, Purpose::marketing);
  REQUIRE(found[0].reason() == Reason::unsubscribe);
  REQUIRE(found[0].scope() == Scope::account);
}

TEST_CASE("one address that very many accounts suppress spills, and the shard stays small") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  constexpr AccountNumber accounts = 100000;
  SuppressionSet set({.shards = 2, .ranges_per_shard = 16});
  const auto others = random_addresses(input.engine, 3000);
  for (const Fingerprint& address : others) set.put(address, 1, bounced);
  const Fingerprint hot{input.engine(), input.engine()};
  const uint64_t lines_before = set.statistics().lines;
  for (AccountNumber account = 1; account <= accounts; ++account) {
    REQUIRE(set.put(hot, account, static_cast<SlotState>(1 + account % 8)) == SlotState::absent);
  }
  const SuppressionSet::Statistics statistics = set.statistics();
  REQUIRE(statistics.spilled > accounts - 200);
  REQUIRE(statistics.lines < lines_before * 3);
  REQUIRE(statistics.entries == accounts + others.size());

  SuppressionSet::Reader reader(set);
  std::vector<Finding> found(1);
  for (AccountNumber account = 1; account <= accounts; account += 7) {
    set.check(reader, {&hot, 1}, account, found);
    REQUIRE(found[0] == Finding{static_cast<uint8_t>(1 + account % 8)});
    set.check(reader, {&hot, 1}, accounts + account, found);
    REQUIRE(found[0].clear());
  }
  for (const Finding& finding : ask(set, others, 1)) REQUIRE(!finding.clear());

  for (AccountNumber account = 1; account <= accounts; ++account) {
    REQUIRE(set.put(hot, account, SlotState::absent) != SlotState::absent);
  }
  REQUIRE(set.entries() == others.size());
  REQUIRE(set.statistics().spilled < 50);
  for (const Finding& finding : ask(set, others, 1)) REQUIRE(!finding.clear());
}

TEST_CASE("a spilled entry can be changed, removed and put again") {
  SuppressionSet set({.shards = 1, .ranges_per_shard = 1});
  const Fingerprint hot{0x1234567812345678, 99};
  ModelledSet modelled({.shards = 1, .ranges_per_shard = 1});
  for (const SlotState state : {bounced, slot_state(Reason::legal), SlotState::absent, bounced}) {
    for (AccountNumber account = 1; account <= 500; ++account) modelled.put(hot, account, state);
    modelled.check_totals();
    for (AccountNumber account = 1; account <= 500; account += 3) {
      modelled.check({hot}, account, Purpose::marketing);
    }
  }
}

TEST_CASE("reserved room takes the entries without growing") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  const auto addresses = random_addresses(input.engine, 400000);
  SuppressionSet set({.shards = 4, .ranges_per_shard = 16});
  set.reserve(addresses.size());
  const uint64_t growths = set.statistics().growths;
  for (const Fingerprint& address : addresses) {
    set.prefetch(address);
    set.put(address, 2, bounced);
  }
  const SuppressionSet::Statistics statistics = set.statistics();
  REQUIRE(statistics.growths == growths);
  REQUIRE(statistics.entries == addresses.size());
  REQUIRE(set.memory_bytes() < addresses.size() * 12);
  for (const Finding& finding : ask(set, addresses, 2)) REQUIRE(!finding.clear());
}

TEST_CASE("the lines of a set grown entry by entry stay within 12 bytes an entry") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set({.shards = 2, .ranges_per_shard = 16});
  for (uint64_t entries = 1; entries <= 200000; ++entries) {
    set.put({input.engine(), input.engine()}, platform_number, bounced);
    if (entries < 30000 || entries % 1000 != 0) continue;
    const SuppressionSet::Statistics statistics = set.statistics();
    REQUIRE(statistics.entries == entries);
    REQUIRE(statistics.lines * sizeof(Line) < entries * 12);
    REQUIRE(statistics.moved < entries / 10);
    REQUIRE(statistics.spilled < entries / 500);
  }
}

TEST_CASE("shards grow one after the other, not all at the same time") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set({.shards = 8, .ranges_per_shard = 64});
  uint64_t growths = 0, growths_in_all = 0;
  for (uint64_t entries = 1; entries <= 200000; ++entries) {
    set.put({input.engine(), input.engine()}, platform_number, bounced);
    if (entries % 1000 != 0) continue;  // less than a hundredth of what is there
    const uint64_t now = set.statistics().growths;
    if (entries > 100000) {
      REQUIRE(now - growths <= 4);
      growths_in_all += now - growths;
    }
    growths = now;
  }
  REQUIRE(growths_in_all >= 32);
}

TEST_CASE("an empty batch and a batch of any size are answered") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set;
  const auto addresses = random_addresses(input.engine, 10000);
  for (size_t i = 0; i < addresses.size(); i += 2) set.put(addresses[i], platform_number, bounced);
  for (const size_t size : {0, 1, 2, 9, 10, 11, 47, 48, 49, 63, 64, 65, 4095, 4096, 4097, 10000}) {
    const std::vector<Fingerprint> part(addresses.begin(), addresses.begin() + size);
    const auto findings = ask(set, part, 1);
    for (size_t i = 0; i < size; ++i) REQUIRE(findings[i].clear() == (i % 2 == 1));
  }
}

}  // namespace suppressd
