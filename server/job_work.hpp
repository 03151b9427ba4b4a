// What a running job does next: the changes of its parts, one after the other, each of which moves
// the job on. Made anew from the job's record at a start, a resume, or after a part was refused.
//
// A walk goes through one list of contacts after the other (its stages). The job's position is the
// stage's number in an octet and the scan's position in it; empty before the first part. The last
// part changes nothing but the job, or is what could only be done after all others. What a scan has
// read may have changed until its part is committed: the committer looks again at each contact.
//
// One thread's at a time. Errors: StorageFailure; std::invalid_argument when the record holds a
// plan or a position that this program does not know.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "persistence/change.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/store.hpp"
#include "server/import_work.hpp"
#include "server/job_plan.hpp"

namespace suppressd {

inline constexpr size_t job_part_rows = 5'000;
static_assert(job_part_rows <= change_rows_max);

class JobWork {
 public:
  /// `go_on` is asked now and then by a recount; `stopping` is looked at by an erasure.
  JobWork(const Store& store, const ImportFiles& files, AccountNumber account, Job job,
          std::function<bool()> go_on, std::atomic<bool>& stopping);
  ~JobWork();

  /// The next part, which begins where the one before it ended. nullopt: not now, because go_on
  /// said no. Precondition: not finished().
  std::optional<Change> next();
  /// The last part given finishes the job.
  bool finished() const { return import_ ? import_->finished() : finished_; }
  /// Each part follows from the job's record after the one before it: then this gives only one, and
  /// whether that finished the job is in the record, too.
  bool follows_record() const { return job_.kind == JobKind::erase_contact; }
  /// Forgets what it holds of the store's past, so that nothing waits for it.
  void let_go() { scan_.reset(); }
  /// What to commit after the last part given was refused for `status`: the job's failure, or its
  /// way back to the start.
  Change after_refusal(Outcome::Status status) const;

 private:
  std::vector<ContactFilter> stages() const;
  JobStep step_to(std::string position, uint64_t rows);
  Change change_of(decltype(Change::what) what) const;
  Change part(const std::vector<Contact>& contacts);
  Change last_part();
  /// For a job that does not know yet how many contacts it will meet.
  std::optional<Change> take_stock();
  std::optional<Change> recount();
  std::optional<Change> erase();
  std::vector<Contact> read();

  const Store& store_;
  const ContactReader& reader_;
  const AccountNumber account_;
  Job job_;                // as it will be once what next() gave is committed
  std::string last_from_;  // where that part began
  JobPlan plan_;
  const std::function<bool()> go_on_;
  std::atomic<bool>& stopping_;
  size_t stage_ = 0;
  std::string scan_position_;
  std::unique_ptr<ContactScan> scan_;
  size_t parts_of_scan_ = 0;
  bool found_nothing_ = false;  // from the first stage's start on
  bool finished_ = false;
  std::unique_ptr<ImportWork> import_;  // of an import, which is no walk: does all of the work
};

}  // namespace suppressd
