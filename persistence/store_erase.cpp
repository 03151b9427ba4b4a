// What the parts of an erasure need beforehand, beside the committer: finding what still names the
// addresses, and rewriting the files that held them.
//
// RocksDB keeps what was overwritten or deleted until a compaction passes over it, and for as long
// as a snapshot may read it. So: everything is flushed (then no write-ahead log holds it), older
// snapshots are waited for, and what lies around the erased keys is compacted down to the last
// level. A MANIFEST holds the first and last keys of tables, those that are gone too: at the end it
// is made to be replaced.
#include <rocksdb/db.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "persistence/bounces.hpp"
#include "persistence/contact_codec.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/erasure.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

using Phase = ErasurePlace::Phase;

// What one part looks at, and what the committer must then rewrite at once.
constexpr size_t part_bytes_searched_max = 64 << 20, part_bytes_found_max = 4 << 20;
constexpr size_t part_rows_found_max = 1'000;
// Compactions of a single row, of which each adds some hundred octets to the MANIFEST.
constexpr int manifest_attempts_max = 1'000;
constexpr auto snapshot_poll = std::chrono::milliseconds(20);
// Longer than what follows a prefix in any key but a list's; there a lower octet follows.
constexpr size_t last_key_octets = 16;

std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string current_manifest(const std::filesystem::path& database_path) {
  std::ifstream file(database_path / "CURRENT");
  std::string name;
  if (!std::getline(file, name)) throw StorageFailure("the database's file CURRENT cannot be read");
  return name;
}

/// Finds the rows of a family that hold one of the texts somewhere, a bounded piece at a time.
class Search {
 public:
  Search(const Database& database, Family family, std::vector<std::string> texts)
      : row_(database.rocks().NewIterator(scan_options(), database.family(family))),
        texts_(std::move(texts)) {}

  /// From `from` on, while the keys start with `prefix` and do not pass `last`. True when there are
  /// no more; else key() is where the next piece begins.
  bool run(std::string_view from, std::string_view prefix, std::string_view last,
           const std::atomic<bool>& stopping) {
    for (row_->Seek({from.data(), from.size()}); row_->Valid() && !stopping; row_->Next()) {
      const std::string_view key = view(row_->key()), value = view(row_->value());
      if (!key.starts_with(prefix) || (!last.empty() && key > last)) break;
      key_ = key;
      if (searched_ > part_bytes_searched_max || found_bytes_ > part_bytes_found_max ||
          found.size() == part_rows_found_max) {
        return false;
      }
      searched_ += value.size();
      for (const std::string& text : texts_) {
        if (value.find(text) == std::string_view::npos) continue;
        found.push_back(ByteReader(key.substr(prefix.size())).u64());
        found_bytes_ += value.size();
        break;
      }
    }
    require_ok(row_->status());
    return true;
  }
  const std::string& key() const { return key_; }

  std::vector<uint64_t> found;  // the numbers after the prefix

 private:
  std::unique_ptr<rocksdb::Iterator> row_;
  std::vector<std::string> texts_;
  std::string key_;
  size_t searched_ = 0, found_bytes_ = 0;
};

/// Compacts what lies around keys, so that what they held before is gone.
class Compaction {
 public:
  Compaction(const Database& database, std::atomic<bool>& stopping)
      : database_(database), stopping_(stopping) {}

  void key(Family family, const std::string& key) { range(family, key, key); }
  void prefix(Family family, const std::string& prefix) {
    range(family, prefix, prefix + std::string(last_key_octets, '\xff'));
  }
  void all(Family family) {
    compact(family, nullptr, nullptr, rocksdb::BottommostLevelCompaction::kForceOptimized);
  }
  /// Until the MANIFEST is another one than `current` names (the content of the file CURRENT).
  void replace_manifest(const std::filesystem::path& database_path, const std::string& current) {
    for (int attempt = 0; attempt < manifest_attempts_max && !stopping_; ++attempt) {
      if (current_manifest(database_path) != current) return;
      compact(Family::meta, nullptr, nullptr, rocksdb::BottommostLevelCompaction::kForce);
    }
    if (!stopping_) throw StorageFailure("the database does not begin a new MANIFEST");
  }
  void range(Family family, const std::string& first, const std::string& last) {
    const rocksdb::Slice begin(first), end(last);
    compact(family, &begin, &end, rocksdb::BottommostLevelCompaction::kForceOptimized);
  }

 private:
  void compact(Family family, const rocksdb::Slice* begin, const rocksdb::Slice* end,
               rocksdb::BottommostLevelCompaction last_level) {
    if (stopping_) return;
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = last_level;
    options.exclusive_manual_compaction = false;
    options.canceled = &stopping_;
    const rocksdb::Status status =
        database_.rocks().CompactRange(options, database_.family(family), begin, end);
    if (!stopping_) require_ok(status);
  }

  const Database& database_;
  std::atomic<bool>& stopping_;
};

/// Snapshots from before this moment keep alive what was erased before it.
void wait_for_older_reads(const Database& database, const std::atomic<bool>& stopping) {
  const uint64_t now = database.rocks().GetLatestSequenceNumber();
  using Properties = rocksdb::DB::Properties;
  while (!stopping) {
    uint64_t snapshots = 0, oldest = 0;
    database.rocks().GetIntProperty(Properties::kNumSnapshots, &snapshots);
    database.rocks().GetIntProperty(Properties::kOldestSnapshotSequence, &oldest);
    if (snapshots == 0 || oldest >= now) return;
    std::this_thread::sleep_for(snapshot_poll);
  }
}

