// A group of changes worked out in memory before it is written: each change sees what those before
// it did, and only the final state of a record reaches the batch, in key order, which the memtable
// takes much faster than random order. The batch holds the suppressions (of erased addresses what
// is left: erased.hpp), a row in `changes` for each change that had an effect, accounts, keys,
// remembered outcomes and meta.
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

#include "persistence/bounces.hpp"
#include "persistence/codec.hpp"
#include "persistence/contact_table.hpp"
#include "persistence/database.hpp"
#include "persistence/erasure.hpp"
#include "persistence/overlay.hpp"

namespace suppressd {

/// Where deleting the remembered outcomes of past days goes on.
struct Expiry {
  uint64_t before_day = 0;
  bool pending = false;
  std::string from;
};

/// Where dropping event ids that are older than promised goes on: round and round through all of
/// them, twice as fast as they come.
struct IdExpiry {
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
  /// The same of event ids, in a group that stored some.
  void expire_ids(TimeMs now, IdExpiry& expiry);

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
    bool erased_stored = false;  // it is in `erased`, not in `suppressions`
    bool erased = false;         // and there it belongs after the group
    // Imports mostly add what nobody has: until something else wants its record, such an entry is
    // the row that made it, and costs neither memory nor copies.
    const AddSuppressions::Row* only_row = nullptr;
    std::unique_ptr<Suppression> made;

    bool fresh() const { return before == SlotState::absent && !changed; }
    /// Without scope, channel and address: they are in the key.
    Suppression& record();
  };

  Entry& entry(AccountNumber scope, Channel channel, std::string_view address);
  /// The same, read at once: for what is not known before the changes before it took effect.
  Entry& entry_now(AccountNumber scope, Channel channel, std::string_view address);
  static void mark_changed(Entry& entry);
  /// Joins the row to an entry that is not fresh; false when it says nothing new.
  static bool add(const AddSuppressions::Row& row, Entry& entry);
  /// Of a changed entry: into the batch.
  void write_entry(Entry& entry);
  static void sort_by_key(std::vector<Entry*>& entries);
  void gather(std::span<const Change> changes);
  /// Reads ahead what a change of contacts will ask for.
  void gather_contacts(const Change& change);
  void gather_standing(AccountNumber account, Channel channel, std::string_view address);
  void read(std::span<Entry* const> entries);

  Outcome apply(const Change& change);
  bool replay(const Change& change, Outcome& outcome);
  void remember(const Change& change, const Outcome& outcome);

  Outcome add_suppressions(const Change& change, const AddSuppressions& what,
                           std::span<Entry* const> entries, bool rows_stay,
                           std::vector<ImportFate>* fates = nullptr);
  Outcome act(const Change& change, const AddSuppressions& what);
  Outcome act(const Change& change, const RemoveSuppression& what);
  Outcome act(const Change& change, const SetExemption& what);
  Outcome act(const Change& change, const CreateAccount& what);
  Outcome act(const Change& change, const UpdateAccount& what);
  Outcome act(const Change& change, const CreateKey& what);
  Outcome act(const Change& change, const RevokeKey& what);
  Outcome act(const Change& change, const PutContacts& what);
  Outcome act(const Change& change, const EditContact& what);
  Outcome act(const Change& change, const DeleteContacts& what);
  Outcome act(const Change& change, const RestoreContacts& what);
  Outcome act(const Change& change, const CreateSegment& what);
  Outcome act(const Change& change, const RenameSegment& what);
  Outcome act(const Change& change, const DeleteSegment& what);
  Outcome act(const Change& change, const ChangeMembers& what);
  Outcome act(const Change& change, const FileRequest& what);
  Outcome act(const Change& change, const DecideRequest& what);
  Outcome act(const Change& change, const ApplyRequest& what);
  Outcome act(const Change& change, const CreateJob& what);
  Outcome act(const Change& change, const SetJobState& what);
  Outcome act(const Change& change, const MoveJob& what);
  Outcome act(const Change& change, const AddEvents& what);
  Outcome act(const Change& change, const EraseContact& what);
  Outcome act(const Change& change, const EraseTraces& what);
  Outcome act(const Change& change, const AdjustCounts& what);
  Outcome act(const Change& change, const ForgetImport& what);
  Outcome act(const Change& change, const ExpireCauses& what);
  Outcome act(const Change& change, const SetWebhook& what);
  Outcome act(const Change& change, const RemoveWebhook& what);

  // commit_standing.cpp: suppressions within other changes, and what they mean for contacts.
  using Row = AddSuppressions::Row;
  /// Adds causes and logs them as a change of their own, if they say anything new.
  Outcome suppress(const Change& change, AccountNumber scope, const std::vector<Row>& rows);
  /// The record was changed: a row of its own in `changes`, and whom it concerns.
  void log_entry(const Change& change, ChangeKind kind, AccountNumber scope, Channel channel,
                 std::string_view address, Entry& entry,
                 const std::optional<Exemption>& exemption = {});
  /// Ends all causes of the scope; false when there are none.
  bool unsuppress(const Change& change, AccountNumber scope, Channel channel,
                  std::string_view address);
  bool set_exemption(const Change& change, AccountNumber scope, Channel channel,
                     std::string_view address, const std::optional<Exemption>& exemption);
  /// What the account's checks say of the address now.
  Standing standing(AccountNumber account, Channel channel, std::string_view address);
  /// After the last change logged: brings the contacts that have the address up to date.
  void refresh_contacts(const Change& change, AccountNumber scope, Channel channel,
                        std::string_view address);
  void refresh_contact(const Change& change, AccountNumber account, ContactId id, Channel channel);

