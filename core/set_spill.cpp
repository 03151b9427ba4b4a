#include "core/set_spill.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace suppressd {
namespace {

constexpr size_t cells_min = 64;
constexpr uint64_t taken_mark = uint64_t{1} << state_bits;
static_assert((taken_mark & ~filter_mask) == 0);

}  // namespace

Spill::Spill(size_t entries) : cells_(std::bit_ceil(std::max(cells_min, entries * 4))) {}

size_t Spill::begin(uint64_t range, uint64_t key) const {
  // One address's keys differ in the tag only, which sits in the high bits: fold them down.
  uint64_t hash = (key ^ (range * 0x9e3779b97f4a7c15)) * 0xd6e8feb86659fd93;
  hash ^= hash >> 32;
  return static_cast<size_t>(hash) & (cells_.size() - 1);
}

const std::atomic<uint64_t>* Spill::find(uint64_t range, uint64_t key) const {
  for (size_t i = begin(range, key);; i = (i + 1) & (cells_.size() - 1)) {
    const uint64_t word = cells_[i].word.load(std::memory_order_acquire);
    if (word == 0) return nullptr;  // never full, so there is always an end
    if ((word & key_mask) == key && cells_[i].range.load(std::memory_order_relaxed) == range) {
      return &cells_[i].word;
    }
  }
}

void Spill::add(uint64_t range, uint64_t key, SlotState state) {
  assert(!full());
  size_t i = begin(range, key);
  while (cells_[i].word.load(std::memory_order_relaxed) != 0) i = (i + 1) & (cells_.size() - 1);
  cells_[i].range.store(range, std::memory_order_relaxed);
  cells_[i].word.store(key | taken_mark | static_cast<uint64_t>(state), std::memory_order_release);
  ++taken_;
}

}  // namespace suppressd
