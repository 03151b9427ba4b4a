// Prepares runs for the committer on threads of its own: fingerprints, repetitions, sorting, the
// sorted file. A run of which too much is known already (an import that is repeated) is stored in
// changes instead, through the committer's queue.
//
//   submit → queue → prepare → committer → done
//                  ↘ changes, one after another → committer ↗
//
// Bounds: runs_in_flight_max runs from submit() to done; and a run waits while more sorted files
// than run_files_max lie unmerged, so that merging cannot fall behind without end.
// Thread safety: submit() and the committer's calls from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/suppression_set.hpp"
#include "persistence/bulk_run.hpp"
#include "persistence/prepared_run.hpp"
#include "persistence/store.hpp"

namespace suppressd {

inline constexpr size_t runs_in_flight_max = 4;
inline constexpr unsigned run_builder_threads = 2;

class RunBuilder {
 public:
  using Completion = std::function<void(const Outcome&)>;
  struct Ways {
    /// Hands a prepared run to the committer.
    std::function<void(std::unique_ptr<PreparedRun>, Completion)> commit;
    /// Hands a change to the committer; false while its queue is full.
    std::function<bool(Change&&, Completion)> submit;
  };

  RunBuilder(Store& store, const SuppressionSet& set, Ways ways);
  ~RunBuilder() { stop(); }
  RunBuilder(const RunBuilder&) = delete;
  RunBuilder& operator=(const RunBuilder&) = delete;

  /// Returns when every run is done; so the committer must still run. Nothing is submitted after.
  void stop();

  /// False when as many runs are under way as may be: then `run` is left as it was.
  [[nodiscard]] bool submit(std::unique_ptr<BulkRun>&& run, Completion done);
  /// For the committer: the run met too many known rows; its changes go the ordinary way.
  void store_in_changes(std::unique_ptr<BulkRun> run, Completion done);
  /// For the committer: frees a run here, where nobody waits.
  void dispose(std::unique_ptr<PreparedRun> run);

 private:
  struct Job {
    std::unique_ptr<BulkRun> run;
    Completion done;
    bool in_changes = false;
    std::unique_ptr<PreparedRun> garbage;
  };

  void work();
  bool take(Job& job);
  void push(Job job);
  void prepare(Job& job, SuppressionSet::Reader& reader);
  bool replay(Job& job);
  void wait_for_merging();
  size_t known_rows(const BulkRun& run, SuppressionSet::Reader& reader) const;
  void commit_changes(Job& job);
  Outcome commit_change(Change change);

  Store& store_;
  const SuppressionSet& set_;
  const Ways ways_;
  std::mutex mutex_;  // guards the three below
  std::condition_variable changed_;
  std::deque<Job> queue_;
  size_t in_flight_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace suppressd
