// Runs the jobs of all accounts beside everything else. A thread takes one part of each running job
// in turn, so that a huge job does not starve a small one, and reads the next part while the one
// before it is being committed. Parts are small and the threads have the lowest priority, so checks
// and interactive changes go first.
//
// A part and the job's place after it are one commit (JobStep), so the process may end anywhere:
// jobs go on at the next start where they were. A part of a job that was paused or cancelled
// meanwhile is refused by the committer, and the job leaves the rotation; whatever makes a job
// running rings the bell, and the running ones are looked up. After a storage error nothing goes on
// until a restart.
//
// Thread safety: start and stop from one thread at a time; the bell from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "persistence/store.hpp"
#include "server/job_work.hpp"

namespace suppressd {

class Committer;

/// Stands between the committer, which is there first, and the runner that works through it.
class JobBell {
 public:
  /// On the committer's thread, after each commit.
  void notice(std::span<const Change> changes, std::span<const Outcome> outcomes);
  /// Empty: nobody hears it any more, not even a ring under way once this returns.
  void connect(std::function<void()> ring);

 private:
  std::mutex mutex_;  // guards the one below, and is held while it is called
  std::function<void()> ring_;
};

class JobRunner {
 public:
  JobRunner(const Store& store, const ImportFiles& files, Committer& committer, JobBell& bell,
            unsigned threads);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  /// Goes on with all jobs that are running. Precondition: the set is loaded.
  void start();
  /// Finishes the parts under way and leaves the jobs as they are. Also done by the destructor.
  void stop();

 private:
  using Name = std::pair<AccountNumber, JobId>;
  /// A job in the rotation, with its next part once that was read.
  struct Turn {
    Name name;
    std::unique_ptr<JobWork> work;
    std::optional<Change> next;
  };

  void run();
  /// Blocks; nullopt means stop.
  std::optional<Turn> take();
  void give_back(Turn turn);
  void leave(const Name& name);
  void look_up();
  /// One part; false when the job leaves the rotation.
  bool go_on(Turn& turn);
  bool begin(Turn& turn);
  bool settle(Turn& turn, const Outcome& outcome, bool finished);
  /// What became of the change; nullopt when it was not submitted, because of a stop. `meanwhile`
  /// runs once it is queued.
  std::optional<Outcome> commit(Change change, const std::function<void()>& meanwhile);
  void stand_still();

  const Store& store_;
  const ImportFiles& files_;
  Committer& committer_;
  JobBell& bell_;
  const unsigned thread_count_;

  std::mutex mutex_;  // guards the next four
  std::condition_variable changed_;
  std::deque<Turn> rotation_;
  std::set<Name> held_;  // in the rotation, or taken out of it for a part
  bool rung_ = false;
  std::atomic<bool> stopping_{false};  // set under the mutex; also when the storage failed

  std::vector<std::thread> threads_;
};

}  // namespace suppressd
