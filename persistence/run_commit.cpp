#include "persistence/run_commit.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <set>

#include "persistence/contact_keys.hpp"
#include "persistence/erased.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

using Fate = BulkRun::Fate;

constexpr size_t ahead = PreparedRun::prefetch_ahead;

}  // namespace

RunCommit::RunCommit(const Database& database, RunFolder& folder, const SuppressionSet& set,
                     const Meta& meta, PreparedRun& run)
    : database_(database),
      folder_(folder),
      set_(set),
      prepared_(run),
      run_(*run.run),
      meta_(meta) {}

bool RunCommit::find_known() {
  std::vector<BulkRun::Row>& rows = run_.rows();
  std::vector<uint32_t> known;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + ahead < rows.size()) set_.prefetch(rows[i + ahead].address);
    if (rows[i].fate != Fate::alone) continue;
    if (set_.get(rows[i].address, run_.scope()) == SlotState::absent) continue;
    known.push_back(static_cast<uint32_t>(i));
    if (known.size() + prepared_.entangled.size() > run_known_rows_max) return false;
  }
  for (const uint32_t row : known) rows[row].fate = Fate::entangled;
  const auto middle = static_cast<ptrdiff_t>(prepared_.entangled.size());
  prepared_.entangled.insert(prepared_.entangled.end(), known.begin(), known.end());
  std::inplace_merge(prepared_.entangled.begin(), prepared_.entangled.begin() + middle,
                     prepared_.entangled.end());
  for (const uint32_t row : known) known_of(row).in_file = true;
  return true;
}

RunCommit::Known& RunCommit::known_of(uint32_t number) {
  const BulkRun::Row& row = run_.rows()[number];
  const auto [at, fresh] =
      known_.try_emplace(suppression_key(run_.scope(), run_.channel(row), run_.address(row)));
  Known& known = at->second;
  if (fresh) {
    known.address = row.address;
    known.before = set_.get(row.address, run_.scope());
  }
  return known;
}

void RunCommit::read_stored() {
  std::vector<Entry*> stored;
  std::vector<rocksdb::Slice> keys;
  for (Entry& entry : known_) {
    if (entry.second.before == SlotState::absent) continue;
    stored.push_back(&entry);
    keys.emplace_back(entry.first);
  }
  // The set may know another address by this fingerprint: then there is no record.
  for (Entry* entry : stored) entry->second.before = SlotState::absent;
  database_.get_many(Family::suppressions, keys, [&stored](size_t i, std::string_view value) {
    Known& known = stored[i]->second;
    if (!decode(value, known.record)) throw StorageFailure("a stored suppression is damaged");
    known.before = known.record.state();
  });
  for (Entry* entry : stored) {
    Known& known = entry->second;
    if (known.before != SlotState::absent) continue;
    known.erased = find_erased(database_, run_.scope(), known.address, known.record);
    if (known.erased) known.before = known.record.state();
  }
}

SlotState RunCommit::merge(const BulkRun::Row& row, Known& known) {
  const EncodedRow said = run_.row(row);
  Suppression& record = known.record;
  const bool had_causes = !record.causes.empty();
  if (record.state() == SlotState::absent) {
    record.given = said.given;
    record.region = said.region;
    record.causes.push_back(decode_cause(said.cause));
  } else if (!record.merge(decode_cause(said.cause))) {
    return SlotState::absent;
  } else if (known.erased && record.given.empty()) {
    record.given = said.given;
    record.region = said.region;
  }
  ++(had_causes ? outcome_.updated : outcome_.added);
  return record.state();
}

void RunCommit::merge() {
  for (const uint32_t row : prepared_.entangled) of_row_.push_back(&known_of(row));
  read_stored();
  outcome_ = {};
  for (size_t i = 0; i < of_row_.size(); ++i) {
    result_.push_back(merge(run_.rows()[prepared_.entangled[i]], *of_row_[i]));
    outcome_.unchanged += result_.back() == SlotState::absent;
  }
  for (const BulkRun::Row& row : run_.rows()) {
    outcome_.added += row.fate == Fate::alone;
    outcome_.unchanged += row.fate == Fate::repeated;
  }
}

void RunCommit::write(std::vector<SetUpdate>& updates) {
  merge();
  meta_.digest += prepared_.digest;
  write_known(updates);
  meta_.entries += static_cast<uint64_t>(
      std::count_if(run_.rows().begin(), run_.rows().end(),
                    [](const BulkRun::Row& row) { return row.fate == Fate::alone; }));
  write_changes();
  outcome_.status = Outcome::Status::committed;
  outcome_.sequence = meta_.sequence;
  std::string bytes;
  if (run_.idempotency) {
    RememberedOutcome remembered{run_.idempotency->request_hash, outcome_};
    remembered.outcome.status = Outcome::Status::replayed;
    encode(remembered, bytes);
    write_row(Family::idempotency, idempotency_key(run_.at() / day_ms, run_.idempotency->key),
              bytes);
  }
  bytes.clear();
  encode(meta_, bytes);
  write_row(Family::meta, meta_key, bytes);
}

