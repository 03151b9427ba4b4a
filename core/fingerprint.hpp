// The hash by which an address is placed and recognized: XXH3 128-bit of the canonical text with a
// random secret of the data directory. The secret keeps outsiders from building collisions; the
// seeded XXH3 variants are not keyed for short inputs and must not be used here.
// The channel is mixed in after hashing. Thread safety: immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/address.hpp"

namespace suppressd {

/// 128 hash bits. `high` places the entry (shard, sub-range, line); `low` gives the tag.
struct Fingerprint {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Fingerprint&) const = default;
};

inline constexpr size_t fingerprint_secret_bytes = 192;

/// Where a canonical email lies in a block of text, and the place its fingerprint goes to.
struct EmailPiece {
  uint16_t begin;
  uint16_t size;
  uint32_t row;
};

class FingerprintKey {
 public:
  explicit FingerprintKey(std::span<const std::byte, fingerprint_secret_bytes> secret);
  Fingerprint operator()(const CanonicalAddress& address) const;

  // Many emails at once, all of sizes that XXH3 treats alike: no branch depends on one, so the CPU
  // works on several at a time. The same fingerprints as above.
  void emails_17_to_32(const char* text, std::span<const EmailPiece> emails,
                       Fingerprint* rows) const;
  void emails_33_to_64(const char* text, std::span<const EmailPiece> emails,
                       Fingerprint* rows) const;

 private:
  alignas(64) std::array<std::byte, fingerprint_secret_bytes> secret_;
};

}  // namespace suppressd
