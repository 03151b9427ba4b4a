// The process-wide limit on bytes that requests hold in memory: read buffers, what exchanges keep
// of bodies, and answers not yet sent. Charged before a read buffer is allocated; past the limit a
// request is answered 503. Thread safety: any thread; one relaxed counter, touched a few times a
// request.
#pragma once

#include <atomic>
#include <cstdint>

namespace suppressd {

class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// False, and nothing charged, when it would pass the limit.
  [[nodiscard]] bool try_charge(uint64_t bytes) {
    const uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= bytes_max_) return true;
    release(bytes);
    return false;
  }
  void release(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t bytes_max_;
  std::atomic<uint64_t> used_{0};
};

/// One request's share; gives it back at the end of its life.
class ByteCharge {
 public:
  explicit ByteCharge(ByteBudget& budget) : budget_(budget) {}
  ~ByteCharge() { budget_.release(bytes_); }
  ByteCharge(const ByteCharge&) = delete;
  ByteCharge& operator=(const ByteCharge&) = delete;

  /// Grows or shrinks the share to `bytes`; false, and unchanged, when the budget has no room.
  [[nodiscard]] bool set(uint64_t bytes) {
    if (bytes > bytes_ && !budget_.try_charge(bytes - bytes_)) return false;
    if (bytes < bytes_) budget_.release(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }

 private:
  ByteBudget& budget_;
  uint64_t bytes_ = 0;
};

}  // namespace suppressd
