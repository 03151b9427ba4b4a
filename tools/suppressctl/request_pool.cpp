#include "tools/suppressctl/request_pool.hpp"

namespace suppressctl {

RequestPool::RequestPool(const Settings& settings, unsigned connections) : settings_(settings) {
  parse_endpoint(settings.server);  // a wrong address is the caller's to hear, not a thread's
  threads_.reserve(connections);
  for (unsigned i = 0; i < connections; ++i) threads_.emplace_back([this] { work(); });
}

RequestPool::~RequestPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
  }
  task_added_.notify_all();
  stopped_.notify_all();
  for (auto& thread : threads_) thread.join();
}

std::future<void> RequestPool::submit(Task task) {
  std::packaged_task<void(Connection&)> packaged(std::move(task));
  auto future = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(packaged));
  }
  task_added_.notify_one();
  return future;
}

bool RequestPool::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, time, [this] { return stopping_; });
}

void RequestPool::work() {
  Connection connection(parse_endpoint(settings_.server), settings_.timeout);
  while (true) {
    std::packaged_task<void(Connection&)> task;
    {
      std::unique_lock lock(mutex_);
      task_added_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(connection);
  }
}

}  // namespace suppressctl
