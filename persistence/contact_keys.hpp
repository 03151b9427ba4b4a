// The keys of what an account's people work with. Numbers are big-endian, so that they sort.
//
//   contacts       account: 4 | contact: 8                                    → the record
//   owners         channel: 1 | canonical address | 0 | account: 4            → contact: 8
//                  all accounts' contacts of one address lie together
//   contact_index  account: 4 | list: 1 | …                                   → contact: 8
//     'a'          channel: 1 | state: 1 | canonical address                  by address
//     't'          channel: 1 | state: 1 | ~listed at: 8 | contact: 8         newest first
//     'g'          channel: 1 | group: 1 | active day: 4 | canonical address  day 0 but for reached
//     's'          segment: 4 | channel: 1 | canonical address                members
//     'f'          field name | 0 | lower-case start of its value | 0 | contact: 8
//   counts         account: 4 | channel: 1 (0: both) | what: 1 | value        → count: 8
//   activity       account: 4 | contact: 8 | ~sequence: 8 | ~number: 4        newest first
//   segments       account: 4 | segment: 4
//   requests       'r' | account: 4 | request: 8                              → the record
//                  'o' | filed at: 8 | account: 4 | request: 8                open ones, oldest first
//                  'c' | account: 4 | contact: 8 | request: 8                 about a contact
//   jobs           'j' | account: 4 | job: 8                                  → the record
//                  'r' | account: 4 | job: 8                                  running ones
//                  'd' | account: 4 | job: 8                                  → its segment: 8, to go
//   erased         scope: 4 | fingerprint: 16                                 → what is still said
//   claims         channel: 1 | canonical address | 0 | account: 4            → at: 8, hard bounces
//   imports        'c' | account: 4 | job: 8                                  → sums over its rows
//                  'r' | account: 4 | job: 8 | first row: 8                   → a part's rows
//   webhooks       account: 4 | provider: 1                                   → webhook_codec.cpp
//   account_changes  account: 4 | sequence: 8                                 → nothing
//   event_ids      account: 4 | keyed hash of the id: 16                      → seen at: 8 | content: 8
//                  no address, nor an id in clear: the content is a keyed hash as well
//   bounces        'b' | scope: 4 | channel: 1 | canonical address            → bounces.hpp
//                  'x' | expires at: 8 | scope: 4 | channel: 1 | canonical address   → nothing
//
// A canonical address holds no octet 0. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "persistence/bytes.hpp"
#include "persistence/contact.hpp"

namespace suppressd {

/// What a count is of. Stored in keys: frozen. The value that follows is drawn beside each.
enum class CountOf : uint8_t {
  contacts = 'c',    // channel 0, value empty: records of contacts, deleted ones too
  state = 's',       // state: 1
  group = 'g',       // group: 1 | reason: 1        lost and never_sent
  active_day = 'd',  // day: 4                      reached, by day of the last activity
  reason = 'r',      // reason: 1                   this and the next five: suppressed, not deleted
  source = 'o',      // text
  campaign = 'm',    // text
  domain = 'n',      // text; emails
  cause_day = 'y',   // day: 4
  scope = 'p',       // scope: 1
  segment = 'e',     // segment: 4                  members that are not deleted
  segments = 'k',    // channel 0, value empty: how many segments there are
  segment_name = 'w',  // channel 0, the name: no count, but the segment that has it
  last_number = '#',   // 'c', 's', 'r', 'j': the last contact, segment, request, job; channel 0
};

inline constexpr size_t field_index_octets_max = 64;  // of a field's value

/// Octets of a key before and after an address, at most: reserved, so that a key is allocated once.
inline constexpr size_t key_head_max = 12;

inline void append_account(AccountNumber account, std::string& key) {
  ByteWriter(key).u32(account);
}

inline std::string contact_key(AccountNumber account, ContactId id) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u64(id);
  return key;
}

/// The start that all owners of an address share.
inline std::string owner_prefix(Channel channel, std::string_view address) {
  std::string key;
  key.reserve(key_head_max + address.size());
  ByteWriter to(key);
  to.u8(static_cast<uint8_t>(channel));
  to.raw(address);
  to.u8(0);
  return key;
}
inline std::string owner_key(AccountNumber account, Channel channel, std::string_view address) {
  std::string key = owner_prefix(channel, address);
  ByteWriter(key).u32(account);
  return key;
}

inline std::string contact_number(ContactId id) {
  std::string value;
  ByteWriter(value).u64(id);
  return value;
}

