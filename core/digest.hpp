// The additive 128-bit digest of a set's content: the sum, modulo 2^128, of one hash per entry.
// Adding and removing commute, so the store (over its records), the loader (over what it read) and
// the set (over what it holds) reach the same number in any order. A lost, doubled or altered entry
// changes it except with probability 2^-128 per accident; it is no defence against somebody who can
// write the store. The mix is frozen: it is stored in `meta`.
#pragma once

#include <cstdint>

#include "core/fingerprint.hpp"

namespace suppressd {

struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const Digest&) const = default;
  Digest& operator+=(const Digest& other);
  Digest& operator-=(const Digest& other);
};

/// The hash of one entry: address, account and what the set says of it. Zero for SlotState::absent.
Digest entry_digest(const Fingerprint& address, AccountNumber account, SlotState state);

}  // namespace suppressd
