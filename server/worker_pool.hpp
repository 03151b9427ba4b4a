// A few threads for work that may block: reads of the store. Also the server's timers, since a
// waiting thread can as well wait until a time.
//
// Thread safety: every member from any thread. Tasks must not throw; they hold what they need
// themselves, because the exchange that asked may be gone when they run.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace suppressd {

inline constexpr size_t pool_queue_tasks_max = 4096;  // past it run() refuses

class WorkerPool {
 public:
  using Task = std::function<void()>;
  using Clock = std::chrono::steady_clock;

  explicit WorkerPool(unsigned threads, size_t queue_tasks_max = pool_queue_tasks_max);
  /// Runs what is queued, forgets the timers, then stops.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full (answer 503 with Retry-After); then the task never runs.
  [[nodiscard]] bool run(Task task);
  /// Runs the task once the delay is over, whatever the queue's length. Returns a ticket for
  /// forget().
  uint64_t run_after(std::chrono::milliseconds delay, Task task);
  /// The timer's task will not start after this; it may just be running.
  void forget(uint64_t ticket);

  size_t queued_tasks() const;

 private:
  using Due = std::pair<Clock::time_point, uint64_t>;  // when, ticket

  void work();
  Task next_task();  // blocks; an empty one means stop

  const size_t queue_tasks_max_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Task> queue_;
  std::map<Due, Task> timers_;
  std::map<uint64_t, Clock::time_point> tickets_;
  uint64_t last_ticket_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace suppressd
