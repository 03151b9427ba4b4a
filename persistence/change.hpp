// A change is what one request asks of the store: it is committed whole or not at all, and gets one
// sequence number. The committer hands changes to Store::commit in groups.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/digest.hpp"
#include "core/fingerprint.hpp"
#include "persistence/contact.hpp"
#include "persistence/import_outcome.hpp"
#include "persistence/moderation.hpp"
#include "persistence/records.hpp"
#include "persistence/webhook.hpp"

namespace suppressd {

/// Marks a change as a part of a job: it is refused (`stopped`) unless the job is running and stands
/// at `from`, and moves the job on in the same commit.
struct JobStep {
  AccountNumber account = platform_number;
  JobId job = 0;
  std::string from;      // the position before
  std::string position;  // and after
  uint64_t rows = 0;     // looked at for this part
  uint64_t skipped = 0;  // of them: passed over before they came here
  uint64_t total = 0;    // what the job expects in all by now; 0: as before
  bool finished = false;
  std::string result;                  // kept when finished; may be empty
  std::optional<ImportPart> import{};  // of PutContacts, AddSuppressions and MoveJob
};

/// Adds causes: each row becomes, or joins, a suppression of `scope`. A cause equal in reason,
/// source, campaign and evidence to one that is there leaves the record unchanged.
struct AddSuppressions {
  struct Row {
    Channel channel = Channel::email;
    std::string address;  // canonical
    std::string given;    // empty when equal to address
    Region region;
    Cause cause;
  };
  AccountNumber scope = platform_number;
  std::vector<Row> rows;  // at most change_rows_max
  std::optional<JobStep> step{};
};
inline constexpr size_t change_rows_max = 10'000;

/// Removes one suppression with all its causes (an exemption stays).
struct RemoveSuppression {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical
};

/// Sets (or with nullopt lifts) an account's exemption from the platform's suppression.
struct SetExemption {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical
  std::optional<Exemption> exemption;
};

struct CreateAccount {
  Account account; /* number is given by the store */
};
/// Changes what it names and leaves the rest, so that two updates at once both take effect.
struct UpdateAccount {
  std::string id;
  std::optional<std::string> name{};
  std::optional<Region> default_region{};
  std::optional<bool> self_service{};
  std::optional<bool> trusted_bounces{};
  std::optional<SoftBouncePolicy> soft_bounces{};
  std::array<std::optional<uint16_t>, reasons_end> expire_after_days{};

