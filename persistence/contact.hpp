// Contacts as values: a person in an account with at most one email and one phone, free fields, and
// what the lists need to know of each address. Bytes: contact_codec.cpp.
//
// A contact's place in every list and count follows from its record alone (contact_index.hpp), so
// the record holds, per address, the verdict of the moment with the cause that is shown. The
// committer keeps it equal to what the suppressions say, in the same commit that changes them.
//
// Within an account an address belongs to at most one contact. Numbers of contacts, segments,
// requests and jobs count up from 1 in each account and are never reused, so they tell nothing of
// other accounts. Thread safety: values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "core/types.hpp"
#include "persistence/records.hpp"

namespace suppressd {

using ContactId = uint64_t;
using SegmentId = uint32_t;
using RequestId = uint64_t;
using JobId = uint64_t;

inline constexpr size_t contact_fields_max = 64;
inline constexpr size_t field_name_octets_max = 64;
inline constexpr size_t field_value_octets_max = 1024;
inline constexpr size_t contact_segments_max = 1'000;  // segments that one contact is in
inline constexpr size_t segments_max = 10'000;         // of an account
inline constexpr size_t segment_name_octets_max = 256;
inline constexpr size_t deletion_reason_octets_max = 1024;

/// What the lists of a channel tell apart. Stored in keys: frozen.
enum class ContactState : uint8_t {
  none = 0,          // the contact has no address of this channel
  active = 1,        // clear
  soft_bounced = 2,  // clear, and the last delivery failed for a while: part of the active ones
  unsubscribed = 3,  // suppressed, and nothing but an unsubscribe says so
  blacklisted = 4,   // suppressed for any other reason
  deleted = 5,       // hidden, and as suppressed as before
};
std::string_view name_of(ContactState state);
/// `none` is no state to ask for: it parses to nullopt.
std::optional<ContactState> parse_contact_state(std::string_view name);

/// How a channel's contacts are told apart for analytics. Deleted ones are in none. Stored in keys:
/// frozen. `reached` parts into active and inactive by the day of the last activity.
enum class ContactGroup : uint8_t {
  none = 0,
  reached = 1,     // clear, and was sent a message
  lost = 2,        // suppressed, after it was sent a message
  never_sent = 3,  // was never sent a message, suppressed or not
};

/// The verdict on one address of a contact, with the cause that is shown: the strongest of the
/// scope that decides. `campaign` is empty where another account's cause decides.
struct Standing {
  Reason reason = Reason::none;  // none: clear
  Scope scope = Scope::account;
  bool exempt = false;  // clear although the platform suppresses it
  TimeMs at = 0;        // of the cause
  std::string source, campaign;
  bool operator==(const Standing&) const = default;
};

/// What these say of an account's address: its own suppression or exemption, and the platform's
/// suppression; null where there is none.
Standing standing_by(const Suppression* account, const Suppression* platform);

struct Deletion {
  TimeMs at = 0;
  std::string by;
  std::string reason;  // free text, may be empty
  JobId job = 0;       // 0: not by a job
  bool operator==(const Deletion&) const = default;
};

/// What campaigns did with one address. Times are 0 when it never happened.
struct Engagement {
  TimeMs first_sent = 0, last_sent = 0, last_delivered = 0;
  TimeMs last_engaged = 0;      // opened or clicked; for phones delivered as well
  TimeMs last_soft_bounce = 0;  // 0 again once something was delivered after it
  uint32_t sent = 0, soft_bounces = 0, hard_bounces = 0;
  bool operator==(const Engagement&) const = default;
};

struct ContactAddress {
  std::string address;  // canonical; empty: the contact has none of this channel
  std::string given;    // as it was given; empty when it equals the canonical form
  Standing standing;
  std::optional<Deletion> deletion;
  Engagement engagement;
  uint64_t sequence = 0;  // of the last change of what lists and counts show of it

  ContactState state() const;
  ContactGroup group() const;
  /// Of ContactGroup::reached: the day since 1970 of the last activity, that is of the first
  /// message or the last engagement, whichever is later.
  uint32_t active_day() const;
  /// Since when it is in its state, as far as that is known; of active ones 0.
  TimeMs state_since() const;
  bool operator==(const ContactAddress&) const = default;
};

inline constexpr size_t channels = 2;
inline constexpr std::array<Channel, channels> all_channels{Channel::email, Channel::phone};

struct Contact {
  ContactId id = 0;
  TimeMs created_at = 0, updated_at = 0;
  std::string source;  // import, api
  std::array<ContactAddress, channels> addresses;
  std::map<std::string, std::string> fields;
  std::vector<SegmentId> segments;  // ascending

  ContactAddress& of(Channel channel) { return addresses[static_cast<size_t>(channel) - 1]; }
  const ContactAddress& of(Channel channel) const {
    return addresses[static_cast<size_t>(channel) - 1];
  }
  /// When it came into its state there: active ones were created then.
  TimeMs listed_at(Channel channel) const;
  bool operator==(const Contact&) const = default;
};

struct Segment {
  SegmentId id = 0;
  std::string name;
  TimeMs created_at = 0;
  std::string by;
  bool deleting = false;  // a job is emptying it; then it goes
  bool operator==(const Segment&) const = default;
};

/// What happened to a contact, for its activity. Stored: frozen.
enum class ActivityKind : uint8_t {
  added = 1,
  imported = 2,
  edited = 3,
  sent = 4,
  delivered = 5,
  opened = 6,
  clicked = 7,
  bounced = 8,
  soft_bounced = 9,
  complained = 10,
  unsubscribed = 11,
  suppressed = 12,   // clear before, suppressed after; or for another reason now
  reactivated = 13,  // suppressed before, clear after
  deleted = 14,
  restored = 15,
  requested = 16,
  decided = 17,
  blocked = 18,  // bounced through no fault of the address: content, policy, the sender
  replied = 19,  // wrote back
};
std::string_view name_of(ActivityKind kind);

struct Activity {
  uint64_t sequence = 0;
  ActivityKind kind = ActivityKind::added;
  std::optional<Channel> channel;  // nullopt: the contact as a whole
  TimeMs at = 0;
  std::string by;                // id of the key
  std::string campaign;          // of events and of suppressions by them
  std::string detail;            // evidence, a reason of deletion, a request's number, …
  Reason reason = Reason::none;  // of suppressed
  bool operator==(const Activity&) const = default;
};

}  // namespace suppressd
