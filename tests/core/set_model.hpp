// A set beside a std::map that gets the same calls, and what DESIGN section 9 says of two slot
// states, written the plain way.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "core/suppression_set.hpp"

namespace suppressd {

inline Finding expected_finding(SlotState account, SlotState platform, Purpose purpose) {
  const auto blocks = [&](SlotState state) {
    const Reason reason = reason_of(state);
    const bool passes = purpose == Purpose::transactional && reason == Reason::unsubscribe;
    return reason != Reason::none && !passes;
  };
  if (blocks(account)) return {static_cast<uint8_t>(account)};
  if (account == SlotState::exempt) return {};
  if (blocks(platform)) return {static_cast<uint8_t>(static_cast<uint8_t>(platform) | 16)};
  return {};
}

class ModelledSet {
 public:
  explicit ModelledSet(const SuppressionSet::Options& options) : set_(options), reader_(set_) {}

  void put(const Fingerprint& address, AccountNumber account, SlotState state) {
    const SlotState before = said(address, account);
    if (set_.get(address, account) != before) FAIL("get() differs from the model");
    if (set_.put(address, account, state) != before) FAIL("put() differs from the model");
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
      if (!(findings[i] == expected_finding(own, platform, purpose))) {
        FAIL("check() differs from the model at address " << i << " of " << addresses.size());
      }
    }
  }

  /// Count and digest, made anew from the model's entries.
  void check_totals() const {
    Digest digest;
    for (const auto& [key, state] : model_) {
      const auto& [high, low, account] = key;
      digest += entry_digest({high, low}, account, state);
    }
    REQUIRE(set_.entries() == model_.size());
    REQUIRE(set_.digest() == digest);
  }

  SlotState said(const Fingerprint& address, AccountNumber account) const {
    const auto found = model_.find(std::make_tuple(address.high, address.low, account));
    return found == model_.end() ? SlotState::absent : found->second;
  }
  SuppressionSet& set() { return set_; }

 private:
  SuppressionSet set_;
  SuppressionSet::Reader reader_;
  std::map<std::tuple<uint64_t, uint64_t, AccountNumber>, SlotState> model_;
};

inline std::vector<Fingerprint> random_addresses(std::mt19937_64& random, size_t count) {
  std::vector<Fingerprint> addresses(count);
  for (Fingerprint& address : addresses) address = {random(), random()};
  return addresses;
}

/// Any reason, an exemption, or (one in six) nothing.
inline SlotState random_state(std::mt19937_64& random) {
  const uint64_t number = random() % 12;
  if (number >= 10) return SlotState::absent;
  return number == 9 ? SlotState::exempt : static_cast<SlotState>(number);
}

}  // namespace suppressd
