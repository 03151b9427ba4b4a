#include "server/committer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "server/run_builder.hpp"

namespace suppressd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds gather_time_max{500};

/// How much work, and memory, a change is.
size_t rows_of(const Change& change) {
  const auto rows = [](const auto& what) -> size_t {
    if constexpr (requires { what.rows.size(); }) {
      return what.rows.size();
    } else if constexpr (requires { what.ids.size(); }) {
      return what.ids.size();
    } else if constexpr (requires { what.targets.size(); }) {
      return what.targets.size();
    } else {
      return 1;
    }
  };
  return std::max<size_t>(std::visit(rows, change.what), 1);
}

struct Group {
  std::vector<Change> changes;
  std::vector<Committer::Completion> completions;
  size_t rows = 0;
  std::unique_ptr<PreparedRun> run;  // then it is the whole group

  void clear() {
    run.reset();
    changes.clear();
    completions.clear();
    rows = 0;
  }
};

}  // namespace

struct Committer::Impl {
  struct Queued {
    Change change;
    Completion done;
    size_t rows;
    std::unique_ptr<PreparedRun> run;  // instead of a change
  };
  struct Waiter {
    uint64_t sequence;
    std::function<void()> wake;
  };

  Impl(Store& the_store, SuppressionSet& the_set,
       std::function<void(std::span<const Change>, std::span<const Outcome>)> on_commit_call)
      : store(the_store),
        set(the_set),
        on_commit(std::move(on_commit_call)),
        visible(store.sequence()),
        thread([this] { run(); }),
        builder(std::make_unique<RunBuilder>(store, set, ways())) {}

  ~Impl() {
    builder->stop();  // it may wait for what is queued
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_one();
    thread.join();
  }

  void run() {
    Group group;
    while (take(group)) {
      if (group.run) {
        commit_run(group);
      } else {
        commit(group);
      }
    }
  }

  /// Whoever was just answered mostly asks again at once. Callers that come back within a small part
  /// of what a commit takes share the next one, instead of waiting for it to end: with 64 callers of
  /// single adds that is the difference between a full group a sync and half of one.
  void wait_for_the_answered(std::unique_lock<std::mutex>& lock) {
    if (answered < 2 || queue.front().run) return;
    const auto until = answered_at + std::min<Clock::duration>(commit_took / 8, gather_time_max);
    awaited = answered;
    work.wait_until(lock, until, [this] { return stopping || queue.size() >= awaited; });
    awaited = 0;
  }

  /// Waits for work and moves a group of it out of the queue; false when there will be none.
  bool take(Group& group) {
    group.clear();
    std::unique_lock lock(mutex);
    work.wait(lock, [this] { return stopping || !queue.empty(); });
    if (!queue.empty()) wait_for_the_answered(lock);
    if (!queue.empty() && queue.front().run) {
      group.run = std::move(queue.front().run);
      group.completions.push_back(std::move(queue.front().done));
      queue.pop_front();
      return true;
    }
    while (!queue.empty() && !queue.front().run &&
           (group.rows == 0 || group.rows + queue.front().rows <= commit_group_rows_max)) {
      Queued& next = queue.front();
      group.rows += next.rows;
      group.changes.push_back(std::move(next.change));
      group.completions.push_back(std::move(next.done));
      queue.pop_front();
    }
    rows_queued -= group.rows;
    return group.rows != 0;
  }

  void commit(Group& group) {
    const auto began = Clock::now();
    outcomes.assign(group.changes.size(), Outcome{});
    updates.clear();
    store.commit(group.changes, outcomes, set, updates);
    finish(outcomes, group);
    answered = group.changes.size();
    answered_at = Clock::now();
    commit_took = answered_at - began;
  }

  void commit_run(Group& group) {
    Outcome outcome;
    updates.clear();
    if (!store.commit(*group.run, set, outcome, updates)) {
      builder->store_in_changes(std::move(group.run->run), std::move(group.completions.front()));
      return;
    }
    if (outcome.status == Outcome::Status::committed) {
      group.run->for_each_alone([this](const Fingerprint& address, AccountNumber scope,
                                       SlotState state) { set.put(address, scope, state); },
                                [this](const Fingerprint& address) { set.prefetch(address); });
    }
    finish(std::span(&outcome, 1), group);
    builder->dispose(std::move(group.run));
  }

