// What the tests of contacts share: changes in short, and everything that a closed store holds of
// contacts, read behind its back, with the proof that lists, counts and verdicts are what the
// records say.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "persistence/change_row.hpp"
#include "persistence/contact_codec.hpp"
#include "persistence/contact_index.hpp"
#include "raw_database.hpp"
#include "store_harness.hpp"

namespace suppressd {

using Fate = ContactOutcome::Fate;
using ContactName = std::pair<AccountNumber, ContactId>;

inline PutContacts::Row row_of(std::string email, std::string phone = "",
                               std::map<std::string, std::string> fields = {},
                               SegmentId segment = 0) {
  return {{std::move(email), std::move(phone)}, {}, std::move(fields), segment};
}
inline PutContacts put_of(AccountNumber account, std::vector<PutContacts::Row> rows) {
  return {account, "api", false, std::move(rows), std::nullopt};
}
inline EditContact edit_of(AccountNumber account, ContactId id, Channel channel,
                           std::string address) {
  EditContact edit{account, id, {}, {}, {}};
  edit.addresses[static_cast<size_t>(channel) - 1] = std::move(address);
  return edit;
}
inline JobStep step_of(AccountNumber account, JobId job, std::string from, std::string position,
                       bool finished = false) {
  JobStep step;
  step.account = account;
  step.job = job;
  step.from = std::move(from);
  step.position = std::move(position);
  step.finished = finished;
  return step;
}
inline Fate fate_of(const Outcome& outcome, size_t row = 0) {
  REQUIRE(outcome.status == Outcome::Status::committed);
  REQUIRE(outcome.contacts);
  return outcome.contacts->at(row).fate;
}

/// All that a closed store holds of contacts.
class StoredContacts {
 public:
  explicit StoredContacts(const fs::path& directory) : database_(directory) {
    for (const auto& [key, value] : database_.rows("contacts")) {
      ByteReader from(key);
      const AccountNumber account = from.u32();
      const ContactId id = from.u64();
      Contact contact;
      REQUIRE((from.finished() && decode(value, contact)));
      contact.id = id;
      contacts_.emplace(ContactName{account, id}, std::move(contact));
    }
    sequence_ = database_.meta().sequence;
  }

  const std::map<ContactName, Contact>& all() const { return contacts_; }
  const Contact& one(AccountNumber account, ContactId id) const {
    return contacts_.at({account, id});
  }
  uint64_t sequence() const { return sequence_; }

  std::optional<Segment> segment(AccountNumber account, SegmentId id) {
    const auto rows = database_.rows("segments");
    const auto at = rows.find(segment_key(account, id));
    return at != rows.end() ? decode_segment(at->second) : std::nullopt;
  }
  ModerationRequest request(AccountNumber account, RequestId id) {
    return decode_request(database_.get("requests", request_key(account, id))).value();
  }
  Job job(AccountNumber account, JobId id) {
    return decode_job(database_.get("jobs", job_key(account, id))).value();
  }
  /// Newest first.
  std::vector<Activity> activity(AccountNumber account, ContactId id) {
    std::vector<Activity> all;
    for (const auto& [key, value] : database_.rows("activity")) {
      if (!key.starts_with(activity_prefix(account, id))) continue;
      all.push_back(decode_activity(value).value());
      ByteReader from(std::string_view(key).substr(12));
      all.back().sequence = ~from.u64();
    }
    return all;
  }
  uint64_t count(AccountNumber account, uint8_t channel, CountOf what,
                 std::string_view value = {}) {
    const auto rows = database_.rows("counts");
    const auto at = rows.find(count_key(account, channel, what, value));
    return at != rows.end() ? ByteReader(at->second).u64() : 0;
  }

  /// Everything that follows from the records is there, and nothing else.
  void require_sound() {
    require_places();
    require_counts();
    require_verdicts();
    require_work();
    require_log();
  }

 private:
  using Rows = std::map<std::string, std::string>;

  void require_places() {
    Rows index, owners;
    for (const auto& [name, contact] : contacts_) {
      const auto& [account, id] = name;
      for (const std::string& key : index_keys(account, contact)) {
        REQUIRE(index.emplace(key, contact_number(id)).second);
      }
      for (const Channel channel : all_channels) {
        const ContactAddress& at = contact.of(channel);
        if (at.address.empty()) continue;
        REQUIRE(at.sequence != 0);
        REQUIRE(at.sequence <= sequence_);
        REQUIRE(owners.emplace(owner_key(account, channel, at.address), contact_number(id)).second);
      }
    }
    REQUIRE(database_.rows("contact_index") == index);
    REQUIRE(database_.rows("owners") == owners);
  }

