// What an import keeps of its rows, in the commit that stores them; and its end.
#include <rocksdb/db.h>

#include "persistence/commit_group.hpp"

namespace suppressd {
namespace {

using Fate = ContactOutcome::Fate;

ImportFate import_fate(Fate fate) {
  switch (fate) {
    case Fate::created:
      return ImportFate::created;
    case Fate::updated:
      return ImportFate::updated;
    case Fate::restored:
      return ImportFate::restored;
    case Fate::kept_deleted:
      return ImportFate::kept_deleted;
    case Fate::conflict:
      return ImportFate::conflict;
    case Fate::too_many:
      return ImportFate::too_many;
    default:
      return ImportFate::unchanged;
  }
}

/// Of a row that names two addresses the one that says more.
ImportFate stronger(ImportFate a, ImportFate b) {
  return static_cast<uint8_t>(a) < static_cast<uint8_t>(b) ? a : b;
}

}  // namespace

void CommitGroup::keep_import_rows(const Change& change, const JobStep& step,
                                   std::vector<ImportMark> rows) {
  const std::string counts_key = import_counts_key(step.account, step.job);
  ImportCounts counts;
  if (const std::string* bytes = overlay_.find(Family::imports, counts_key)) {
    std::optional<ImportCounts> stored = decode_import_counts(*bytes);
    if (!stored) throw StorageFailure("the counts of an import are damaged");
    counts = std::move(*stored);
  }
  for (const ImportMark& row : rows) counts.add(row);
  if (counts.first_at == 0) counts.first_at = change.at;
  counts.last_at = change.at;
  std::string bytes;
  encode(counts, bytes);
  overlay_.put(Family::imports, counts_key, std::move(bytes));
  bytes.clear();
  encode(rows, bytes);
  overlay_.put_unread(Family::imports,
                      import_rows_key(step.account, step.job, step.import->first_row),
                      std::move(bytes));
}

/// A check must say the same of a row's addresses, so they are asked where the row changed nothing.
void CommitGroup::keep_import(const Change& change, const PutContacts& what,
                              const std::vector<ContactOutcome>& outcomes) {
  if (!what.step || !what.step->import) return;
  std::vector<ImportMark> rows = what.step->import->rows;
  size_t next = 0;
  for (ImportMark& mark : rows) {
    if (mark.fate == ImportFate::pending) {
      mark.fate = import_fate(outcomes[next].fate);
      const PutContacts::Row& row = what.rows[next];
      const bool left = mark.fate == ImportFate::conflict || mark.fate == ImportFate::too_many;
      for (const Channel channel : all_channels) {
        const size_t i = static_cast<size_t>(channel) - 1;
        if (row.addresses[i].empty()) continue;
        mark.set(i, left ? standing(what.account, channel, row.addresses[i])
                         : outcomes[next].standings[i]);
      }
      ++next;
    }
  }
  keep_import_rows(change, *what.step, std::move(rows));
}

/// `fates` are those of the change's rows; each address that a mark names has one.
void CommitGroup::keep_import(const Change& change, const AddSuppressions& what,
                              const std::vector<ImportFate>& fates) {
  if (!what.step || !what.step->import) return;
  std::vector<ImportMark> rows = what.step->import->rows;
  size_t next = 0;
  for (ImportMark& mark : rows) {
    if (mark.fate != ImportFate::pending) continue;
    mark.fate = ImportFate::unchanged;
    for (const uint8_t address : mark.addresses) {
      if (address != 0) mark.fate = stronger(mark.fate, fates[next++]);
    }
    if (mark.error != 0 && mark.fate == ImportFate::unchanged) mark.fate = ImportFate::duplicate;
    mark.error = 0;
  }
  keep_import_rows(change, *what.step, std::move(rows));
}

Outcome CommitGroup::act(const Change&, const ForgetImport& what) {
  const std::optional<Job> job = find_job(what.account, what.job);
  if (!job || job->kind != JobKind::import_contacts) return refuse(Outcome::Status::not_found);
  if (!ended(job->state)) return refuse(Outcome::Status::stopped);
  overlay_.erase(Family::jobs, job_key(what.account, what.job));
  overlay_.erase(Family::imports, import_counts_key(what.account, what.job));
  const std::string rows = tagged_key('r', what.account, what.job);
  // One by one: reads pass over range deletions (database.cpp). A part has thousands of rows.
  const std::unique_ptr<rocksdb::Iterator> row(
      database_.rocks().NewIterator(read_options(), database_.family(Family::imports)));
  for (row->Seek(rows); row->Valid() && row->key().starts_with(rows); row->Next()) {
    overlay_.erase_unread(Family::imports, row->key().ToString());
  }
  require_ok(row->status());
  return unchanged();
}

}  // namespace suppressd
