// A group of changes worked out in memory before it is written: each change sees what those before
// it did, and only the final state of a record reaches the batch, in key order, which the memtable
// takes much faster than random order. The batch holds the suppressions, a row in `changes` for
// each change that had an effect, accounts, keys, remembered outcomes and meta.
//
// Internal to the store. Thread safety: the committer's thread.
// Errors: StorageFailure when a read fails or a stored record is damaged.
#pragma once

#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "persistence/codec.hpp"
#include "persistence/database.hpp"

namespace suppressd {

/// Where deleting the remembered outcomes of past days goes on.
struct Expiry {
  uint64_t before_day = 0;
  bool pending = false;
  std::string from;
};

/// What was answered to the key; nullopt when it is new. Throws StorageFailure.
std::optional<RememberedOutcome> find_remembered(const Database& database, const std::string& key,
                                                 TimeMs at);
/// The answer to a repetition: the outcome, or idempotency_mismatch.
Outcome outcome_again(const RememberedOutcome& remembered, const Idempotency& asked,
                      uint64_t sequence);

class CommitGroup {
 public:
  CommitGroup(const Database& database, const FingerprintKey& key, const SuppressionSet& set,
              const Meta& meta);
  ~CommitGroup();

  /// Applies the changes in memory. Throws StorageFailure; then nothing of the group may be
  /// written.
  void work_out(std::span<const Change> changes, std::span<Outcome> outcomes);
  /// Adds deletions of some outcomes that are remembered longer than promised.
  void expire(uint64_t today, Expiry& expiry);

  /// False when nothing of the group reaches the disk.
  bool writes() const;
  /// The batch, made complete with the records and meta; appends what the set must be told.
  rocksdb::WriteBatch& finish(std::vector<SetUpdate>& updates);
  const Meta& meta() const { return meta_; }

 private:
  /// A suppression that the group reads or changes.
  struct Entry {
    std::string_view key;  // of the map's node
    Fingerprint address;
    AccountNumber scope = platform_number;
    SlotState before = SlotState::absent;  // what the set says
    SlotState after = SlotState::absent;   // what it must say after the group
    bool changed = false;
    // Imports mostly add what nobody has: until something else wants its record, such an entry is
    // the row that made it, and costs neither memory nor copies.
    const AddSuppressions::Row* only_row = nullptr;
    std::unique_ptr<Suppression> made;

    bool fresh() const { return before == SlotState::absent && !changed; }
    /// Without scope, channel and address: they are in the key.
    Suppression& record();
  };

  Entry& entry(AccountNumber scope, Channel channel, std::string_view address);
  static void mark_changed(Entry& entry);
  /// Joins the row to an entry that is not fresh; false when it says nothing new.
  static bool add(const AddSuppressions::Row& row, Entry& entry);
  static void sort_by_key(std::vector<Entry*>& entries);
  void gather(std::span<const Change> changes);
  void read_gathered();

  Outcome apply(const Change& change);
  bool replay(const Change& change, Outcome& outcome);
  void remember(const Change& change, const Outcome& outcome);

  Outcome act(const Change& change, const AddSuppressions& what);
  Outcome act(const Change& change, const RemoveSuppression& what);
  Outcome act(const Change& change, const SetExemption& what);
  Outcome act(const Change& change, const CreateAccount& what);
  Outcome act(const Change& change, const UpdateAccount& what);
  Outcome act(const Change& change, const CreateKey& what);
  Outcome act(const Change& change, const RevokeKey& what);

  std::optional<Account> find_account(const std::string& id) const;
  std::optional<ApiKey> find_key(const std::string& id) const;
  void put_account(const Account& account);
  void put_key(const ApiKey& key);
  Outcome refuse(Outcome::Status status) const;
  Outcome unchanged() const;
  /// Gives the change its number and its row in `changes`.
  Outcome log(std::string_view row);
  void put(Family family, std::string_view key, std::string_view value);

  const Database& database_;
  const FingerprintKey& fingerprint_;
  const SuppressionSet& set_;
  Meta meta_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  std::pmr::monotonic_buffer_resource memory_;  // of entries_: given back at once
  std::pmr::unordered_map<std::pmr::string, Entry> entries_{&memory_};
  std::vector<Entry*> order_;     // all of entries_, as they came
  std::vector<Entry*> gathered_;  // one for each address of each change, in order
  std::vector<Entry*> to_read_;
  size_t next_gathered_ = 0;
  std::map<std::string, Account> accounts_;
  std::map<std::string, ApiKey> keys_;
  std::map<std::string, RememberedOutcome> remembered_;
  std::string scratch_;
};

}  // namespace suppressd
