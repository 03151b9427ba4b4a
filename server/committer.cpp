#include "server/committer.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace suppressd {
namespace {

size_t rows_of(const Change& change) {
  auto* add = std::get_if<AddSuppressions>(&change.what);
  return add != nullptr ? std::max<size_t>(add->rows.size(), 1) : 1;
}

struct Group {
  std::vector<Change> changes;
  std::vector<Committer::Completion> completions;
  size_t rows = 0;

  void clear() {
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
        thread([this] { run(); }) {}

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_one();
    thread.join();
  }

  void run() {
    Group group;
    while (take(group)) commit(group);
  }

  /// Waits for work and moves a group of it out of the queue; false when there will be none.
  bool take(Group& group) {
    group.clear();
    std::unique_lock lock(mutex);
    work.wait(lock, [this] { return stopping || !queue.empty(); });
    while (!queue.empty() &&
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
    outcomes.assign(group.changes.size(), Outcome{});
    updates.clear();
    store.commit(group.changes, outcomes, set, updates);
    for (const SetUpdate& update : updates) set.put(update.address, update.account, update.state);
    for (const Outcome& outcome : outcomes) {
      if (outcome.status == Outcome::Status::unknown ||
          outcome.status == Outcome::Status::refused) {
        healthy.store(false, std::memory_order_release);
      }
    }
    if (on_commit) on_commit(group.changes, outcomes);
    std::vector<std::function<void()>> woken = show(store.sequence());
    for (size_t i = 0; i < outcomes.size(); ++i) group.completions[i](outcomes[i]);
    for (const std::function<void()>& wake : woken) wake();
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

  std::mutex mutex;  // guards the four below
  std::condition_variable work;
  std::deque<Queued> queue;
  size_t rows_queued = 0;
  bool stopping = false;

  std::mutex waiters_mutex;  // guards the two below; visible is raised before it is taken
  std::map<uint64_t, Waiter> waiters;
  uint64_t last_ticket = 0;

  std::thread thread;  // last: it uses all of the above
};

Committer::Committer(
    Store& store, SuppressionSet& set,
    std::function<void(std::span<const Change>, std::span<const Outcome>)> on_commit)
    : impl_(std::make_unique<Impl>(store, set, std::move(on_commit))) {}
Committer::~Committer() = default;

bool Committer::submit(Change&& change, Completion done) {
  size_t rows = rows_of(change);
  {
    std::lock_guard lock(impl_->mutex);
    // A change larger than the whole queue is still taken when nothing waits.
    if (impl_->rows_queued != 0 && impl_->rows_queued + rows > commit_queue_rows_max) return false;
    impl_->rows_queued += rows;
    impl_->queue.push_back({std::move(change), std::move(done), rows});
  }
  impl_->work.notify_one();
  return true;
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
