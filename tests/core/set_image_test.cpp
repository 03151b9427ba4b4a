// Lines copied out and taken in: of a set at rest, while changes interleave, and beside a writer
// thread.
#include "core/set_image.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "core/suppression_set.hpp"
#include "tests/core/random_input.hpp"
#include "tests/core/set_model.hpp"

namespace suppressd {
namespace {

constexpr SlotState bounced = slot_state(Reason::hard_bounce);
/// Few shards and few places a shard, as small as images allow.
const SuppressionSet::Options two_shards{.shards = 2, .ranges_per_shard = 32768};

struct Exported {
  std::vector<std::byte> bytes;
  ShardImage image;
};

/// Takes one shard's export to its end; `between` is called before each piece.
template <class Between>
Exported drain(ShardExport& shard, Between&& between) {
  Exported exported;
  for (;;) {
    between();
    const std::span<const std::byte> piece = shard.next();
    if (piece.empty()) break;
    exported.bytes.insert(exported.bytes.end(), piece.begin(), piece.end());
  }
  REQUIRE(exported.bytes.size() == shard.bytes());
  exported.image = shard.finish();
  return exported;
}

template <class Between>
std::vector<Exported> export_all(const SuppressionSet& set, Between&& between) {
  std::vector<Exported> shards;
  for (uint32_t i = 0; i < set.shards(); ++i) {
    ShardExport shard = set.export_shard(i);
    shards.push_back(drain(shard, between));
  }
  return shards;
}

void import_all(SuppressionSet& set, const std::vector<Exported>& shards) {
  for (uint32_t i = 0; i < set.shards(); ++i) {
    const auto room = set.begin_import(i, shards[i].image.range_lines);
    REQUIRE(room.size() == shards[i].bytes.size());
    std::memcpy(room.data(), shards[i].bytes.data(), room.size());
    REQUIRE(set.finish_import(i, shards[i].image));
  }
}

struct Change {
  Fingerprint address;
  AccountNumber account;
  SlotState state;
};

Change random_change(RandomInput& input, const std::vector<Fingerprint>& addresses) {
  return {addresses[input.number(addresses.size())], static_cast<AccountNumber>(input.number(3)),
          random_state(input.engine)};
}

/// Same entries, by count and digest, and the same answers.
void require_same(const SuppressionSet& one, const SuppressionSet& other,
                  const std::vector<Fingerprint>& addresses) {
  REQUIRE(one.entries() == other.entries());
  REQUIRE(one.digest() == other.digest());
  SuppressionSet::Reader of_one(one), of_other(other);
  std::vector<Finding> first(addresses.size()), second(addresses.size());
  for (AccountNumber account = 0; account < 4; ++account) {
    one.check(of_one, addresses, account, first);
    other.check(of_other, addresses, account, second);
    REQUIRE(first == second);
  }
}

}  // namespace

TEST_CASE("an export of a set at rest, imported, is the same set and takes changes as it does") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards), copy(two_shards);
  const auto addresses = random_addresses(input.engine, 30000);
  const auto change_both = [&](SuppressionSet* other, size_t changes) {
    for (size_t i = 0; i < changes; ++i) {
      const Change change = random_change(input, addresses);
      set.put(change.address, change.account, change.state);
      if (other) other->put(change.address, change.account, change.state);
    }
  };
  // One address of very many accounts, so that a spill is there.
  for (AccountNumber account = 0; account < 300; ++account) set.put(addresses[0], account, bounced);
  change_both(nullptr, 60000);
  REQUIRE(set.statistics().spilled > 0);
  const auto shards = export_all(set, [] {});
  import_all(copy, shards);
  require_same(set, copy, addresses);
  // A spilled entry takes a slot that others left meanwhile, if there is one.
  REQUIRE(copy.statistics().spilled > 0);
  REQUIRE(copy.statistics().spilled <= set.statistics().spilled);
  change_both(&copy, 60000);  // removals, and growth past what was imported
  require_same(set, copy, addresses);
  for (AccountNumber account = 0; account < 300; ++account) {
    REQUIRE(copy.get(addresses[0], account) == set.get(addresses[0], account));
  }
}

TEST_CASE("an image's numbers are those of the lines that were copied") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards);
  for (const Fingerprint& address : random_addresses(input.engine, 100000)) {
    set.put(address, static_cast<AccountNumber>(input.number(100)), bounced);
  }
  Digest digest;
  uint64_t entries = 0, moved = 0;
  for (const Exported& shard : export_all(set, [] {})) {
    digest += shard.image.digest;
    entries += shard.image.filled + shard.image.spilled.size();
    moved += shard.image.moved;
    for (const ShardImage::Spilled& entry : shard.image.spilled) {
      REQUIRE(entry.range < two_shards.ranges_per_shard);
    }
  }
  REQUIRE(entries == set.entries());
  REQUIRE(moved == set.statistics().moved);
  REQUIRE((set.statistics().spilled > 0 || digest == set.digest()));
}

