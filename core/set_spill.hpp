// Where a shard keeps the entries that found no empty slot in any line of their sequence: a small
// open- addressing table, usually absent. It matters when thousands of accounts suppress the same
// address, whose entries all share one sequence of lines by design.
//
// A cell is 16 bytes: the slot word (its filter bits say "taken") and the range, which in a line is
// implied. Cells are never given to another key: a removed entry leaves its key with state 0
// behind, and the next rebuild drops it. Thread safety: find() and for_each() from any thread; the
// rest by the shard's writer. The range is stored before the word (release), so whoever sees the word (acquire)
// sees the range.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/set_layout.hpp"

namespace suppressd {

class Spill {
 public:
  /// Room for `entries` at a quarter full, so that it takes as many again before full().
  explicit Spill(size_t entries);

  /// The slot word of the key (its state may be absent), or nullptr.
  const std::atomic<uint64_t>* find(uint64_t range, uint64_t key) const;
  std::atomic<uint64_t>* find(uint64_t range, uint64_t key) {
    return const_cast<std::atomic<uint64_t>*>(static_cast<const Spill*>(this)->find(range, key));
  }
  bool full() const { return taken_ * 2 >= cells_.size(); }
  /// Preconditions: !full(), and the key is not in here.
  void add(uint64_t range, uint64_t key, SlotState state);
  size_t bytes() const { return cells_.size() * sizeof(Cell); }

  /// Calls `visit(range, key, state)` for every live entry. Any thread: whoever is not the writer
  /// sees each entry as of some moment of the call.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Cell& cell : cells_) {
      const uint64_t word = cell.word.load(std::memory_order_acquire);
      if (state_of(word) == SlotState::absent) continue;
      visit(cell.range.load(std::memory_order_relaxed), word & key_mask, state_of(word));
    }
  }

 private:
  struct Cell {
    std::atomic<uint64_t> word{0};
    std::atomic<uint64_t> range{0};
  };
  size_t begin(uint64_t range, uint64_t key) const;

  std::vector<Cell> cells_;
  size_t taken_ = 0;  // the writer's; removed entries count
};

}  // namespace suppressd