  // commit_contacts.cpp, commit_segments.cpp
  ContactOutcome put_contact(const Change& change, const PutContacts& what,
                             const PutContacts::Row& row);
  struct Taken {
    bool kept_deleted = false, restored = false;
  };
  /// Reads the records of those who have the rows' addresses.
  void prefetch_owned(const PutContacts& what);
  Taken take_addresses(const PutContacts& what, const PutContacts::Row& row, Contact& contact);
  ContactOutcome delete_contact(const Change& change, AccountNumber account, ContactId id,
                                uint8_t channels, const std::string& reason, uint64_t shown_at,
                                JobId job);
  std::optional<Segment> find_segment(AccountNumber account, SegmentId id);
  void put_segment(AccountNumber account, const Segment& segment);
  bool segment_name_taken(AccountNumber account, std::string_view name, SegmentId but);
  /// Logs what happened to the contacts, if anything did, and makes the outcome of it.
  Outcome log_contacts(const Change& change, ChangeKind kind, LoggedAct act,
                       std::vector<ContactOutcome> outcomes, const std::optional<JobStep>& step);
  Outcome log_act(const Change& change, ChangeKind kind, const LoggedAct& act);

  // commit_jobs.cpp
  std::optional<Job> find_job(AccountNumber account, JobId id);
  void put_job(AccountNumber account, const Job& job);
  JobId create_job(const Change& change, AccountNumber account, Job job);
  /// What a job was to delete, and will not, is a segment like any other again.
  void release_segment(AccountNumber account, JobId id);
  /// False when the part must not take effect.
  bool may_step(const std::optional<JobStep>& step);
  void take_step(const Change& change, const std::optional<JobStep>& step, uint64_t changed,
                 uint64_t skipped);

  // commit_imports.cpp
  void keep_import(const Change& change, const PutContacts& what,
                   const std::vector<ContactOutcome>& outcomes);
  void keep_import(const Change& change, const AddSuppressions& what,
                   const std::vector<ImportFate>& fates);
  void keep_import_rows(const Change& change, const JobStep& step, std::vector<ImportMark> rows);

  // commit_expiry.cpp
  BounceRecord find_bounces(AccountNumber scope, Channel channel, std::string_view address);
  void put_bounces(AccountNumber scope, Channel channel, std::string_view address,
                   const BounceRecord& before, const BounceRecord& after);
  /// Ends the causes of these reasons; false when there are none.
  bool end_causes(const Change& change, AccountNumber scope, Channel channel,
                  std::string_view address, const std::vector<Reason>& reasons);

  // commit_event_ids.cpp
  void gather_events(const AddEvents& what);
  void gather_bounces(const ExpireCauses& what);
  enum class Seen : uint8_t { never, same, other };
  /// Remembers the event's id when it was never seen.
  Seen see(const AddEvents& what, const AddEvents::Row& row, TimeMs now);
  uint64_t content_hash(const AddEvents::Row& row) const;
  std::string event_id_key(AccountNumber account, std::string_view id) const;

  // commit_events.cpp
  /// An event that counts, as what it counts.
  struct Told {
    const AddEvents::Row* row;
    ActivityKind kind;
    std::string limit;  // what reached the limit of soft bounces, in words; else empty
  };
  /// Whether it works: what is remembered of bounces may change by it.
  static bool tells_of_address(ActivityKind kind);
  Told tell_bounces(const AddEvents& what, const AddEvents::Row& row);
  /// Whom each row is about (0: nobody), their records read ahead.
  std::vector<ContactId> contacts_of(AccountNumber account, const std::vector<Told>& events);
  void tell_event(const Change& change, AccountNumber account, ContactId id, const Told& event);
  void suppress_by(const Change& change, const AddEvents& what, const std::vector<Told>& events,
                   Outcome& outcome);
  /// Whether so many accounts say by now that the address bounces hard.
  bool claim(AccountNumber account, const AddEvents::Row& row, uint32_t needed);

  // commit_webhooks.cpp
  std::optional<WebhookConfig> find_webhook(AccountNumber account, WebhookProvider provider);

  // commit_requests.cpp
  std::optional<ModerationRequest> find_request(AccountNumber account, RequestId id);
  void put_request(AccountNumber account, const ModerationRequest& request);
  struct Effects {
    uint64_t applied = 0, already = 0;
  };
  void tell_targets(const Change& change, AccountNumber account, const ModerationRequest& request,
                    ActivityKind kind);
  Effects apply_request(const Change& change, AccountNumber account,
                        const ModerationRequest& request,
                        const std::vector<RequestTarget>& targets);

  // commit_erase.cpp
  /// Closes what suppresses the address, in the account and, unless another account's contact needs
  /// it there, on the platform: that is the answer.
  bool erase_address(AccountNumber account, Channel channel, std::string_view address);
  static void erase_entry(Entry& entry);
  /// Some of the activity; false while there may be more.
  bool erase_activity(AccountNumber account, ContactId id);
  void erase_from_request(const Change& change, AccountNumber account, RequestId id,
                          const ErasurePlace& place);
  void erase_from_job(AccountNumber account, JobId id, const ErasurePlace& place);

  std::optional<Account> find_account(const std::string& id) const;
  std::optional<ApiKey> find_key(const std::string& id) const;
  void put_account(const Account& account);
  void put_key(const ApiKey& key);
  Outcome refuse(Outcome::Status status) const;
  Outcome unchanged() const;
  /// Gives the change its number, its row in `changes`, and its place in the account's feed.
  Outcome log(std::string_view row, AccountNumber account);
  /// The number that log() will give next.
  uint64_t next_sequence() const { return meta_.sequence + 1; }
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
  Suppression plain_;  // of write_entry()
  size_t ids_stored_ = 0;
  Overlay overlay_;
  ContactTable contacts_;
};

}  // namespace suppressd