TEST_CASE(
    "changes between the pieces of an export, put again after importing, give the set of now") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards), copy(two_shards);
  auto addresses = random_addresses(input.engine, 20000);
  for (size_t i = 0; i < 30000; ++i) {
    const Change change = random_change(input, addresses);
    set.put(change.address, change.account, change.state);
  }
  // Enough of one address that some spill, move back into lines that others left, and spill again.
  const Fingerprint hot = addresses[1];
  for (AccountNumber account = 3; account < 200; ++account) set.put(hot, account, bounced);

  std::vector<Change> changes;
  const auto shards = export_all(set, [&] {
    for (size_t i = 0; i < 3000; ++i) {
      Change change = random_change(input, addresses);
      if (i % 3 == 0) {
        change.address = hot;
        change.account = static_cast<AccountNumber>(input.number(250));
      }
      if (i % 7 == 0) {  // growth, all the while
        change = {{input.engine(), input.engine()}, 1, bounced};
        addresses.push_back(change.address);
      }
      set.put(change.address, change.account, change.state);
      changes.push_back(change);
    }
  });
  REQUIRE(changes.size() > 10000);
  import_all(copy, shards);
  for (const Change& change : changes) copy.put(change.address, change.account, change.state);
  require_same(set, copy, addresses);
  for (AccountNumber account = 0; account < 250; ++account) {
    REQUIRE(copy.get(hot, account) == set.get(hot, account));
  }
}

TEST_CASE("exports beside a writer thread, with its changes put again, give the set of now") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards), copy(two_shards);
  const auto addresses = random_addresses(input.engine, 40000);
  for (size_t i = 0; i < 20000; ++i) {
    const Change change = random_change(input, addresses);
    set.put(change.address, change.account, change.state);
  }
  std::vector<Change> changes;
  for (size_t i = 0; i < scaled(60000); ++i) changes.push_back(random_change(input, addresses));
  std::thread writer([&] {
    for (const Change& change : changes) set.put(change.address, change.account, change.state);
  });
  const auto shards = export_all(set, [] {});
  writer.join();
  import_all(copy, shards);
  for (const Change& change : changes) copy.put(change.address, change.account, change.state);
  require_same(set, copy, addresses);
}

TEST_CASE("an export holds one of the readers' places, and old lines only while it lives") {
  SuppressionSet set(two_shards);
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  uint64_t held = 0;
  {
    ShardExport shard = set.export_shard(0);
    for (const Fingerprint& address : random_addresses(input.engine, 600000)) {
      set.put(address, 1, bounced);
    }
    REQUIRE(set.statistics().growths > 0);
    held = set.memory_bytes();
    REQUIRE(drain(shard, [] {}).image.filled < 200000);  // the lines that were there before
  }
  for (const Fingerprint& address : random_addresses(input.engine, 100)) {
    set.put(address, 1, bounced);
  }
  REQUIRE(set.memory_bytes() < held);
}

TEST_CASE("an import whose numbers cannot be is refused, and the set stays empty") {
  SuppressionSet set(two_shards);
  REQUIRE(set.begin_import(0, 0).empty());
  REQUIRE(set.begin_import(0, range_lines_max + 1).empty());
  const auto refused = [&](const ShardImage& image, uint64_t range_lines = 1) {
    REQUIRE(!set.begin_import(1, range_lines).empty());
    return !set.finish_import(1, image) && set.entries() == 0 && set.digest() == Digest{};
  };
  REQUIRE(!set.finish_import(1, {.range_lines = 1}));  // nothing was begun
  REQUIRE(refused({.range_lines = 2}));
  REQUIRE(refused({.range_lines = 1, .filled = 32768 * 8 + 1}));
  REQUIRE(refused({.range_lines = 1, .filled = 3, .moved = 4}));
  REQUIRE(refused({.range_lines = 1, .spilled = {{.range = 32768, .slot = 5}}}));
  REQUIRE(refused({.range_lines = 1, .spilled = {{.range = 0, .slot = 0xf0}}}));
  set.put({~uint64_t{0}, 0}, 0, bounced);
  REQUIRE(!set.begin_import(1, 1).empty());
  REQUIRE(!set.finish_import(1, {.range_lines = 1}));
  REQUIRE(set.entries() == 1);
}

TEST_CASE("lines full of garbage make checks and puts wrong, never crash") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards);
  for (uint32_t shard = 0; shard < 2; ++shard) {
    const auto room = set.begin_import(shard, 2);
    for (std::byte& byte : room) byte = static_cast<std::byte>(input.engine());
    REQUIRE(set.finish_import(shard, {.range_lines = 2, .filled = room.size() / 8}));
  }
  SuppressionSet::Reader reader(set);
  const auto addresses = random_addresses(input.engine, 10000);
  std::vector<Finding> findings(addresses.size());
  set.check(reader, addresses, 1, findings);
  for (const Fingerprint& address : addresses) set.put(address, 1, random_state(input.engine));
  set.check(reader, addresses, 1, findings);
}

TEST_CASE("a cleared set is empty, also of what was begun, and starts anew") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  SuppressionSet set(two_shards), fresh(two_shards);
  const auto addresses = random_addresses(input.engine, 3000);
  for (const Fingerprint& address : addresses) set.put(address, 1, bounced);
  for (AccountNumber account = 0; account < 300; ++account) set.put(addresses[0], account, bounced);
  set.begin_import(0, 4);
  set.clear();
  require_same(set, fresh, addresses);
  REQUIRE(!set.finish_import(0, {.range_lines = 4}));
  for (const Fingerprint& address : addresses) {
    set.put(address, 1, bounced);
    fresh.put(address, 1, bounced);
  }
  require_same(set, fresh, addresses);
}

}  // namespace suppressd
