#include "persistence/commit_group.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cassert>

#include "persistence/contact_keys.hpp"
#include "persistence/erased.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

constexpr size_t expired_rows_a_commit_max = 1'000;

rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}

/// Makes an empty record what its first row says.
void take(const AddSuppressions::Row& row, Suppression& record) {
  record.given = row.given == row.address ? "" : row.given;
  record.region = row.region;
  record.causes.resize(1);
  record.causes[0] = row.cause;
}

}  // namespace

CommitGroup::CommitGroup(const Database& database, const FingerprintKey& key,
                         const SuppressionSet& set, const Meta& meta)
    : database_(database),
      fingerprint_(key),
      set_(set),
      meta_(meta),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      overlay_(database),
      contacts_(overlay_) {}
CommitGroup::~CommitGroup() = default;

bool CommitGroup::writes() const {
  return batch_->Count() != 0 || overlay_.writes();
}

CommitGroup::Entry& CommitGroup::entry(AccountNumber scope, Channel channel,
                                       std::string_view address) {
  scratch_.clear();
  append_suppression_key(scope, channel, address, scratch_);
  auto [at, fresh] = entries_.try_emplace(std::pmr::string(scratch_, &memory_));
  Entry& entry = at->second;
  if (!fresh) return entry;
  order_.push_back(&entry);
  entry.key = at->first;
  entry.scope = scope;
  entry.address = fingerprint_(CanonicalAddress::from_stored(channel, address));
  // The set knows every stored entry, so what it does not know need not be looked for on disk.
  if (set_.get(entry.address, scope) != SlotState::absent) to_read_.push_back(&entry);
  return entry;
}

CommitGroup::Entry& CommitGroup::entry_now(AccountNumber scope, Channel channel,
                                           std::string_view address) {
  const size_t waiting = to_read_.size();
  Entry& found = entry(scope, channel, address);
  if (to_read_.size() != waiting) {
    to_read_.pop_back();
    Entry* const one = &found;
    read({&one, 1});
  }
  return found;
}

Suppression& CommitGroup::Entry::record() {
  if (!made) made = std::make_unique<Suppression>();
  if (only_row != nullptr) {
    take(*only_row, *made);
    only_row = nullptr;
  }
  return *made;
}

/// Who changes an erased entry has named its address: it is a record of its own again.
void CommitGroup::mark_changed(Entry& entry) {
  entry.changed = true;
  entry.erased = false;
  entry.after = entry.record().state();
}

/// The eight octets after the scope stand beside the pointers, which spares most comparisons a walk
/// through memory.
void CommitGroup::sort_by_key(std::vector<Entry*>& entries) {
  struct Item {
    uint64_t head;
    Entry* entry;
  };
  std::vector<Item> items;
  items.reserve(entries.size());
  for (Entry* entry : entries) {
    std::string head(entry->key.substr(sizeof(AccountNumber), sizeof(uint64_t)));
    head.resize(sizeof(uint64_t));
    items.push_back({ByteReader(head).u64(), entry});
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    if (a.entry->scope == b.entry->scope && a.head != b.head) return a.head < b.head;
    return a.entry->key < b.entry->key;
  });
  std::transform(items.begin(), items.end(), entries.begin(),
                 [](const Item& item) { return item.entry; });
}

void CommitGroup::gather(std::span<const Change> changes) {
  size_t rows = 0;
  for (const Change& change : changes) {
    auto* add = std::get_if<AddSuppressions>(&change.what);
    rows += add != nullptr ? add->rows.size() : 1;
  }
  entries_.reserve(rows);
  order_.reserve(rows);
  gathered_.reserve(rows);
  for (const Change& change : changes) {
    if (auto* add = std::get_if<AddSuppressions>(&change.what)) {
      assert(add->rows.size() <= change_rows_max);
      for (const AddSuppressions::Row& row : add->rows) {
        gathered_.push_back(&entry(add->scope, row.channel, row.address));
      }
    } else if (auto* remove = std::get_if<RemoveSuppression>(&change.what)) {
      gathered_.push_back(&entry(remove->scope, remove->channel, remove->address));
    } else if (auto* exempt = std::get_if<SetExemption>(&change.what)) {
      gathered_.push_back(&entry(exempt->scope, exempt->channel, exempt->address));
    }
    gather_contacts(change);
  }
}

void CommitGroup::read(std::span<Entry* const> entries) {
  if (entries.empty()) return;
  std::vector<rocksdb::Slice> keys;
  keys.reserve(entries.size());
  for (const Entry* entry : entries) keys.push_back(slice(entry->key));
  database_.get_many(Family::suppressions, keys, [&entries](size_t i, std::string_view value) {
    Entry& entry = *entries[i];
    if (!decode(value, entry.record())) throw StorageFailure("a stored suppression is damaged");
    entry.before = entry.after = entry.record().state();
  });
  for (Entry* entry : entries) {
    if (entry->before != SlotState::absent) continue;
    Suppression left;
    if (!find_erased(database_, entry->scope, entry->address, left)) continue;
    entry->record() = std::move(left);
    entry->before = entry->after = entry->record().state();
    entry->erased_stored = entry->erased = true;
  }
}

