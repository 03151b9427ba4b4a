// What a prepared run needs when its turn has come: the rows whose addresses are known by now are
// found (the set tells), merged with what is stored, and written to a second file that overrides
// the first; then rows of `changes`, the outcome to remember and meta. The database takes all files
// in at once: a crash leaves all of it or nothing.
//
// Rows that are alone cost a look into the set and nothing else, so the committer's thread is held
// up by the set and by writing `changes`, not by sorting, encoding and writing records.
//
// Internal to the store. Thread safety: the committer's thread. Errors: StorageFailure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "persistence/prepared_run.hpp"
#include "persistence/run_file.hpp"

namespace suppressd {

class RunCommit {
 public:
  RunCommit(const Database& database, RunFolder& folder, const SuppressionSet& set,
            const Meta& meta, PreparedRun& run);

  /// False when more than run_known_rows_max rows are known: then the run must go another way.
  [[nodiscard]] bool find_known();
  /// Writes the files; appends what the set must be told of rows that are not alone.
  void write(std::vector<SetUpdate>& updates);
  /// The files to be taken in, in the order in which later ones override.
  std::vector<const RunFile*> files() const;
  const Meta& meta() const { return meta_; }
  const Outcome& outcome() const { return outcome_; }

 private:
  struct Known {
    Fingerprint address;
    SlotState before = SlotState::absent;
    bool in_file = false;  // of the run, as if it were new
    bool erased = false;   // its address was: what is left of it goes
    Suppression record;
  };
  using Entry = std::pair<const std::string, Known>;

  Known& known_of(uint32_t row);
  void read_stored();
  void merge();
  /// What the row's suppression is after it; absent when the row says nothing new.
  SlotState merge(const BulkRun::Row& row, Known& known);
  void write_known(std::vector<SetUpdate>& updates);
  void write_known_again();
  void write_changes();
  std::string change_head() const;
  void append_effective(size_t first, size_t last, std::string& change);
  void write_row(Family family, std::string_view key, std::string_view value);
  RunFile& open(Family family);

  const Database& database_;
  RunFolder& folder_;
  const SuppressionSet& set_;
  PreparedRun& prepared_;
  BulkRun& run_;
  Meta meta_;
  Outcome outcome_;
  std::map<std::string, Known> known_;
  std::vector<Known*> of_row_;     // of each entangled row
  std::vector<SlotState> result_;  // of each entangled row
  std::vector<std::unique_ptr<RunFile>> files_;
};

}  // namespace suppressd
