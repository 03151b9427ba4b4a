// The additive 128-bit digest of a set's content: the sum, modulo 2^128, of one hash per entry.
// Adding and removing commute, so the store (over its records), the loader (over what it read), the
// set (over what it holds) and an image (over the lines it copied) reach the same number in any
// order. A lost, doubled or altered entry changes it except with probability 2^-128 per accident;
// it is no defence against somebody who can write the store.
//
// An entry is hashed by what the set keeps of it: the 32 bits of its place (shard, range and
// placement, the top of `high`), the 40 bits of its tag with the account's salt in it, its state.
// So the digest of lines can be computed without their addresses. The mixes are frozen: their sums
// are stored in `meta` and in images.
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

/// Says which function below a stored sum was made with.
inline constexpr uint32_t digest_version = 2;

/// The hash of one entry: address, account and what the set says of it. Zero for SlotState::absent.
Digest entry_digest(const Fingerprint& address, AccountNumber account, SlotState state);

/// The same from a slot word (set_layout.hpp) and the 16 bits of place that its line implies: shard
/// and range of the default geometry as one number.
Digest slot_digest(uint32_t shard_and_range, uint64_t slot);

/// How version 1 hashed an entry: over the whole fingerprint. Only to prove a directory that was
/// written before version 2, once, when it is upgraded.
Digest entry_digest_of_version_1(const Fingerprint& address, AccountNumber account,
                                 SlotState state);

}  // namespace suppressd
