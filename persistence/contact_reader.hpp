// Reads of what an account's people work with: contacts and lists of them, activity, counts,
// segments, requests, jobs. What they read is of one moment, whose sequence they say.
//
// Lists walk an index in its order and look up each record, so a filter that no index serves costs
// work for what it passes over: that is bounded, a page may be short, even empty, with `next` set.
// A cursor is the place of the last row in its order, so pages stay correct while rows come, go and
// move: nothing that stays in the list is missed or shown twice.
//
// Thread safety: any thread. Errors: StorageFailure when RocksDB reports an error or a record is
// damaged; std::invalid_argument on a cursor that this list of this account did not give.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/codec.hpp"
#include "persistence/contact.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/import_outcome.hpp"
#include "persistence/moderation.hpp"

namespace suppressd {

/// time: newest first. address: by the canonical address, but for two lists that have an order of
/// their own: contacts of ContactGroup::reached come by the day of their last activity, then by
/// address, and contacts with a field by its value in lower case, then by number. With a segment
/// both come by address.
enum class ContactSort : uint8_t { address, time };

/// All that is given must hold. `until` is exclusive.
struct ContactFilter {
  Channel channel = Channel::email;      // lists show the contacts that have an address of it
  std::optional<ContactState> state;     // nullopt: all that are not deleted. `active` holds the
                                         // soft-bounced ones too
  std::optional<Reason> reason;          // that is shown; implies suppressed
  std::string source, campaign;          // of the cause that is shown
  std::string domain;                    // of the email
  std::optional<uint32_t> cause_day;     // of the cause that is shown, since 1970
  std::optional<Scope> scope;            // that suppresses
  TimeMs since = 0, until = ~TimeMs{0};  // of Contact::listed_at
  SegmentId segment = 0;
  ContactGroup group = ContactGroup::none;  // none: any
  uint32_t active_from_day = 0;             // of ContactGroup::reached
  uint32_t active_before_day = UINT32_MAX;  // likewise, exclusive
  std::string prefix;                       // of the canonical address
  std::string field, field_prefix;          // contacts whose field starts so: without ASCII case,
                                            // and only field_index_octets_max octets count
  JobId deleted_by = 0;                     // the job that deleted it; with state deleted
  uint64_t shown_at = ~uint64_t{0};         // only what has not changed in the lists since

  bool passes(const Contact& contact) const;
};

struct ContactPage {
  std::vector<Contact> items;
  std::string next;       // opaque; empty at the end
  uint64_t sequence = 0;  // at which the page was read
};

struct ActivityPage {
  std::vector<Activity> items;
  std::string next;
  uint64_t sequence = 0;
};

/// A walk over what a filter finds, at one moment however long it takes. One thread's.
class ContactScan {
 public:
  virtual ~ContactScan() = default;
  /// The next contacts, at most `most`, in the list's order; empty at the end.
  virtual std::vector<Contact> next(size_t most) = 0;
  /// Where a later scan with the same filter and sort goes on after the last contact given. It is no
  /// cursor: whoever has it can tell what it holds, so it stays within the store and its jobs.
  virtual std::string position() const = 0;
  /// Back to where it began: the same contacts again, of the same moment.
  virtual void rewind() = 0;
  virtual uint64_t sequence() const = 0;
};

struct CountRow {
  std::string value;  // as CountOf draws it
  uint64_t count = 0;
};

/// Counts of one kind that are not 0, in order of their values, at most so many.
struct CountKind {
  uint8_t channel = 0;  // 0: of both
  CountOf what = CountOf::contacts;
  size_t most = SIZE_MAX;
};
struct CountLists {
  std::vector<std::vector<CountRow>> kinds;  // as they were asked for
  uint64_t sequence = 0;                     // all of one moment
};
struct CountPage {
  std::vector<CountRow> items;
  std::string next;  // opaque; empty at the end
  uint64_t sequence = 0;
};

struct RequestFilter {
  std::optional<AccountNumber> account;  // nullopt: every account's
  std::optional<RequestState> state;
  std::optional<RequestKind> kind;
  ContactId contact = 0;  // about this one; with an account
};
struct RequestPage {
  struct Item {
    AccountNumber account;
    ModerationRequest request;
  };
  std::vector<Item> items;
  std::string next;
  uint64_t sequence = 0;
};

/// A count that is not what the records say.
struct CountDifference {
  std::string key;  // of `counts`, with the account
  uint64_t stored = 0, counted = 0;
};

struct RunningJob {
  AccountNumber account;
  Job job;
};

class Database;
/// What the store lends its readers.
struct ReaderContext {
  const Database& database;
  const SecretId& secret;  // so that no one can make up a cursor
};

class ContactReader {
 public:
  explicit ContactReader(const ReaderContext& context) : context_(context) {}

