// Several requests in flight, their results taken in order.
//
// The caller's thread reads jobs and finishes them, strictly in the order they were read; threads
// of the pool, each with its own connection, do the work between. At most `depth` jobs exist at a
// time, which bounds memory. The first error, in order, ends everything: jobs before it were
// finished, it and those after it never are.
#pragma once

#include <algorithm>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/suppressctl/http_client.hpp"
#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

class RequestPool {
 public:
  using Task = std::function<void(Connection&)>;

  RequestPool(const Settings& settings, unsigned connections);
  /// Drops tasks not begun, waits for those under way.
  ~RequestPool();
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  std::future<void> submit(Task task);
  /// For tasks: sleeps; false as soon as the pool is being destroyed.
  bool pause(std::chrono::milliseconds time);

 private:
  void work();

  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable task_added_;
  std::condition_variable stopped_;
  std::deque<std::packaged_task<void(Connection&)>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

/// read(Job&) → false at the end; work(Job&, Connection&, RequestPool&) on the pool's threads;
/// finish(Job&) in order. An error of read() counts as standing behind the jobs read before it.
/// Beside the jobs that the connections work on, one for each is ready, or `ready_max`.
template <typename Job, typename Read, typename Work, typename Finish>
void run_in_order(const Settings& settings, unsigned connections, Read read, Work work,
                  Finish finish, unsigned ready_max = UINT_MAX) {
  struct Pending {
    std::shared_ptr<Job> job;  // shared with its task, which an error may leave under way
    std::future<void> worked;
  };
  const size_t depth = size_t{connections} + std::min(connections, ready_max);
  std::deque<Pending> pending;
  std::exception_ptr read_error;
  RequestPool pool(settings, connections);  // the last to be made: its threads end first
  const auto read_one = [&] {
    auto job = std::make_shared<Job>();
    try {
      if (!read(*job)) return false;
    } catch (...) {
      read_error = std::current_exception();
      return false;
    }
    pending.push_back(
        {job, pool.submit([job, &work, &pool](Connection& c) { work(*job, c, pool); })});
    return true;
  };
  for (bool more = true; more || !pending.empty();) {
    while (more && pending.size() < depth) more = read_one();
    if (pending.empty()) break;
    pending.front().worked.get();
    finish(*pending.front().job);
    pending.pop_front();
  }
  if (read_error) std::rethrow_exception(read_error);
}

}  // namespace suppressctl
