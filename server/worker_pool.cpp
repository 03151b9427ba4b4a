#include "server/worker_pool.hpp"

namespace suppressd {

WorkerPool::WorkerPool(unsigned threads, size_t queue_tasks_max)
    : queue_tasks_max_(queue_tasks_max) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    timers_.clear();
    tickets_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_tasks_max_) return false;
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

uint64_t WorkerPool::run_after(std::chrono::milliseconds delay, Task task) {
  uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++last_ticket_;
    const Due due{Clock::now() + delay, ticket};
    timers_.emplace(due, std::move(task));
    tickets_.emplace(ticket, due.first);
  }
  changed_.notify_one();
  return ticket;
}

void WorkerPool::forget(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return;
  timers_.erase({found->second, ticket});
  tickets_.erase(found);
}

size_t WorkerPool::queued_tasks() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void WorkerPool::work() {
  while (Task task = next_task()) task();
}

WorkerPool::Task WorkerPool::next_task() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // Timers first: they are short, and a long queue must not make them late.
    const auto timer = timers_.begin();
    if (timer != timers_.end() && timer->first.first <= Clock::now()) {
      Task task = std::move(timer->second);
      tickets_.erase(timer->first.second);
      timers_.erase(timer);
      return task;
    }
    if (!queue_.empty()) {
      Task task = std::move(queue_.front());
      queue_.pop_front();
      return task;
    }
    if (stopping_) return {};
    if (timer == timers_.end()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, Clock::time_point(timer->first.first));
    }
  }
}

}  // namespace suppressd