  std::optional<Contact> contact(AccountNumber account, ContactId id) const;
  std::vector<std::optional<Contact>> contacts(AccountNumber account,
                                               const std::vector<ContactId>& ids) const;
  std::optional<Contact> contact_of(AccountNumber account, Channel channel,
                                    std::string_view canonical) const;
  ContactPage list(AccountNumber account, const ContactFilter& filter, ContactSort sort,
                   std::string_view cursor, size_t limit) const;
  /// `position` is what an earlier scan's position() gave, or empty.
  std::unique_ptr<ContactScan> scan(AccountNumber account, const ContactFilter& filter,
                                    ContactSort sort, std::string_view position = {}) const;
  /// How many contacts the filter finds now; looks at all of them.
  uint64_t count(AccountNumber account, const ContactFilter& filter) const;

  ActivityPage activity(AccountNumber account, ContactId id, std::string_view cursor,
                        size_t limit) const;

  /// One count; 0 when there is none. `channel` 0: of both.
  uint64_t count_of(AccountNumber account, uint8_t channel, CountOf what,
                    std::string_view value = {}) const;
  /// All counts of a kind that are not 0, in order of their values, after `after`, at most `most`.
  std::vector<CountRow> counts(AccountNumber account, Channel channel, CountOf what,
                               std::string_view after = {}, size_t most = SIZE_MAX) const;
  /// Several kinds at one moment.
  CountLists count_lists(AccountNumber account, const std::vector<CountKind>& kinds) const;
  CountPage count_page(AccountNumber account, const CountKind& kind, std::string_view cursor) const;
  /// All counts of an account that are not 0 at one moment, by key without the account. Names of
  /// segments and last numbers, which lie among the counts, are left out.
  std::map<std::string, uint64_t> all_counts(AccountNumber account, uint64_t& sequence) const;
  /// Adds up the records of the account and compares with what is counted, at one moment.
  /// `progress` is told how many contacts were looked at; false ends it early, with no difference.
  std::vector<CountDifference> recount(AccountNumber account,
                                       const std::function<bool(uint64_t)>& progress) const;

  std::optional<Segment> segment(AccountNumber account, SegmentId id) const;
  std::vector<Segment> segments(AccountNumber account) const;

  std::optional<ModerationRequest> request(AccountNumber account, RequestId id) const;
  /// Oldest first; of all accounts' requests only the open ones, others come account by account.
  RequestPage requests(const RequestFilter& filter, std::string_view cursor, size_t limit) const;

  /// About one contact, newest first.
  std::vector<ModerationRequest> latest_requests(AccountNumber account, ContactId contact,
                                                 size_t most) const;

  std::optional<Job> job(AccountNumber account, JobId id) const;
  /// Newest first, before `before` (0: from the newest), at most `most`.
  std::vector<Job> jobs(AccountNumber account, JobId before, size_t most) const;
  std::vector<RunningJob> running_jobs() const;

  /// Sums over the rows of an import so far; as born before its first part.
  ImportCounts import_counts(AccountNumber account, JobId id) const;
  /// The part of an import whose first row is that one; empty when there is none (yet).
  std::vector<ImportMark> import_rows(AccountNumber account, JobId id, uint64_t first_row) const;

 private:
  friend class BounceReader;
  const ReaderContext& context_;
};

}  // namespace suppressd
