// A transfer's deadline as a minimum rate: in every window of time that was spent waiting for the
// other side, at least so many bytes must have moved. Time in which we held the transfer back
// does not count. So a body of n bytes is allowed at most (n / bytes_min + 1) windows in all,
// however it trickles. Thread safety: one thread's.
#pragma once

#include <chrono>
#include <cstdint>

namespace suppressd {

class RateWindow {
 public:
  using Clock = std::chrono::steady_clock;

  /// The other side is waited for from now on.
  void start(Clock::time_point now) {
    if (!running_) since_ = now;
    running_ = true;
  }
  /// We hold the transfer back from now on.
  void pause(Clock::time_point now) {
    if (running_) waited_ += now - since_;
    running_ = false;
  }
  void moved(uint64_t bytes) { bytes_ += bytes; }
  void reset() { *this = RateWindow(); }

  /// True when a whole window has passed with less than `bytes_min`; opens the next window when one
  /// has passed with enough.
  bool too_slow(Clock::time_point now, Clock::duration window, uint64_t bytes_min) {
    const Clock::duration waited = waited_ + (running_ ? now - since_ : Clock::duration::zero());
    if (waited < window) return false;
    if (bytes_ < bytes_min) return true;
    waited_ = Clock::duration::zero();
    since_ = now;
    bytes_ = 0;
    return false;
  }

 private:
  bool running_ = false;
  Clock::time_point since_{};
  Clock::duration waited_{};
  uint64_t bytes_ = 0;
};

}  // namespace suppressd
