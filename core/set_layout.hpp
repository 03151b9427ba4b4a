// The bits of the suppression set: slot, line, where an entry lies and where it may move to.
// Shared by the writer (set_shard) and the readers' kernels; suppression_set.hpp draws the picture
// and does the arithmetic. Plain functions of bits, no state.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/fingerprint.hpp"
#include "core/types.hpp"

namespace suppressd {

/// Raised whenever slot bits, line order or probe sequence change; an image carries it.
inline constexpr uint32_t set_layout_version = 2;

// ---- A slot: | placement 16 | tag 40 | filter 4 | state 4 |, state 0 = empty ----

inline constexpr unsigned state_bits = 4;
inline constexpr unsigned filter_bits = 4;
inline constexpr unsigned placement_bits = 16;
inline constexpr unsigned tag_bits = 40;
static_assert(state_bits + filter_bits + placement_bits + tag_bits == 64);

inline constexpr unsigned key_shift = state_bits + filter_bits;
inline constexpr unsigned tag_shift = key_shift;
inline constexpr unsigned placement_shift = tag_shift + tag_bits;
inline constexpr uint64_t state_mask = (uint64_t{1} << state_bits) - 1;
inline constexpr uint64_t filter_mask = ((uint64_t{1} << filter_bits) - 1) << state_bits;
inline constexpr uint64_t placement_mask = (uint64_t{1} << placement_bits) - 1;
inline constexpr uint64_t key_mask = ~uint64_t{0} << key_shift;  // placement and tag
inline constexpr uint64_t tag_mask = key_mask >> placement_bits& key_mask;

/// The part of the tag that the account changes: as wide as an AccountNumber. What lies above it
/// tells whether an address can have an entry in a line at all, whatever its account.
inline constexpr unsigned salt_bits = 32;
inline constexpr uint64_t address_mask = ~uint64_t{0} << (tag_shift + salt_bits);

inline constexpr size_t slots_per_line = 8;
/// Lines that an entry may lie in before it goes to the spill.
inline constexpr uint64_t probe_lines_max = 8;
/// Lines of a range. Placement bits tell no more lines apart.
inline constexpr uint64_t range_lines_max = uint64_t{1} << placement_bits;

/// Slots are written by the one writer of the shard (release) and read by anyone (acquire).
struct alignas(64) Line {
  std::array<std::atomic<uint64_t>, slots_per_line> slots;
};
static_assert(sizeof(Line) == 64);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

constexpr SlotState state_of(uint64_t slot) {
  return static_cast<SlotState>(slot & state_mask);
}

/// The slot's state if it holds the key, else zero. Arithmetic, so that no compiler makes a branch
/// of it that a random mix of hits and misses would mispredict.
constexpr uint64_t state_if_key(uint64_t slot, uint64_t key) {
  const uint64_t same = (slot ^ key) >> key_shift == 0 ? 1 : 0;
  return slot & state_mask & (0 - same);
}

// ---- The line's filter: bit f says "an entry whose placement ends in f went on" ----

/// Which of the line's 32 filter bits: its slot, then the bit in the slot.
struct FilterBit {
  size_t slot;
  unsigned shift;
};
constexpr FilterBit filter_bit(uint64_t key) {
  const uint64_t index = key >> placement_shift;
  return {(index / filter_bits) % slots_per_line,
          state_bits + static_cast<unsigned>(index % filter_bits)};
}

inline uint64_t went_on(const Line& line, uint64_t key) {
  const FilterBit bit = filter_bit(key);
  return (line.slots[bit.slot].load(std::memory_order_acquire) >> bit.shift) & 1;
}

/// What the account adds to a tag. Injective (an odd factor modulo 2^32), so that one address's
/// entries of different accounts never share a tag. Zero for the platform.
constexpr uint64_t account_salt(AccountNumber account) {
  return uint64_t{static_cast<uint32_t>(account * 0x4f6cdd1du)} << tag_shift;
}

// ---- From a fingerprint to a place ----

/// How `high` is cut: shard | range | placement, from the top.
struct Geometry {
  unsigned shard_bits = 0;
  unsigned range_bits = 0;

  uint64_t shard(const Fingerprint& address) const {
    return (address.high >> 1) >> (63 - shard_bits);  // two shifts: shard_bits may be zero
  }
  /// Range and placement as one number, the only thing of `high` that a line position depends on.
  uint64_t place(const Fingerprint& address) const {
    return (address.high << shard_bits) >> (64 - range_bits - placement_bits);
  }
  uint64_t ranges() const { return uint64_t{1} << range_bits; }
};

/// The bits of `high` above the placement that shards and ranges cut out in the default geometry.
/// Exactness counts on them, and digests and images on their being exactly these.
inline constexpr unsigned shard_and_range_bits = 16;

/// The 56 bits by which a slot recognizes an address's platform entry; xor account_salt for an
/// account's.
inline uint64_t platform_key(const Fingerprint& address, uint64_t place) {
  return (address.low & tag_mask) | (place << placement_shift);
}

/// Where an entry that was read back from a slot belongs.
constexpr uint64_t place_of(uint64_t range, uint64_t slot) {
  return range << placement_bits | slot >> placement_shift;
}

// ---- A shard's lines, as one word of the directory ----

/// Lines of one shard: ranges() * range_lines of them, and one more whose first slot holds the
/// address of the spill (0 when there is none). Packed into one word, so that readers get both
/// parts in one load: the lines are aligned so far that range_lines fits below their address.
struct Table {
  Line* lines = nullptr;
  uint64_t range_lines = 0;

  static constexpr uint64_t alignment = 2 * range_lines_max;

  static Table unpack(uint64_t word) {
    return {reinterpret_cast<Line*>(word & ~(alignment - 1)), word & (alignment - 1)};
  }
  uint64_t pack() const { return reinterpret_cast<uintptr_t>(lines) | range_lines; }
  /// range * range_lines + placement * range_lines / 2^16, in one multiplication.
  Line& home(uint64_t place) const { return lines[(place * range_lines) >> placement_bits]; }
};

/// The lines an entry may lie in, in order: home, then steps through its range. It depends on the
/// place only, so every account's entry of an address has the same sequence.
class Probe {
 public:
  Probe(const Table& table, uint64_t place)
      : range_(table.lines + (place >> placement_bits) * table.range_lines),
        range_lines_(table.range_lines),
        at_(((place & placement_mask) * range_lines_) >> placement_bits),
        step_(1 + ((scattered(place) * (range_lines_ - 1)) >> placement_bits)) {}

  Line& line() const { return range_[at_]; }
  void next() {
    at_ += step_;
    at_ -= at_ >= range_lines_ ? range_lines_ : 0;
  }
  static uint64_t length(const Table& table) {
    return table.range_lines < probe_lines_max ? table.range_lines : probe_lines_max;
  }

 private:
  static uint64_t scattered(uint64_t place) { return (place * 0x9e35) & placement_mask; }

  Line* range_;
  uint64_t range_lines_;
  uint64_t at_;
  uint64_t step_;
};

}  // namespace suppressd
