// The one writer: a thread that takes queued changes, groups them, commits them to the store as one
// synced batch, applies them to the set in the same order, then completes the waiting requests.
// Order on disk equals order in memory without a lock. Store and set meet only here.
//
// Promises: durable before visible, visible before acknowledged (a completion runs after both).
// After the first storage error nothing is acknowledged until a restart. Thread safety: submit()
// from any thread. Completions run on the committer's thread: they only hand the outcome over and
// return.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "core/suppression_set.hpp"
#include "persistence/store.hpp"

namespace suppressd {

class BulkRun;

inline constexpr size_t commit_queue_rows_max = 200'000;  // rows waiting; past it submit() refuses
inline constexpr size_t commit_group_rows_max = 20'000;   // rows in one synced batch

class Committer {
 public:
  using Completion = std::function<void(const Outcome&)>;

  /// `on_commit` runs on the committer's thread after each group is visible, before its
  /// completions, with the changes that were committed (the server refreshes accounts and keys from
  /// it).
  Committer(Store& store, SuppressionSet& set,
            std::function<void(std::span<const Change>, std::span<const Outcome>)> on_commit);
  /// Finishes what is queued, then stops.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// False when the queue is full (answer 503 with Retry-After); then `change` is left as it was,
  /// so that a stream can try again, and `done` is never called.
  [[nodiscard]] bool submit(Change&& change, Completion done);

  /// Stores a run (persistence/bulk_run.hpp), prepared beside the committer's thread. Runs and
  /// changes take effect in the order in which they reach the committer. False when as many runs
  /// are under way as may be; then `run` is left as it was.
  [[nodiscard]] bool submit(std::unique_ptr<BulkRun>&& run, Completion done);

  /// The last sequence that checks can see. Any thread.
  uint64_t visible_sequence() const;
  /// Runs `wake` once the visible sequence is at least `sequence` (at once if it already is).
  /// Returns a ticket for forget().
  uint64_t when_visible(uint64_t sequence, std::function<void()> wake);
  void forget(uint64_t ticket);

  size_t queued_rows() const;
  bool healthy() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
