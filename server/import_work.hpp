// What a running import does next. Its stages, each of which may be begun anew after a crash:
//
//   unpack   the upload becomes text in UTF-8, on a thread of its own    position "u <octets>"
//   scan     rows are counted, and found that repeat earlier ones        "s <rows>"
//   guard    suppressions: how many clear contacts they would hit        "g <octet> <row> <hits>"
//   rows     parts of rows, each one commit with the place after it      "r <octet> <row>"
//
// All but the last change nothing, and tell where they are by parts that only move the job. A slice
// of them takes a fraction of a second, so that other jobs get their turns and a stop is quick.
//
// One thread's at a time. Errors: StorageFailure; std::invalid_argument as JobWork. What the file or
// the disk is to blame for becomes the job's state and result.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "persistence/change.hpp"
#include "persistence/store.hpp"
#include "server/import_files.hpp"
#include "server/import_plan.hpp"
#include "server/import_rows.hpp"
#include "server/import_scan.hpp"

namespace suppressd {

class ImportWork {
 public:
  ImportWork(const Store& store, const ImportFiles& files, AccountNumber account, Job job);
  ~ImportWork();

  /// As JobWork. nullopt after a part that pauses or ends the import otherwise.
  std::optional<Change> next();
  bool finished() const { return finished_; }
  /// A segment that contacts were to join is no longer there.
  Change after_refusal() const;

 private:
  enum class Stage : char { unpack = 'u', scan = 's', guard = 'g', rows = 'r' };
  class Unpacking;

  void read_position();
  std::optional<Change> unpack();
  std::optional<Change> scan();
  std::optional<Change> guard();
  std::optional<Change> part();
  Change last_part();
  /// Moves the job and changes nothing else. `total`: of rows.
  Change move(Stage stage, const std::string& where, uint64_t total = 0);
  JobStep step_to(std::string position, uint64_t rows);
  Change stop(JobState state, std::string result);
  Change change_of(decltype(Change::what) what) const;

  std::unique_ptr<ImportRows> rows_from(uint64_t octet);
  bool next_row(ImportRow& row);
  uint64_t hits_of(const ImportRow& row);
  uint8_t repeats(uint64_t number);
  ImportMark mark_of(const ImportRow& row, uint8_t repeated) const;
  Change put_contacts(std::vector<ImportRow> rows, JobStep step);
  Change add_suppressions(const std::vector<ImportRow>& rows, JobStep step);
  Change look_only(const std::vector<ImportRow>& rows, JobStep step) const;
  void look(const ImportRow& row, ImportMark& mark) const;
  Standing standing(Channel channel, const std::string& address) const;

  const Store& store_;
  const ImportFiles& files_;
  const AccountNumber account_;
  const ImportName name_;
  Job job_;  // as it will be once what next() gave is committed
  ImportPlan plan_;
  Normalizer normalizer_;

  Stage stage_ = Stage::unpack;
  uint64_t octet_ = 0, row_ = 0, hits_ = 0;  // where `guard` and `rows` are
  std::unique_ptr<Unpacking> unpacking_;
  std::unique_ptr<ImportScan> scan_;
  std::unique_ptr<ImportRows> reader_;
  std::unique_ptr<ImportDuplicates> duplicates_;
  bool stopped_ = false;
  bool finished_ = false;
};

}  // namespace suppressd
