// The bytes of stored values: records to bytes and back. The drawings stand in codec.cpp; they are
// frozen, and tests pin literal bytes. Every value opens with a version octet of its kind.
//
// Decoders return nullopt on anything but a whole, well-formed record: truncation, trailing bytes,
// numbers outside their range, an unknown version. They never read past their input.
// Thread safety: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "persistence/change.hpp"
#include "persistence/records.hpp"

namespace suppressd {

/// Names the secret of a data directory without telling it.
using SecretId = std::array<uint8_t, 16>;

/// The one row that every commit rewrites: what the store holds, in numbers.
struct Meta {
  uint64_t sequence = 0;       // of the last committed change
  uint64_t entries = 0;        // entries the set must hold: suppressions and exemptions
  Digest digest;               // of those entries
  AccountNumber accounts = 0;  // accounts created so far; also the last number given
  uint64_t keys = 0;           // keys created so far, revoked ones too
  uint32_t normalizer = 0;     // normalizer_version that made the keys of the suppressions
  SecretId secret{};
  /// Which entry_digest the digest is a sum of (core/digest.hpp); version 1 is read, never made.
  uint32_t digest_version = suppressd::digest_version;
  bool operator==(const Meta&) const = default;
};

/// The value of a suppression; scope, channel and address are its key (keys.hpp).
void encode(const Suppression& record, std::string& out);
bool decode(std::string_view bytes, Suppression& into);
/// Only what the set must say, without making strings; absent when the bytes are not a record.
SlotState decode_state(std::string_view bytes);

void encode(const Account& record, std::string& out);
std::optional<Account> decode_account(std::string_view bytes);

void encode(const ApiKey& record, std::string& out);
std::optional<ApiKey> decode_key(std::string_view bytes);

void encode(const Meta& meta, std::string& out);
std::optional<Meta> decode_meta(std::string_view bytes);

/// What a repeated request with the same idempotency key is answered.
struct RememberedOutcome {
  std::array<uint8_t, 32> request_hash{};
  Outcome outcome;
};
void encode(const RememberedOutcome& remembered, std::string& out);
std::optional<RememberedOutcome> decode_remembered(std::string_view bytes);

/// Rows of `changes`: the kind of a change. Stored, so frozen.
enum class ChangeKind : uint8_t {
  add_suppressions = 1,
  remove_suppression = 2,
  set_exemption = 3,
  create_account = 4,
  update_account = 5,
  create_key = 6,
  revoke_key = 7,
  rekeyed = 8,        // the store normalized its addresses again at start
  loss_accepted = 9,  // the operator let the store go on without the changes it had lost
  // From here on the body is a LoggedAct.
  contacts_put = 10,       // number: the job; rows
  contact_edited = 11,     // subject: the contact
  contacts_deleted = 12,   // number: the job; rows
  contacts_restored = 13,  // number: the job; rows
  segment_created = 14,    // subject: the segment; text: its name, and so to members_removed
  segment_renamed = 15,
  segment_deleted = 16,
  members_added = 17,     // number: the job; rows
  members_removed = 18,   // likewise
  request_filed = 19,     // subject: the request; code: its kind
  request_decided = 20,   // code: its state
  request_applied = 21,   // number: the job, whose part this was
  job_created = 22,       // subject: the job; code: its kind, and so to job_finished
  job_state_set = 23,     // number: the state
  job_finished = 24,      // number: the state
  events_added = 25,      // number: how many
  contact_erased = 26,    // subject: the contact
  counts_adjusted = 27,   // number: how many
  import_forgotten = 28,  // subject: the job
  webhook_set = 29,       // code: the provider; number: 1, it feeds the platform; text: secret_id
  webhook_removed = 30,   // likewise
};
/// What one change did in an account, without a word that is personal: contacts are told by their
/// numbers. A change of suppressions that comes with it has rows of its own in `changes`.
struct LoggedAct {
  struct Row {
    uint8_t fate = 0;  // ContactOutcome::Fate
    uint64_t contact = 0;
    bool operator==(const Row&) const = default;
  };
  AccountNumber account = platform_number;
  uint64_t subject = 0;
  uint8_t code = 0;
  uint64_t number = 0;
  std::string text;
  std::vector<Row> rows;
  bool operator==(const LoggedAct&) const = default;
};
void encode(const LoggedAct& act, std::string& out);
std::optional<LoggedAct> decode_act(std::string_view body);
/// Bits of a row of add_suppressions, beside its channel in the low two. Stored, so frozen.
inline constexpr uint8_t row_channel = 3, row_given = 4, row_region = 8, row_same_cause = 16,
                         row_erased = 32;

/// Writes the head that every row of `changes` has; the body, if any, follows.
void encode_change_head(ChangeKind kind, std::string_view by, TimeMs at, std::string& out);
/// One effective row of add_suppressions. `previous` is the cause of the row before, or null: an
/// equal cause is not written again.
void encode_change_row(const AddSuppressions::Row& row, SlotState result, const Cause* previous,
                       std::string& out);
/// A cause as it stands in a suppression and in a row of add_suppressions. Every text at most 64
/// KiB.
void encode(const CauseView& cause, std::string& out);
/// One effective row of add_suppressions whose cause is encoded already: empty when it is that of
/// the row before.
struct EncodedRow {
  Channel channel = Channel::email;
  std::string_view address;
  std::string_view given;
  Region region;
  SlotState result = SlotState::absent;
  std::string_view cause;
  bool erased = false;  // `address` is the octets of its fingerprint
};
void encode_change_row(const EncodedRow& row, std::string& out);
/// A suppression that has this one row's cause and nothing else; the row has its cause.
void encode_suppression(const EncodedRow& row, std::string& out);
/// Reads the row that encode_change_row() wrote to the start of `bytes`; false when it is none. Its
/// cause is left empty.
bool decode_change_row(std::string_view bytes, EncodedRow& into);
/// The body of remove_suppression and of set_exemption (then with the exemption, if one was set).
/// `erased`: the address is the octets of its fingerprint.
void encode_change_address(AccountNumber scope, Channel channel, std::string_view address,
                           SlotState result, const std::optional<Exemption>& exemption,
                           std::string& out, bool erased = false);

}  // namespace suppressd