void CommitGroup::work_out(std::span<const Change> changes, std::span<Outcome> outcomes) {
  gather(changes);
  sort_by_key(to_read_);
  read(to_read_);
  to_read_.clear();
  for (size_t i = 0; i < changes.size(); ++i) outcomes[i] = apply(changes[i]);
}

Outcome CommitGroup::apply(const Change& change) {
  size_t first = next_gathered_;
  auto* add = std::get_if<AddSuppressions>(&change.what);
  bool one = std::holds_alternative<RemoveSuppression>(change.what) ||
             std::holds_alternative<SetExemption>(change.what);
  Outcome outcome;
  if (!replay(change, outcome)) {
    outcome = std::visit([&](const auto& what) { return act(change, what); }, change.what);
    remember(change, outcome);
  }
  next_gathered_ = first + (add != nullptr ? add->rows.size() : one ? 1 : 0);
  return outcome;
}

std::optional<RememberedOutcome> find_remembered(const Database& database, const std::string& key,
                                                 TimeMs at) {
  const uint64_t today = at / day_ms;
  std::string bytes;
  if (!database.get(Family::idempotency, idempotency_key(today, key), bytes) &&
      (today == 0 || !database.get(Family::idempotency, idempotency_key(today - 1, key), bytes))) {
    return std::nullopt;
  }
  std::optional<RememberedOutcome> remembered = decode_remembered(bytes);
  if (!remembered) throw StorageFailure("a remembered outcome is damaged");
  return remembered;
}

Outcome outcome_again(const RememberedOutcome& remembered, const Idempotency& asked,
                      uint64_t sequence) {
  if (remembered.request_hash == asked.request_hash) return remembered.outcome;
  Outcome mismatch;
  mismatch.status = Outcome::Status::idempotency_mismatch;
  mismatch.sequence = sequence;
  return mismatch;
}

bool CommitGroup::replay(const Change& change, Outcome& outcome) {
  if (!change.idempotency) return false;
  const std::string& key = change.idempotency->key;
  std::optional<RememberedOutcome> remembered;
  if (auto found = remembered_.find(key); found != remembered_.end()) {
    remembered = found->second;
  } else {
    remembered = find_remembered(database_, key, change.at);
  }
  if (!remembered) return false;
  outcome = outcome_again(*remembered, *change.idempotency, meta_.sequence);
  return true;
}

void CommitGroup::remember(const Change& change, const Outcome& outcome) {
  if (!change.idempotency || outcome.status != Outcome::Status::committed) return;
  RememberedOutcome remembered{change.idempotency->request_hash, outcome};
  remembered.outcome.status = Outcome::Status::replayed;
  std::string bytes;
  encode(remembered, bytes);
  put(Family::idempotency, idempotency_key(change.at / day_ms, change.idempotency->key), bytes);
  remembered_[change.idempotency->key] = remembered;
}

bool CommitGroup::add(const AddSuppressions::Row& row, Entry& entry) {
  if (entry.after == SlotState::absent) {
    take(row, entry.record());
  } else if (!entry.record().merge(row.cause)) {
    return false;
  } else if (entry.erased) {
    entry.record().given = row.given == row.address ? "" : row.given;
    entry.record().region = row.region;
  }
  mark_changed(entry);
  return true;
}

Outcome CommitGroup::act(const Change& change, const AddSuppressions& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  const std::span<Entry* const> entries = std::span(gathered_).subspan(next_gathered_);
  std::vector<ImportFate> fates;
  Outcome outcome = add_suppressions(change, what, entries.first(what.rows.size()), true,
                                     what.step ? &fates : nullptr);
  keep_import(change, what, fates);
  take_step(change, what.step, outcome.added + outcome.updated, outcome.unchanged);
  return outcome;
}

/// `rows_stay`: until the group is written, so that entries may point to them.
Outcome CommitGroup::add_suppressions(const Change& change, const AddSuppressions& what,
                                      std::span<Entry* const> entries, bool rows_stay,
                                      std::vector<ImportFate>* fates) {
  std::string log_row;
  encode_change_head(ChangeKind::add_suppressions, change.by, change.at, log_row);
  ByteWriter(log_row).varint(what.scope);
  uint32_t added = 0, updated = 0, same = 0;
  const Cause* previous = nullptr;
  const bool concerns_contacts = contacts_.any_in(what.scope);
  std::vector<const Row*> effective;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Row& row = what.rows[i];
    Entry& entry = *entries[i];
    if (rows_stay && entry.fresh()) {
      entry.only_row = &row;
      entry.after = slot_state(row.cause.reason);
      entry.changed = true;
      ++added;
      if (fates != nullptr) fates->push_back(ImportFate::created);
    } else if (bool had_causes = !entry.record().causes.empty(); add(row, entry)) {
      ++(had_causes ? updated : added);
      if (fates != nullptr) {
        fates->push_back(had_causes ? ImportFate::updated : ImportFate::created);
      }
    } else {
      ++same;
      if (fates != nullptr) fates->push_back(ImportFate::unchanged);
      continue;
    }
    encode_change_row(row, entry.after, previous, log_row);
    previous = &row.cause;
    if (concerns_contacts) effective.push_back(&row);
  }
  Outcome outcome = added + updated != 0 ? log(log_row, what.scope) : unchanged();
  for (const Row* row : effective) {
    refresh_contacts(change, what.scope, row->channel, row->address);
  }
  outcome.added = added;
  outcome.updated = updated;
  outcome.unchanged = same;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const RemoveSuppression& what) {
  if (!unsuppress(change, what.scope, what.channel, what.address)) {
    return refuse(Outcome::Status::not_found);
  }
  return unchanged();
}

