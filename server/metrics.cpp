#include "server/metrics.hpp"

namespace suppressd {

ThreadCounters& Metrics::add_thread() {
  const std::lock_guard lock(mutex_);
  return threads_.emplace_back();
}

uint64_t Metrics::sum(ThreadCounters::Counter ThreadCounters::*member) const {
  const std::lock_guard lock(mutex_);
  uint64_t total = 0;
  for (const ThreadCounters& thread : threads_) {
    total += (thread.*member).load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace suppressd