  void apply_to(Account& account) const {
    if (name) account.name = *name;
    if (default_region) account.default_region = *default_region;
    if (self_service) account.policies.self_service = *self_service;
    if (trusted_bounces) account.policies.trusted_bounces = *trusted_bounces;
    if (soft_bounces) account.policies.soft_bounces = *soft_bounces;
    for (size_t reason = 0; reason < reasons_end; ++reason) {
      if (const auto days = expire_after_days[reason]) {
        account.policies.expire_after_days[reason] = *days;
      }
    }
  }
};
struct CreateKey {
  ApiKey key;
};
struct RevokeKey {
  std::string id;
};

/// Creates contacts, or updates those whose email or phone is known: what a row gives replaces what
/// was there, what it leaves out stays. A deleted one is recognized and stays deleted, unless
/// restore_deleted. A row whose addresses belong to two contacts changes nothing. `not_found`, and
/// nothing is changed, when a row's segment is not there or is being deleted.
struct PutContacts {
  struct Row {
    std::array<std::string, channels> addresses;  // canonical; empty: not given
    std::array<std::string, channels> given;      // empty when equal to the address
    std::map<std::string, std::string> fields;
    SegmentId segment = 0;  // joined as well, when not 0
  };
  AccountNumber account = platform_number;
  std::string source;
  bool restore_deleted = false;
  std::vector<Row> rows;  // at most change_rows_max
  std::optional<JobStep> step;
};

/// Changes one contact. nullopt: stays. An empty address takes that address away (not the last).
struct EditContact {
  AccountNumber account = platform_number;
  ContactId id = 0;
  std::array<std::optional<std::string>, channels> addresses;  // canonical
  std::array<std::string, channels> given;                     // empty when equal
  std::map<std::string, std::optional<std::string>> fields;    // nullopt: the field goes
};

/// Bits of channels: 1 email, 2 phone.
inline constexpr uint8_t both_channels = 3;
constexpr uint8_t channel_bit(Channel channel) {
  return static_cast<uint8_t>(channel);
}

/// Hides contacts, in one channel or both. They stay as suppressed as they were.
struct DeleteContacts {
  AccountNumber account = platform_number;
  std::vector<ContactId> ids;  // at most change_rows_max
  uint8_t channels = both_channels;
  std::string reason;
  uint64_t shown_at = ~uint64_t{0};  // what the lists show otherwise since then is left alone
  std::optional<JobStep> step;       // then Deletion::job is it
};

/// The opposite. `deleted_by`: only what that job deleted; 0: whoever did.
struct RestoreContacts {
  AccountNumber account = platform_number;
  std::vector<ContactId> ids;
  uint8_t channels = both_channels;
  JobId deleted_by = 0;
  std::optional<JobStep> step;
};

struct CreateSegment {
  AccountNumber account = platform_number;
  std::string name;  // already_exists when another one has it
};
struct RenameSegment {
  AccountNumber account = platform_number;
  SegmentId id = 0;
  std::string name;
};
/// The last part of the job that emptied a segment: now it goes.
struct DeleteSegment {
  AccountNumber account = platform_number;
  SegmentId id = 0;
  JobStep step;
};
/// Adds contacts to a segment, or takes them out. With `delete_channels` they are deleted too.
struct ChangeMembers {
  AccountNumber account = platform_number;
  SegmentId id = 0;
  std::vector<ContactId> ids;
  bool add = true;
  uint8_t delete_channels = 0;
  uint64_t shown_at = ~uint64_t{0};  // of the deletion
  std::string reason;                // of the deletion
  std::optional<JobStep> step;
};

struct FileRequest {
  AccountNumber account = platform_number;
  ModerationRequest request;  // number and state are given by the store
};
/// Decides an open request; `already_exists` when it is decided. The effects of one that names its
/// targets are part of the commit; one of a segment gets `job`.
struct DecideRequest {
  AccountNumber account = platform_number;
  RequestId id = 0;
  RequestState state = RequestState::approved;
  std::vector<uint32_t> approved;  // positions in targets
  std::string note;
  std::optional<Job> job;  // of a segment's approval
};
/// A part of the job of a segment's approval.
struct ApplyRequest {
  AccountNumber account = platform_number;
  RequestId id = 0;
  std::vector<RequestTarget> targets;
  JobStep step;
};

/// With number and state given by the store. `deletes_segment`: marked as being deleted, so that
/// nothing joins it any more, until the job is cancelled or fails.
struct CreateJob {
  AccountNumber account = platform_number;
  Job job;
  SegmentId deletes_segment = 0;
};
/// Pauses, resumes or cancels; `stopped` when the job's state does not allow it. An erasure that has
/// begun can only be paused and resumed: what is left of it must go.
struct SetJobState {
  AccountNumber account = platform_number;
  JobId id = 0;
  JobState state = JobState::paused;
  std::string result;  // of a failed one, or why it waits
  std::string plan{};  // replaces the job's when not empty; what was being uploaded starts with it
};
/// Forgets an import that has ended, with what it kept of its rows; `stopped` when it has not.
struct ForgetImport {
  AccountNumber account = platform_number;
  JobId job = 0;
};
/// A part of a job that changes nothing but the job.
struct MoveJob {
  JobStep step;
  uint64_t changed = 0;
};

/// What campaigns saw. A hard bounce, a complaint and an unsubscribe suppress in the account; a hard
/// bounce also on the platform when it is `trusted`, or once `claims_needed` accounts say so (0:
/// never). Soft bounces suppress as `soft_bounces` says. An event whose id came before within
/// event_ids_kept_ms counts for nothing when it is the same event, and is refused when it is another
/// (Outcome::duplicates, refused_rows).
struct AddEvents {
  struct Row {
    ActivityKind kind = ActivityKind::sent;  // sent to unsubscribed, blocked, replied
    Channel channel = Channel::email;
    std::string address;  // canonical
    std::string given;    // empty when equal
    Region region;
    TimeMs at = 0;
    std::string campaign;
    std::string detail;  // evidence
    std::string id;      // of the event, where its sender gave one; at most event_id_octets_max
    /// Of a soft bounce: a hard one, if the same was said bounce_confirm_ms before or earlier.
    bool confirmable = false;
    bool timed = false;  // the sender said when; else `at` says nothing of whether it is the same
  };
  AccountNumber account = platform_number;
  std::vector<Row> rows;  // at most change_rows_max
  bool trusted = false;   // the account's policy, or a provider's proven word
  uint32_t claims_needed = 0;
  SoftBouncePolicy soft_bounces{};
  std::string source = "campaign";  // or webhook:<provider>
};
inline constexpr size_t event_id_octets_max = 128;
inline constexpr TimeMs event_ids_kept_ms = 7ull * 24 * 60 * 60 * 1000;
inline constexpr TimeMs bounce_confirm_ms = 24ull * 60 * 60 * 1000;

/// Ends the causes of these addresses that have expired at the time of the change: those of a reason
/// when none of them, and no bounce, is younger than its days; and those of soft_bounce_limit when
/// the time that its policy gave them is over. What is there by then decides, not what was when the
/// addresses were looked up (BounceReader::expired).
struct ExpireCauses {
  struct Row {
    Channel channel = Channel::email;
    std::string address;  // canonical
  };
  AccountNumber scope = platform_number;
  ExpiryDays after_days{};
  std::vector<Row> rows;  // at most change_rows_max
};
/// Who did it, in `by` of changes that the policies make.
inline constexpr std::string_view by_policy = "policy";

struct Change;
/// Sets what proves a provider's word, or whether it feeds the platform; what is absent stays.
/// `not_found` when there is no record yet and no proof.
struct SetWebhook {
  AccountNumber account = platform_number;
  WebhookProvider provider = WebhookProvider::ses;
  std::optional<WebhookProof> proof;
  std::string secret_id;               // of the proof, if it is another one
  std::optional<bool> feeds_platform;  // of support and admin only
  bool by_staff = false;               // else a new proof does not feed the platform

