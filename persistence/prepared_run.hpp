// A run made ready to be committed, away from the committer's thread: sorted, rows that repeat
// each other found, and the records of the others written to a file as if their addresses were new.
#pragma once

#include <memory>
#include <vector>

#include "persistence/bulk_run.hpp"

namespace suppressd {

class RunFile;

class PreparedRun {
 public:
  PreparedRun(std::unique_ptr<BulkRun> the_run, std::unique_ptr<RunFile> the_file);
  ~PreparedRun();

  /// What the set must be told of the rows that are alone, when the run was committed.
  template <class Put, class Prefetch>
  void for_each_alone(Put&& put, Prefetch&& prefetch) const {
    const std::vector<BulkRun::Row>& rows = run->rows();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + prefetch_ahead < rows.size()) prefetch(rows[i + prefetch_ahead].address);
      if (rows[i].fate != BulkRun::Fate::alone) continue;
      put(rows[i].address, run->scope(), slot_state(run->reason(rows[i])));
    }
  }

  static constexpr size_t prefetch_ahead = 16;

  std::unique_ptr<BulkRun> run;
  std::unique_ptr<RunFile> file;    // null when no row is alone
  std::vector<uint32_t> entangled;  // rows, ascending
  Digest digest;                    // of the entries of the rows in the file
};

/// Sorts the run, whose fingerprints are filled in, and decides the fate of each row. Returns the
/// rows that are alone, in key order.
std::vector<uint32_t> sort_run(BulkRun& run, std::vector<uint32_t>& entangled);

}  // namespace suppressd
