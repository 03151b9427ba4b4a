// Counters and their Prometheus text. Each I/O thread writes its own counters, relaxed and without
// sharing a cache line; /metrics sums them. No label ever holds an address, a key or an account.
#pragma once

#include <time.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace suppressd {

inline constexpr size_t webhook_kinds = 7;

/// What came by one provider's webhooks.
struct WebhookCounters {
  std::atomic<uint64_t> accepted{0}, ignored{0};  // events
  std::atomic<uint64_t> refused{0};               // deliveries
};

/// One thread's counters: written by that thread alone.
struct alignas(64) ThreadCounters {
  using Counter = std::atomic<uint64_t>;
  static void add(Counter& counter, uint64_t n = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  Counter connections_opened{0}, connections_closed{0}, connections_refused{0};
  Counter bytes_received{0}, bytes_sent{0};
  std::array<Counter, 6> responses{};  // by status class, [2] is 2xx
  Counter framing_errors{0}, deadlines_passed{0}, shed{0};
  Counter checks{0}, addresses_clear{0}, addresses_suppressed{0}, addresses_invalid{0};
  std::array<WebhookCounters, webhook_kinds> webhooks{};  // by WebhookProvider; [0]: one-click
  // Time from head read to last byte handed to the kernel; bucket i holds < 2^i microseconds.
  std::array<Counter, 32> request_microseconds{};
  // The thread's CPU clock, written once when it starts; -1: it has not.
  std::atomic<clockid_t> cpu_clock{-1};
};

class Metrics {
 public:
  /// A new thread's counters; they live as long as the Metrics. Any thread.
  ThreadCounters& add_thread();
  /// Sums a member over all threads, for rendering and tests.
  uint64_t sum(ThreadCounters::Counter ThreadCounters::*member) const;
  // Rendering (with store, set, committer gauges) is the /metrics route's business.

 private:
  friend class MetricsPage;
  mutable std::mutex mutex_;
  std::deque<ThreadCounters> threads_;
};

}  // namespace suppressd
