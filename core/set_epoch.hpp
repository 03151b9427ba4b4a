// When may old lines be freed? Each reader announces, in a cache line of its own, the epoch at
// which its batch began. The writer publishes new lines, then begins an epoch; what it replaced is
// free once every reader is idle or announced that epoch or a later one.
//
// Why this is safe: all accesses here and the readers' loads of the directory are seq_cst, so they
// have one order. Either the reader's announcement comes before the writer's look at it, and the
// writer waits; or it comes after, and then so does the reader's load of the directory, which sees
// the new lines.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace suppressd {

struct alignas(64) Epoch {
  static constexpr uint64_t idle = ~uint64_t{0};
  std::atomic<uint64_t> announced{idle};  // written by the reader that owns this line only
  std::atomic<bool> taken{false};
};

class Epochs {
 public:
  static constexpr size_t readers_max = 1024;

  /// A line for a new reader. Throws std::length_error past readers_max.
  Epoch& claim();
  void release(Epoch& epoch) { epoch.taken.store(false, std::memory_order_release); }

  void enter(Epoch& epoch) const { epoch.announced.store(now_.load()); }
  /// Release: what the reader read happened before the writer's sight of `idle`.
  static void leave(Epoch& epoch) { epoch.announced.store(Epoch::idle, std::memory_order_release); }

  /// To be called after publishing. What was replaced is free when oldest() reaches the result.
  uint64_t begin_next() { return now_.fetch_add(1) + 1; }
  /// The smallest epoch that any reader still is in; Epoch::idle when none is in a batch.
  uint64_t oldest() const;

 private:
  std::atomic<uint64_t> now_{0};
  std::atomic<size_t> claimed_{0};  // epochs_ past this were never taken
  std::array<Epoch, readers_max> epochs_;
};

}  // namespace suppressd