/// Every known address is written, changed or not, where the run's file holds it as if it were new.
void RunCommit::write_known(std::vector<SetUpdate>& updates) {
  for (size_t i = 0; i < of_row_.size(); ++i) {
    if (!std::exchange(of_row_[i]->in_file, false)) continue;
    const BulkRun::Row& row = run_.rows()[prepared_.entangled[i]];
    meta_.digest -= entry_digest(row.address, run_.scope(), slot_state(run_.reason(row)));
  }
  if (known_.empty()) return;
  RunFile& file = open(Family::suppressions);
  std::string value;
  for (const Entry& entry : known_) {
    const Known& known = entry.second;
    value.clear();
    encode(known.record, value);
    file.put(entry.first, value);
    const SlotState after = known.record.state();
    if (after == known.before) continue;
    meta_.digest -= entry_digest(known.address, run_.scope(), known.before);
    meta_.digest += entry_digest(known.address, run_.scope(), after);
    meta_.entries += known.before == SlotState::absent;
    updates.push_back({known.address, run_.scope(), after});
  }
  file.finish();
  write_known_again();
}

/// What was left of erased addresses goes: they are records of their own again.
void RunCommit::write_known_again() {
  std::set<std::string> keys;
  for (const auto& [key, known] : known_) {
    if (known.erased) keys.insert(erased_key(run_.scope(), known.address));
  }
  if (keys.empty()) return;
  RunFile& file = open(Family::erased);
  for (const std::string& key : keys) file.remove(key);
  file.finish();
}

std::string RunCommit::change_head() const {
  std::string head;
  encode_change_head(ChangeKind::add_suppressions, run_.by(), run_.at(), head);
  ByteWriter(head).varint(run_.scope());
  return head;
}

void RunCommit::write_changes() {
  const std::vector<BulkRun::Row>& rows = run_.rows();
  const std::string head = change_head();
  const uint64_t first_sequence = meta_.sequence + 1;
  RunFile* file = nullptr;
  std::string change;
  for (size_t first = 0; first < rows.size(); first += change_rows_max) {
    const size_t last = std::min(rows.size(), first + change_rows_max);
    change = head;
    const bool all_alone =
        std::all_of(&rows[first], rows.data() + last,
                    [](const BulkRun::Row& row) { return row.fate == Fate::alone; });
    if (all_alone) {
      change.append(run_.octets_of(first, last));
    } else {
      append_effective(first, last, change);
      if (change.size() == head.size()) continue;
    }
    if (file == nullptr) file = &open(Family::changes);
    file->put(change_key(++meta_.sequence), change);
  }
  if (file == nullptr) return;
  file->finish();
  if (run_.scope() == platform_number) return;
  RunFile& feed = open(Family::account_changes);
  for (uint64_t sequence = first_sequence; sequence <= meta_.sequence; ++sequence) {
    feed.put(account_change_key(run_.scope(), sequence), "");
  }
  feed.finish();
}

void RunCommit::append_effective(size_t first, size_t last, std::string& change) {
  const std::vector<BulkRun::Row>& rows = run_.rows();
  std::string_view previous;
  auto entangled = std::lower_bound(prepared_.entangled.begin(), prepared_.entangled.end(), first);
  for (size_t i = first; i < last; ++i) {
    if (rows[i].fate == Fate::repeated) continue;
    EncodedRow row = run_.row(rows[i]);
    if (rows[i].fate == Fate::entangled) {
      row.result = result_[static_cast<size_t>(entangled++ - prepared_.entangled.begin())];
      if (row.result == SlotState::absent) continue;
    }
    const std::string_view cause = row.cause;
    if (cause == previous) row.cause = {};
    previous = cause;
    encode_change_row(row, change);
  }
}

void RunCommit::write_row(Family family, std::string_view key, std::string_view value) {
  RunFile& file = open(family);
  file.put(key, value);
  file.finish();
}

RunFile& RunCommit::open(Family family) {
  files_.push_back(std::make_unique<RunFile>(database_, family, folder_.next()));
  return *files_.back();
}

std::vector<const RunFile*> RunCommit::files() const {
  std::vector<const RunFile*> files;
  if (prepared_.file) files.push_back(prepared_.file.get());
  for (const auto& file : files_) files.push_back(file.get());
  return files;
}

}  // namespace suppressd
