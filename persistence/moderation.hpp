// Requests (an account's plea to support) and jobs (work on many contacts, a part a commit), as
// values. Bytes: moderation_codec.cpp. Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/contact.hpp"

namespace suppressd {

inline constexpr size_t request_targets_max = 10'000;  // contacts and addresses named one by one
inline constexpr size_t statement_octets_max = 4096;

enum class RequestKind : uint8_t { blacklist = 1, unsubscribe = 2, reactivate = 3 };
std::string_view name_of(RequestKind kind);
std::optional<RequestKind> parse_request_kind(std::string_view name);

enum class RequestState : uint8_t {
  open = 1,
  approved = 2,          // all that it names
  approved_in_part = 3,  // what `approved` lists
  rejected = 4,
};
std::string_view name_of(RequestState state);
std::optional<RequestState> parse_request_state(std::string_view name);

struct RequestTarget {
  Channel channel = Channel::email;
  std::string address;    // canonical; empty: it was erased, and there is no contact
  ContactId contact = 0;  // 0: named by its address, and no contact of the account
  bool operator==(const RequestTarget&) const = default;
};

struct ModerationRequest {
  RequestId id = 0;
  RequestKind kind = RequestKind::blacklist;
  RequestState state = RequestState::open;
  TimeMs filed_at = 0, decided_at = 0;
  std::string filed_by, decided_by;        // ids of keys
  std::string statement;                   // of the account
  std::string note;                        // of support
  std::vector<RequestTarget> targets;      // empty when it names a segment
  SegmentId segment = 0;                   // all contacts of it, when not 0
  std::optional<Channel> segment_channel;  // of a segment: one channel; nullopt: both
  std::vector<uint32_t> approved;          // approved_in_part: positions in targets, ascending
  JobId job = 0;                           // that applies it, when not 0
  // What the decision did; of a job these are the job's.
  uint64_t applied = 0, already = 0;
  bool operator==(const ModerationRequest&) const = default;
};

/// What a job does to each contact of its list. Stored: frozen.
enum class JobKind : uint8_t {
  delete_contacts = 1,
  restore_contacts = 2,  // of what another job deleted
  fill_segment = 3,      // puts what a filter finds into a segment
  delete_segment = 4,    // empties it, then it goes; `and_contacts` deletes its contacts too
  apply_request = 5,     // to all contacts of a segment
  recalculate_counts = 6,
  erase_contact = 7,
  import_contacts = 8,  // a file: contacts, suppressions, or only a report
};
std::string_view name_of(JobKind kind);

enum class JobState : uint8_t {
  running = 1,
  paused = 2,
  cancelled = 3,
  done = 4,
  failed = 5,
  uploading = 6,  // an import whose file is not there yet as a whole
};
std::string_view name_of(JobState state);
/// It will not go on.
constexpr bool ended(JobState state) {
  return state == JobState::cancelled || state == JobState::done || state == JobState::failed;
}

/// `plan` is what the job was asked for, as JSON text that the server reads; the store only keeps
/// it. `position` is where the next part begins, likewise. Both are rewritten with every part, in
/// the commit of that part, so that a job resumes after a crash without repeating or losing a row.
/// The position of an erasure is the store's own (Store::next_part_of_erasure). Positions can name
/// addresses: they are not for showing, and go when the job ends.
struct Job {
  JobId id = 0;
  JobKind kind = JobKind::delete_contacts;
  JobState state = JobState::running;
  TimeMs created_at = 0, updated_at = 0;
  std::string by;
  std::string plan;
  std::string position;
  uint64_t total = 0;    // rows it expects; 0: unknown
  uint64_t done = 0;     // rows looked at
  uint64_t changed = 0;  // rows that it changed
  uint64_t skipped = 0;  // rows that were as wanted already, or changed since they were shown
  std::string result;    // JSON text at the end: differences found, why it failed
  bool operator==(const Job&) const = default;
};

}  // namespace suppressd