Outcome CommitGroup::act(const Change& change, const SetExemption& what) {
  assert(what.scope != platform_number);
  const Entry& entry = *gathered_[next_gathered_];
  if (!what.exemption && !(entry.made && entry.made->exemption)) {
    return refuse(Outcome::Status::not_found);
  }
  set_exemption(change, what.scope, what.channel, what.address, what.exemption);
  return unchanged();
}

Outcome CommitGroup::refuse(Outcome::Status status) const {
  Outcome outcome;
  outcome.status = status;
  outcome.sequence = meta_.sequence;
  return outcome;
}

Outcome CommitGroup::unchanged() const {
  return refuse(Outcome::Status::committed);
}

Outcome CommitGroup::log(std::string_view row, AccountNumber account) {
  put(Family::changes, change_key(++meta_.sequence), row);
  if (account != platform_number) {
    put(Family::account_changes, account_change_key(account, meta_.sequence), "");
  }
  return refuse(Outcome::Status::committed);
}

void CommitGroup::put(Family family, std::string_view key, std::string_view value) {
  require_ok(batch_->Put(database_.family(family), slice(key), slice(value)));
}

void CommitGroup::expire(uint64_t today, Expiry& expiry) {
  uint64_t before_day = today == 0 ? 0 : today - 1;  // today's and yesterday's are kept
  if (before_day > expiry.before_day) expiry = {before_day, true, ""};
  if (!expiry.pending) return;
  std::string end = idempotency_key(expiry.before_day, "");
  rocksdb::Slice upper(end);
  rocksdb::ReadOptions options = read_options();
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> row(
      database_.rocks().NewIterator(options, database_.family(Family::idempotency)));
  size_t rows = 0;
  for (row->Seek(expiry.from); row->Valid(); row->Next()) {
    if (rows++ == expired_rows_a_commit_max) {
      expiry.from = row->key().ToString();
      return;
    }
    require_ok(batch_->Delete(database_.family(Family::idempotency), row->key()));
  }
  require_ok(row->status());
  expiry.pending = false;
}

void CommitGroup::write_entry(Entry& entry) {
  const bool kept = entry.after != SlotState::absent;
  const bool stored = entry.before != SlotState::absent && !entry.erased_stored;
  if (stored && (!kept || entry.erased)) {
    require_ok(batch_->Delete(database_.family(Family::suppressions), slice(entry.key)));
  }
  const std::string key =
      entry.erased || entry.erased_stored ? erased_key(entry.scope, entry.address) : std::string();
  if (entry.erased_stored && (!kept || !entry.erased)) {
    require_ok(batch_->Delete(database_.family(Family::erased), slice(key)));
  }
  if (!kept) return;
  scratch_.clear();
  if (entry.erased) {
    encode_erased(entry.record(), scratch_);
    put(Family::erased, key, scratch_);
    return;
  }
  if (entry.only_row != nullptr) {
    take(*entry.only_row, plain_);
    encode(plain_, scratch_);
  } else {
    encode(*entry.made, scratch_);
  }
  put(Family::suppressions, entry.key, scratch_);
}

rocksdb::WriteBatch& CommitGroup::finish(std::vector<SetUpdate>& updates) {
  contacts_.finish();
  overlay_.write(*batch_);
  std::vector<Entry*> changed;
  changed.reserve(order_.size());
  std::copy_if(order_.begin(), order_.end(), std::back_inserter(changed),
               [](const Entry* entry) { return entry->changed; });
  sort_by_key(changed);
  for (Entry* entry : changed) {
    write_entry(*entry);
    const SlotState after = entry->after;
    if (after == entry->before) continue;
    meta_.digest -= entry_digest(entry->address, entry->scope, entry->before);
    meta_.digest += entry_digest(entry->address, entry->scope, after);
    meta_.entries += after != SlotState::absent;
    meta_.entries -= entry->before != SlotState::absent;
    updates.push_back({entry->address, entry->scope, after});
  }
  scratch_.clear();
  encode(meta_, scratch_);
  put(Family::meta, meta_key, scratch_);
  return *batch_;
}

}  // namespace suppressd