inline std::string index_by_address(AccountNumber account, Channel channel, ContactState state,
                                    std::string_view address) {
  std::string key;
  key.reserve(key_head_max + address.size());
  ByteWriter to(key);
  to.u32(account);
  to.u8('a');
  to.u8(static_cast<uint8_t>(channel));
  to.u8(static_cast<uint8_t>(state));
  to.raw(address);
  return key;
}
/// Without the contact: the start of all listed at that time.
inline std::string index_by_time(AccountNumber account, Channel channel, ContactState state,
                                 TimeMs listed_at) {
  std::string key;
  key.reserve(2 * key_head_max);
  ByteWriter to(key);
  to.u32(account);
  to.u8('t');
  to.u8(static_cast<uint8_t>(channel));
  to.u8(static_cast<uint8_t>(state));
  to.u64(~listed_at);
  return key;
}
inline std::string index_by_group(AccountNumber account, Channel channel, ContactGroup group,
                                  uint32_t day, std::string_view address) {
  std::string key;
  key.reserve(key_head_max + address.size());
  ByteWriter to(key);
  to.u32(account);
  to.u8('g');
  to.u8(static_cast<uint8_t>(channel));
  to.u8(static_cast<uint8_t>(group));
  to.u32(day);
  to.raw(address);
  return key;
}
inline std::string index_by_segment(AccountNumber account, SegmentId segment, Channel channel,
                                    std::string_view address) {
  std::string key;
  key.reserve(key_head_max + address.size());
  ByteWriter to(key);
  to.u32(account);
  to.u8('s');
  to.u32(segment);
  to.u8(static_cast<uint8_t>(channel));
  to.raw(address);
  return key;
}
inline std::string index_by_segment_start(AccountNumber account, SegmentId segment) {
  std::string key = index_by_segment(account, segment, Channel::email, {});
  key.pop_back();  // the channel
  return key;
}
/// `value` is in lower case and cut already (field_index_text). Without the contact: the start of
/// all fields whose value starts so.
inline std::string index_by_field(AccountNumber account, std::string_view name,
                                  std::string_view value) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u8('f');
  to.raw(name);
  to.u8(0);
  to.raw(value);
  return key;
}
/// What the index holds of a field's value: its first field_index_octets_max octets, ASCII letters
/// in lower case, octets 0 left out.
std::string field_index_text(std::string_view value);

/// `channel` 0: of both.
inline std::string count_key(AccountNumber account, uint8_t channel, CountOf what,
                             std::string_view value = {}) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u8(channel);
  to.u8(static_cast<uint8_t>(what));
  to.raw(value);
  return key;
}
inline std::string count_key(AccountNumber account, Channel channel, CountOf what,
                             std::string_view value) {
  return count_key(account, static_cast<uint8_t>(channel), what, value);
}

inline std::string activity_prefix(AccountNumber account, ContactId id) {
  return contact_key(account, id);
}
inline std::string activity_key(AccountNumber account, ContactId id, uint64_t sequence,
                                uint32_t number) {
  std::string key = activity_prefix(account, id);
  ByteWriter to(key);
  to.u64(~sequence);
  to.u32(~number);
  return key;
}

inline std::string segment_key(AccountNumber account, SegmentId id) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u32(id);
  return key;
}

inline std::string tagged_key(char tag, AccountNumber account, uint64_t id) {
  std::string key(1, tag);
  ByteWriter to(key);
  to.u32(account);
  to.u64(id);
  return key;
}
inline std::string request_key(AccountNumber account, RequestId id) {
  return tagged_key('r', account, id);
}
inline std::string open_request_key(TimeMs filed_at, AccountNumber account, RequestId id) {
  std::string key(1, 'o');
  ByteWriter to(key);
  to.u64(filed_at);
  to.u32(account);
  to.u64(id);
  return key;
}
inline std::string contact_request_key(AccountNumber account, ContactId contact, RequestId id) {
  std::string key = tagged_key('c', account, contact);
  ByteWriter(key).u64(id);
  return key;
}
inline std::string job_key(AccountNumber account, JobId id) {
  return tagged_key('j', account, id);
}
inline std::string running_job_key(AccountNumber account, JobId id) {
  return tagged_key('r', account, id);
}

inline std::string deleted_segment_key(AccountNumber account, JobId id) {
  return tagged_key('d', account, id);
}

inline std::string import_counts_key(AccountNumber account, JobId id) {
  return tagged_key('c', account, id);
}
inline std::string import_rows_key(AccountNumber account, JobId id, uint64_t first_row) {
  std::string key = tagged_key('r', account, id);
  ByteWriter(key).u64(first_row);
  return key;
}

inline std::string account_change_key(AccountNumber account, uint64_t sequence) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u64(sequence);
  return key;
}

}  // namespace suppressd