  void require_counts() {
    std::map<std::string, uint64_t> counted;
    Rows expected;
    for (const auto& [name, contact] : contacts_) {
      for (const std::string& key : count_keys(name.first, contact)) ++counted[key];
      ++counted[count_key(platform_number, 0, CountOf::contacts)];
    }
    for (const auto& [key, value] : database_.rows("segments")) {
      const Segment segment = decode_segment(value).value();
      const AccountNumber account = ByteReader(key).u32();
      ++counted[count_key(account, 0, CountOf::segments)];
      expected[count_key(account, 0, CountOf::segment_name, segment.name)] =
          contact_number(segment.id);
    }
    for (const auto& [key, count] : counted) expected[key] = contact_number(count);
    Rows stored = database_.rows("counts");
    std::erase_if(stored, [](const auto& row) {
      return row.first[5] == static_cast<char>(CountOf::last_number);
    });
    REQUIRE(stored == expected);
  }

  void require_verdicts() {
    const Rows rows = database_.rows("suppressions");
    const auto said = [&rows](AccountNumber scope, Channel channel, const std::string& address) {
      Suppression record;
      const auto at = rows.find(suppression_key(scope, channel, address));
      if (at != rows.end()) REQUIRE(decode(at->second, record));
      return record;
    };
    for (const auto& [name, contact] : contacts_) {
      for (const Channel channel : all_channels) {
        const ContactAddress& at = contact.of(channel);
        if (at.address.empty()) continue;
        REQUIRE(at.standing == verdict(said(name.first, channel, at.address),
                                       said(platform_number, channel, at.address)));
      }
    }
  }

  static Standing verdict(const Suppression& mine, const Suppression& all) {
    const Suppression& decides = mine.causes.empty() ? all : mine;
    Standing standing;
    if (decides.causes.empty()) return standing;
    if (mine.causes.empty() && mine.exemption) {
      standing.exempt = true;
      return standing;
    }
    for (const Cause& cause : decides.causes) {
      if (cause.reason <= standing.reason) continue;
      standing = {cause.reason, Scope::account, false, cause.at, cause.source, cause.campaign};
    }
    if (mine.causes.empty()) {
      standing.scope = Scope::platform;
      standing.campaign.clear();
    }
    return standing;
  }

  /// Open requests, requests about contacts, running jobs, segments that contacts are in.
  void require_work() {
    std::set<std::string> requests, jobs;
    for (const auto& [key, value] : database_.rows("requests")) {
      if (key[0] != 'r') continue;
      requests.insert(key);
      const ModerationRequest request = decode_request(value).value();
      const AccountNumber account = ByteReader(std::string_view(key).substr(1)).u32();
      if (request.state == RequestState::open) {
        requests.insert(open_request_key(request.filed_at, account, request.id));
      }
      for (const RequestTarget& target : request.targets) {
        if (target.contact == 0) continue;
        requests.insert(contact_request_key(account, target.contact, request.id));
      }
    }
    for (const auto& [key, value] : database_.rows("jobs")) {
      if (key[0] == 'd') jobs.insert(key);
      if (key[0] != 'j') continue;
      jobs.insert(key);
      const Job job = decode_job(value).value();
      const AccountNumber account = ByteReader(std::string_view(key).substr(1)).u32();
      if (job.state == JobState::running) jobs.insert(running_job_key(account, job.id));
    }
    REQUIRE(keys_of(database_.rows("requests")) == requests);
    REQUIRE(keys_of(database_.rows("jobs")) == jobs);
    const Rows segments = database_.rows("segments");
    for (const auto& [name, contact] : contacts_) {
      for (const SegmentId id : contact.segments) {
        REQUIRE(segments.contains(segment_key(name.first, id)));
      }
    }
  }

  /// No number is left out or given twice, and every account's feed has what concerns it.
  void require_log() {
    uint64_t last = 0;
    std::set<std::string> feeds;
    for (const auto& [key, row] : database_.rows("changes")) {
      const uint64_t sequence = ByteReader(key).u64();
      REQUIRE(sequence == ++last);
      const std::optional<AccountNumber> account = account_of(row);
      REQUIRE(account);
      if (*account != platform_number) feeds.insert(account_change_key(*account, sequence));
    }
    REQUIRE(last == sequence_);
    REQUIRE(keys_of(database_.rows("account_changes")) == feeds);
    for (const auto& [key, value] : database_.rows("activity")) {
      ByteReader from(std::string_view(key).substr(12));
      REQUIRE(~from.u64() <= sequence_);
    }
  }

  static std::set<std::string> keys_of(const Rows& rows) {
    std::set<std::string> keys;
    for (const auto& [key, value] : rows) keys.insert(key);
    return keys;
  }

  RawDatabase database_;
  std::map<ContactName, Contact> contacts_;
  uint64_t sequence_ = 0;
};

}  // namespace suppressd
