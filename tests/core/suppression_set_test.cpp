#include "core/suppression_set.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace suppressd {
namespace {

uint64_t test_seed() {
  const char* given = std::getenv("SUPPRESSD_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  WARN("SUPPRESSD_SEED=" << seed);
  return seed;
}

size_t test_size() {
  const char* given = std::getenv("SUPPRESSD_TEST_SIZE");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}

/// What DESIGN section 9 says, written the plain way.
Finding expected_finding(SlotState account, SlotState platform, Purpose purpose) {
  const bool lenient = purpose == Purpose::transactional;
  const auto blocks = [&](SlotState state) {
    const Reason reason = reason_of(state);
    return reason != Reason::none && !(lenient && reason == Reason::unsubscribe);
  };
  if (blocks(account)) return {static_cast<uint8_t>(account)};
  if (account == SlotState::exempt) return {};
  if (blocks(platform)) return {static_cast<uint8_t>(static_cast<uint8_t>(platform) | 16)};
  return {};
}

/// A set and a std::map that get the same calls.
class Modelled {
 public:
  explicit Modelled(const SuppressionSet::Options& options) : set_(options), reader_(set_) {}

  void put(const Fingerprint& address, AccountNumber account, SlotState state) {
    REQUIRE(set_.get(address, account) == said(address, account));
    REQUIRE(set_.put(address, account, state) == said(address, account));
    const auto key = std::make_tuple(address.high, address.low, account);
    if (state == SlotState::absent) {
      model_.erase(key);
    } else {
      model_[key] = state;
    }
  }

  void check(const std::vector<Fingerprint>& addresses, AccountNumber account, Purpose purpose) {
    std::vector<Finding> findings(addresses.size());
    set_.check(reader_, addresses, account, findings, purpose);
    for (size_t i = 0; i < addresses.size(); ++i) {
      const SlotState own =
          account == platform_number ? SlotState::absent : said(addresses[i], account);
      const SlotState platform = said(addresses[i], platform_number);
      REQUIRE(findings[i] == expected_finding(own, platform, purpose));
    }
  }

  void check_totals() {
    Digest digest;
    for (const auto& [key, state] : model_) {
      const auto& [high, low, account] = key;
      digest += entry_digest({high, low}, account, state);
    }
    REQUIRE(set_.entries() == model_.size());
    REQUIRE(set_.digest() == digest);
  }

  SuppressionSet& set() { return set_; }

 private:
  SlotState said(const Fingerprint& address, AccountNumber account) const {
    const auto found = model_.find(std::make_tuple(address.high, address.low, account));
    return found == model_.end() ? SlotState::absent : found->second;
  }

  SuppressionSet set_;
  SuppressionSet::Reader reader_;
  std::map<std::tuple<uint64_t, uint64_t, AccountNumber>, SlotState> model_;
};

SlotState random_state(std::mt19937_64& random) {
  const uint64_t number = random() % 12;
  if (number >= 10) return SlotState::absent;
  return number == 9 ? SlotState::exempt : static_cast<SlotState>(number);
}

}  // namespace

TEST_CASE("the set answers as a plain map does, through forced growth") {
  const uint64_t seed = test_seed();
  const uint32_t shards = GENERATE(1u, 2u);
  const uint32_t ranges = GENERATE(1u, 4u);
  std::mt19937_64 random(seed + shards * 16 + ranges);
  Modelled modelled({.shards = shards, .ranges_per_shard = ranges});
  std::vector<Fingerprint> addresses(2000);
  for (Fingerprint& address : addresses) address = {random(), random()};

  for (size_t step = 0; step < 20000 * test_size(); ++step) {
    // Later steps reach further addresses, so the set grows all the while.
    const size_t reach = 1 + step % addresses.size();
    const auto account = static_cast<AccountNumber>(random() % 4);
    modelled.put(addresses[random() % reach], account, random_state(random));
    if (step % 100 != 0) continue;
    const auto purpose = static_cast<Purpose>(random() % 2);
    modelled.check(addresses, static_cast<AccountNumber>(random() % 5), purpose);
    modelled.check_totals();
  }
  REQUIRE(modelled.set().statistics().growths > 10);
}

}  // namespace suppressd
