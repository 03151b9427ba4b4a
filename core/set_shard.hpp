// The writer's side of one shard: puts entries into its lines, rebuilds the lines when they are too
// full, frees what no reader can see any more.
//
// Invariants
//  1. An entry is in exactly one place: a line of its sequence, or the spill.
//  2. Every line of the sequence before that place has the filter bit of the entry's placement set,
//     so a reader that follows set bits reaches it. Bits are cleared by a rebuild only.
//  3. An entry never moves within published lines. A rebuild writes new lines aside, then publishes
//     them in one store; the old ones stay as they are until the epochs free them.
// Errors: std::bad_alloc from put() and reserve() leaves everything as it was.
// Thread safety: one writer at a time; counters() from any thread, exact when no put is under way.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "core/digest.hpp"
#include "core/set_epoch.hpp"
#include "core/set_image.hpp"
#include "core/set_layout.hpp"
#include "core/set_memory.hpp"
#include "core/set_spill.hpp"

namespace suppressd {

/// A number with one writer and any readers: no read-modify-write needed.
class Counter {
 public:
  void add(uint64_t amount) { value_.store(value() + amount, std::memory_order_relaxed); }
  void subtract(uint64_t amount) { value_.store(value() - amount, std::memory_order_relaxed); }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Shard {
 public:
  /// `directory` is the word by which readers find this shard's lines. `phase` in [0, 1) staggers
  /// the load at which it grows against other shards', so that they do not all grow at the same
  /// time.
  Shard(Geometry geometry, uint32_t number, double phase, std::atomic<uint64_t>& directory,
        Epochs& epochs);

  SlotState put(const Fingerprint& address, AccountNumber account, SlotState state);
  SlotState get(const Fingerprint& address, AccountNumber account) const;
  void prefetch(const Fingerprint& address) const;
  /// Precondition: empty.
  void reserve(uint64_t entries);

  // As SuppressionSet declares them. An import is staged aside until it is finished.
  std::span<std::byte> begin_import(uint64_t range_lines);
  bool finish_import(const ShardImage& image);
  void clear();
  /// Odd while a put alters lines or the spill; see set_image.hpp.
  const std::atomic<uint64_t>& changes() const { return changes_; }

  struct Counters {
    Counter entries, moved, spilled, growths, lines, bytes, digest_high, digest_low;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Lines {
    LineMemory memory;
    std::unique_ptr<Spill> spill;  // its address is in the last line too, for the readers
    Table table;
    uint64_t filled = 0;   // entries in lines, moved ones with them
    uint64_t moved = 0;    // of these, the ones that are not in their home line
    uint64_t spilled = 0;  // entries in the spill
    uint64_t stale = 0;    // moved or spilled entries that were removed; their filter bits remain

    uint64_t entries() const { return filled + spilled; }
  };
  struct Retired {
    uint64_t epoch;
    LineMemory memory;
    std::unique_ptr<Spill> spill;
  };
  struct Found {
    std::atomic<uint64_t>* slot = nullptr;
    bool home = false;
    bool spilled = false;
  };
  class Change;
  Lines map_lines(uint64_t range_lines) const;
  Lines make_lines(uint64_t range_lines) const;
  uint64_t line_count(const Lines& lines) const {
    return geometry_.ranges() * lines.table.range_lines;
  }
  uint64_t filled_max(const Lines& lines) const;
  Found find(uint64_t place, uint64_t key) const;
  void insert(uint64_t place, uint64_t key, SlotState state);
  void erase(const Found& found);
  bool place_in_lines(Lines& lines, uint64_t place, uint64_t key, SlotState state) const;
  void spill(Lines& lines, uint64_t place, uint64_t key, SlotState state);
  bool crowded() const;
  uint64_t next_range_lines() const;
  void rebuild(uint64_t range_lines);
  void replace_lines(Lines fresh);
  void put_spilled(const ShardImage::Spilled& entry);
  void retire(LineMemory memory, std::unique_ptr<Spill> spill);
  void reclaim();
  void count(const Digest& before, const Digest& after);
  void count_bytes();

  const Geometry geometry_;
  const uint32_t number_;
  const uint64_t load_max_;  // entries per 1024 lines at which it grows
  std::atomic<uint64_t>& directory_;
  Epochs& epochs_;
  Lines lines_;
  Lines staged_;  // of an import under way
  std::atomic<uint64_t> changes_{0};
  uint64_t puts_since_reclaim_ = 0;
  std::vector<Retired> retired_;
  Counters counters_;
};

}  // namespace suppressd