  /// Tells the set, then everybody who waits.
  void finish(std::span<const Outcome> outcomes_made, Group& group) {
    for (const SetUpdate& update : updates) set.put(update.address, update.account, update.state);
    for (const Outcome& outcome : outcomes_made) {
      if (outcome.status == Outcome::Status::unknown ||
          outcome.status == Outcome::Status::refused) {
        healthy.store(false, std::memory_order_release);
      }
    }
    if (on_commit) on_commit(group.changes, outcomes_made);
    std::vector<std::function<void()>> woken = show(store.sequence());
    for (size_t i = 0; i < outcomes_made.size(); ++i) group.completions[i](outcomes_made[i]);
    for (const std::function<void()>& wake : woken) wake();
  }

  RunBuilder::Ways ways() {
    return {[this](std::unique_ptr<PreparedRun> prepared, Completion done) {
              push({Change(), std::move(done), 0, std::move(prepared)});
            },
            [this](Change&& change, Completion done) {
              return submit(std::move(change), std::move(done));
            }};
  }

  void push(Queued queued) {
    std::unique_lock lock(mutex);
    enqueue(std::move(queued), lock);
  }

  /// Wakes the committer when it has something to do: not for each of those that it waits for.
  void enqueue(Queued queued, std::unique_lock<std::mutex>& lock) {
    rows_queued += queued.rows;
    queue.push_back(std::move(queued));
    const bool wake = queue.size() == 1 || queue.size() >= awaited;
    lock.unlock();
    if (wake) work.notify_one();
  }

  bool submit(Change&& change, Completion done) {
    const size_t rows = rows_of(change);
    std::unique_lock lock(mutex);
    // A change larger than the whole queue is still taken when nothing waits.
    if (rows_queued != 0 && rows_queued + rows > commit_queue_rows_max) return false;
    enqueue({std::move(change), std::move(done), rows, nullptr}, lock);
    return true;
  }

  /// Raises the visible sequence; returns the calls that waited for it.
  std::vector<std::function<void()>> show(uint64_t sequence) {
    visible.store(sequence, std::memory_order_release);
    std::vector<std::function<void()>> woken;
    std::lock_guard lock(waiters_mutex);
    for (auto at = waiters.begin(); at != waiters.end();) {
      if (at->second.sequence > sequence) {
        ++at;
        continue;
      }
      woken.push_back(std::move(at->second.wake));
      at = waiters.erase(at);
    }
    return woken;
  }

  Store& store;
  SuppressionSet& set;
  const std::function<void(std::span<const Change>, std::span<const Outcome>)> on_commit;
  std::atomic<uint64_t> visible;    // written by the committer's thread
  std::atomic<bool> healthy{true};  // written by the committer's thread
  std::vector<Outcome> outcomes;    // the committer's thread
  std::vector<SetUpdate> updates;   // the committer's thread
  // Of the last group of changes; the committer's thread.
  size_t answered = 0;
  Clock::time_point answered_at;
  Clock::duration commit_took{};

  std::mutex mutex;  // guards the five below
  std::condition_variable work;
  std::deque<Queued> queue;
  size_t rows_queued = 0;
  bool stopping = false;
  size_t awaited = 0;  // so many in the queue end the committer's wait for more

  std::mutex waiters_mutex;  // guards the two below; visible is raised before it is taken
  std::map<uint64_t, Waiter> waiters;
  uint64_t last_ticket = 0;

  std::thread thread;  // it uses all of the above
  std::unique_ptr<RunBuilder> builder;
};

Committer::Committer(
    Store& store, SuppressionSet& set,
    std::function<void(std::span<const Change>, std::span<const Outcome>)> on_commit)
    : impl_(std::make_unique<Impl>(store, set, std::move(on_commit))) {}
Committer::~Committer() = default;

bool Committer::submit(Change&& change, Completion done) {
  return impl_->submit(std::move(change), std::move(done));
}

bool Committer::submit(std::unique_ptr<BulkRun>&& run, Completion done) {
  return impl_->builder->submit(std::move(run), std::move(done));
}

uint64_t Committer::visible_sequence() const {
  return impl_->visible.load(std::memory_order_acquire);
}

uint64_t Committer::when_visible(uint64_t sequence, std::function<void()> wake) {
  {
    std::lock_guard lock(impl_->waiters_mutex);
    uint64_t ticket = ++impl_->last_ticket;
    if (visible_sequence() < sequence) {
      impl_->waiters.emplace(ticket, Impl::Waiter{sequence, std::move(wake)});
      return ticket;
    }
  }
  wake();
  return 0;
}

void Committer::forget(uint64_t ticket) {
  std::lock_guard lock(impl_->waiters_mutex);
  impl_->waiters.erase(ticket);
}

size_t Committer::queued_rows() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->rows_queued;
}

bool Committer::healthy() const {
  return impl_->healthy.load(std::memory_order_acquire);
}

}  // namespace suppressd