void compact_addresses(const ErasurePlace& place, AccountNumber account, Compaction& compaction) {
  for (const ErasurePlace::Named& at : place.addresses) {
    compaction.key(Family::suppressions, suppression_key(account, at.channel, at.address));
    if (at.platform) {
      compaction.key(Family::suppressions,
                     suppression_key(platform_number, at.channel, at.address));
    }
    const std::string owner = owner_key(account, at.channel, at.address);
    compaction.key(Family::owners, owner);
    compaction.key(Family::claims, owner);
    compaction.key(Family::bounces, bounces_key(account, at.channel, at.address));
    if (at.platform) {
      compaction.key(Family::bounces, bounces_key(platform_number, at.channel, at.address));
    }
  }
}

/// The lists are compacted for the whole account: which of them the contact was in earlier, and
/// under which values of its fields, nobody knows any more.
void compact_traces(const ErasurePlace& place, AccountNumber account, Compaction& compaction) {
  compact_addresses(place, account, compaction);
  compaction.prefix(Family::bounces, "x");  // when its suppressions were to end, nobody knows now
  const std::string contact = contact_key(account, place.contact);
  compaction.key(Family::contacts, contact);
  compaction.prefix(Family::activity, contact);
  std::string lists;
  append_account(account, lists);
  compaction.prefix(Family::contact_index, lists);
  compaction.prefix(Family::counts, lists);
  compaction.all(Family::requests);
  for (const auto& [first, last] : place.rewritten) {
    compaction.range(Family::changes, change_key(first), change_key(last));
  }
}

}  // namespace

void Store::Impl::flush_all() const {
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  for (size_t family = 0; family < families; ++family) {
    all.push_back(database.family(static_cast<Family>(family)));
  }
  require_ok(database.rocks().Flush({}, all));
}

/// Requests, then jobs: one piece, and the place after it.
void Store::Impl::search_records(AccountNumber account, ErasurePlace& place, EraseTraces& part,
                                 const std::atomic<bool>& stopping) const {
  const bool requests = place.phase == Phase::requests;
  Search search(database, requests ? Family::requests : Family::jobs, place.spellings());
  std::string prefix(1, requests ? 'r' : 'j');
  append_account(account, prefix);
  if (search.run(tagged_key(prefix[0], account, place.next), prefix, "", stopping)) {
    place.phase = requests ? Phase::jobs : Phase::changes;
    place.next = 0;
  } else {
    place.next = ByteReader(std::string_view(search.key()).substr(prefix.size())).u64();
  }
  (requests ? part.requests : part.jobs) = std::move(search.found);
}

void Store::Impl::search_changes(ErasurePlace& place, EraseTraces& part,
                                 const std::atomic<bool>& stopping) const {
  std::vector<std::string> addresses;
  for (const ErasurePlace::Named& at : place.addresses) addresses.push_back(at.address);
  Search search(database, Family::changes, std::move(addresses));
  const uint64_t from = place.next;
  if (search.run(change_key(from), "", change_key(place.last), stopping)) {
    place.phase = Phase::files;
    place.next = place.last + 1;
  } else {
    place.next = ByteReader(search.key()).u64();
  }
  part.step.rows = place.next - std::max<uint64_t>(from, 1);
  for (const uint64_t row : search.found) place.add_rewritten(row);
  part.changes = std::move(search.found);
}

Change Store::Impl::search_part(const Job& job, EraseTraces part, ErasurePlace place,
                                const std::atomic<bool>& stopping) const {
  if (place.phase == Phase::changes) {
    search_changes(place, part, stopping);
  } else {
    search_records(part.step.account, place, part, stopping);
  }
  encode(place, part.step.position);
  Change change;
  change.what = std::move(part);
  change.by = job.by;
  return change;
}

Change Store::Impl::compaction_part(const Job& job, JobStep step, ErasurePlace place,
                                    std::atomic<bool>& stopping) const {
  Compaction compaction(database, stopping);
  const std::string manifest = current_manifest(directory.database_path());
  flush_all();
  wait_for_older_reads(database, stopping);
  if (place.phase == Phase::files) {
    compact_traces(place, step.account, compaction);
    place = {};
    place.phase = Phase::place;
    encode(place, step.position);
  } else {
    compaction.all(Family::jobs);
    compaction.replace_manifest(directory.database_path(), manifest);
    step.finished = true;
  }
  Change change;
  change.what = MoveJob{std::move(step), 0};
  change.by = job.by;
  return change;
}

std::optional<Change> Store::next_part_of_erasure(AccountNumber account, const Job& job,
                                                  ContactId contact,
                                                  std::atomic<bool>& stopping) const {
  if (stopping) return std::nullopt;
  if (job.position.empty()) {
    Change change;
    change.what = EraseContact{account, contact, job.id};
    change.by = job.by;
    return change;
  }
  const std::optional<ErasurePlace> place = decode_erasure(job.position);
  if (!place) throw StorageFailure("the position of an erasure is damaged");
  JobStep step;
  step.account = account;
  step.job = job.id;
  step.from = job.position;
  Change part = place->phase < Phase::files
                    ? impl_->search_part(job, {step, {}, {}, {}}, *place, stopping)
                    : impl_->compaction_part(job, step, *place, stopping);
  if (stopping) return std::nullopt;
  return part;
}

}  // namespace suppressd