  std::optional<WebhookConfig> apply_to(const std::optional<WebhookConfig>& before,
                                        const Change& change) const;
};
struct RemoveWebhook {
  AccountNumber account = platform_number;
  WebhookProvider provider = WebhookProvider::ses;
};

/// The first part of the job of an erasure: everything personal of the contact goes; what suppresses
/// its addresses stays as a keyed hash with reason and date, in the account, and on the platform
/// unless another account has such a contact. Other accounts' contacts stay. Refused (`stopped`)
/// unless the job is running and stands at its beginning. Store::next_part_of_erasure makes it.
struct EraseContact {
  AccountNumber account = platform_number;
  ContactId id = 0;
  JobId job = 0;
};
/// A later part: takes the addresses that the job's position names out of these.
struct EraseTraces {
  JobStep step;
  std::vector<RequestId> requests;  // of the account
  std::vector<JobId> jobs;          // of the account; only ended ones lose anything
  std::vector<uint64_t> changes;    // sequences
};

/// Adds to counts what a recount found missing (modulo 2^64), by key of `counts`.
struct AdjustCounts {
  AccountNumber account = platform_number;
  std::vector<std::pair<std::string, uint64_t>> differences;
  std::optional<JobStep> step;
};

/// Lets a repeated request get the first one's outcome. `key` is unique per caller: the caller
/// prefixes the API key's id. Kept for at least idempotency_kept.
struct Idempotency {
  std::string key;
  std::array<uint8_t, 32> request_hash{};
};
inline constexpr TimeMs idempotency_kept_ms = 24ull * 60 * 60 * 1000;

struct Change {
  std::variant<AddSuppressions, RemoveSuppression, SetExemption, CreateAccount, UpdateAccount,
               CreateKey, RevokeKey, PutContacts, EditContact, DeleteContacts, RestoreContacts,
               CreateSegment, RenameSegment, DeleteSegment, ChangeMembers, FileRequest,
               DecideRequest, ApplyRequest, CreateJob, SetJobState, MoveJob, AddEvents,
               EraseContact, EraseTraces, AdjustCounts, ForgetImport, ExpireCauses, SetWebhook,
               RemoveWebhook>
      what;
  std::string by;  // id of the API key
  TimeMs at = 0;
  std::optional<Idempotency> idempotency;
};

/// What a change did to one contact.
struct ContactOutcome {
  enum class Fate : uint8_t {
    created,
    updated,
    unchanged,
    restored,
    deleted,
    kept_deleted,  // recognized among the deleted ones, and left there; what was given was stored
    not_found,
    conflict,  // its addresses belong to two contacts
    changed,   // since it was shown: left alone
    too_many,  // it would have more fields, or be in more segments, than a contact may
  };
  Fate fate = Fate::unchanged;
  ContactId id = 0;
  std::array<Standing, channels> standings;  // of PutContacts
  bool stored = false;  // of kept_deleted: what was given was new, and its record has it now
};
std::string_view name_of(ContactOutcome::Fate fate);

/// How a change ended. Anything but `committed` and `replayed` changed nothing, except `unknown`:
/// then the write failed on its way to disk, may or may not come back after a restart, and every
/// later change is refused.
struct Outcome {
  enum class Status : uint8_t {
    committed,
    replayed,              // same idempotency key, same request: the first outcome again
    idempotency_mismatch,  // same idempotency key, another request
    not_found,
    already_exists,
    stopped,   // the job is not running, or not where this part of it begins
    conflict,  // an address belongs to another contact, or it is the contact's last; a limit of
               // the account is reached; a segment is not empty
    unknown,   // the storage failed during this write
    refused,   // the storage failed earlier; a restart is needed
  };
  Status status = Status::refused;
  uint64_t sequence = 0;   // of this change; the store's last one when nothing was written
  uint32_t added = 0;      // rows: new suppressions
  uint32_t updated = 0;    // rows: a cause joined
  uint32_t unchanged = 0;  // rows: nothing new
  AccountNumber account = platform_number;  // CreateAccount: the number given
  uint64_t id = 0;          // the number given to a contact, a segment, a request or a job
  uint32_t duplicates = 0;  // AddEvents: rows whose event was there; among `unchanged` too
  /// AddEvents: positions of rows whose id belongs to another event. Counted nowhere else.
  std::vector<uint32_t> refused_rows{};
  /// Of PutContacts, DeleteContacts, RestoreContacts and ChangeMembers: one for each row, in order.
  /// Not remembered with an idempotency key.
  std::shared_ptr<const std::vector<ContactOutcome>> contacts{};
};

/// What the set must be told after a commit, in commit order.
struct SetUpdate {
  Fingerprint address;
  AccountNumber account = platform_number;
  SlotState state = SlotState::absent;
};

}  // namespace suppressd
