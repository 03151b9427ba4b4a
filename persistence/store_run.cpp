// Runs: prepared beside the committer, taken in by it. A file that cannot be written trips the latch
// as any other storage error does, though nothing of it can come back; from the moment the database
// was asked to take the files in, the outcome of a failure is unknown.
#include <rocksdb/db.h>

#include "persistence/contact_keys.hpp"
#include "persistence/keys.hpp"
#include "persistence/run_commit.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

constexpr size_t octets_ahead = 12;

void write_alone(const BulkRun& run, const std::vector<uint32_t>& alone, RunFile& file) {
  std::string key, value;
  for (size_t i = 0; i < alone.size(); ++i) {
    // In key order rows lie all over memory: the row is fetched first, then its octets.
    if (i + 2 * octets_ahead < alone.size()) run.prefetch_row(alone[i + 2 * octets_ahead]);
    if (i + octets_ahead < alone.size()) run.prefetch_octets(alone[i + octets_ahead]);
    const EncodedRow row = run.row(run.rows()[alone[i]]);
    key.clear();
    value.clear();
    append_suppression_key(run.scope(), row.channel, row.address, key);
    encode_suppression(row, value);
    file.put(key, value);
  }
  file.finish();
}

Digest digest_of_alone(const BulkRun& run) {
  Digest digest;
  for (const BulkRun::Row& row : run.rows()) {
    if (row.fate != BulkRun::Fate::alone) continue;
    digest += entry_digest(row.address, run.scope(), slot_state(run.reason(row)));
  }
  return digest;
}

}  // namespace

PreparedRun::PreparedRun(std::unique_ptr<BulkRun> the_run, std::unique_ptr<RunFile> the_file)
    : run(std::move(the_run)), file(std::move(the_file)) {}
PreparedRun::~PreparedRun() = default;

std::unique_ptr<PreparedRun> Store::prepare(std::unique_ptr<BulkRun> run) {
  Impl& impl = *impl_;
  if (impl.latch.tripped()) return nullptr;
  try {
    auto prepared = std::make_unique<PreparedRun>(std::move(run), nullptr);
    BulkRun& rows = *prepared->run;
    const std::vector<uint32_t> alone = sort_run(rows, prepared->entangled);
    if (alone.empty()) return prepared;
    prepared->digest = digest_of_alone(rows);
    prepared->file =
        std::make_unique<RunFile>(impl.database, Family::suppressions, impl.runs.next());
    write_alone(rows, alone, *prepared->file);
    return prepared;
  } catch (const StorageFailure& error) {
    impl.latch.trip(error.what());
  } catch (const std::exception&) {
    impl.latch.trip("a run could not be prepared; memory may be short");
  }
  return nullptr;
}

std::optional<Outcome> Store::remembered(const Idempotency& idempotency, TimeMs at) const {
  const auto found = find_remembered(impl_->database, idempotency.key, at);
  if (!found) return std::nullopt;
  return outcome_again(*found, idempotency, sequence());
}

uint64_t Store::unmerged_runs() const {
  return impl_->database.unmerged_files();
}

bool Store::failed() const {
  return impl_->latch.tripped();
}

bool Store::commit(PreparedRun& run, const SuppressionSet& set, Outcome& outcome,
                   std::vector<SetUpdate>& updates) {
  Impl& impl = *impl_;
  const size_t updates_before = updates.size();
  outcome = {};
  outcome.status = Outcome::Status::refused;
  try {
    if (!impl.latch.tripped()) {
      const BulkRun& rows = *run.run;
      if (rows.idempotency) {
        if (auto again = remembered(*rows.idempotency, rows.at())) {
          outcome = *again;
          return true;
        }
      }
      // What the run says may concern contacts, whose records change with it.
      std::string contacts;
      if (impl.database.get(Family::counts, count_key(rows.scope(), 0, CountOf::contacts),
                            contacts)) {
        return false;
      }
      RunCommit commit(impl.database, impl.runs, set, impl.meta, run);
      if (!commit.find_known()) return false;
      commit.write(updates);
      outcome.status = Outcome::Status::unknown;
      if (impl.ingest(commit.files(), commit.meta())) {
        outcome = commit.outcome();
        return true;
      }
    }
  } catch (const StorageFailure& error) {
    impl.latch.trip(error.what());
  } catch (const std::exception&) {
    impl.latch.trip("a run could not be committed; memory may be short");
  }
  updates.resize(updates_before);
  outcome.sequence = impl.meta.sequence;
  return true;
}

bool Store::Impl::ingest(const std::vector<const RunFile*>& files, const Meta& next) {
  std::map<Family, rocksdb::IngestExternalFileArg> by_family;
  for (const RunFile* file : files) {
    rocksdb::IngestExternalFileArg& arg = by_family[file->family()];
    arg.column_family = database.family(file->family());
    arg.external_files.push_back(file->path());
    arg.options.move_files = true;
    arg.options.write_global_seqno = false;
  }
  std::vector<rocksdb::IngestExternalFileArg> args;
  for (auto& [family, arg] : by_family) args.push_back(std::move(arg));
  ++ingests_begun;
  const rocksdb::Status status = database.rocks().IngestExternalFiles(args);
  ++ingests_done;
  if (!status.ok()) latch.trip(describe(status));
  return status.ok() && acknowledge(next);
}

}  // namespace suppressd
