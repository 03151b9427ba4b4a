// Contacts as a group of changes leaves them. A record is read and written once a group, whatever
// happens to it in between; what it puts into lists and counts is replaced then
// (contact_index.hpp). Who owns an address is known at once.
//
// Internal to the store. Thread safety: the committer's thread. Errors: StorageFailure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "persistence/contact.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/overlay.hpp"

namespace suppressd {

class ContactTable {
 public:
  explicit ContactTable(Overlay& overlay) : overlay_(overlay) {}

  /// False: nothing that happens to suppressions of the scope can concern a contact.
  bool any_in(AccountNumber scope);
  /// The contact's record as it is now; null when there is none. Valid until the group ends.
  const Contact* find(AccountNumber account, ContactId id);
  /// 0 when no contact of the account has the address.
  ContactId owner(AccountNumber account, Channel channel, std::string_view address);
  /// All accounts' contacts that have the address.
  std::vector<std::pair<AccountNumber, ContactId>> owners(Channel channel,
                                                          std::string_view address);

  /// A new contact with the next number. Its addresses must have no owner in the account.
  const Contact& create(AccountNumber account, Contact contact, uint64_t sequence);
  /// Changes a contact that is there. An address that it gets must have no other owner. What lists
  /// and counts show of an address that changed gets the sequence. False when nothing changed.
  bool edit(AccountNumber account, ContactId id, uint64_t sequence,
            const std::function<void(Contact&)>& change);
  /// The record goes, with its places in lists and counts.
  void remove(AccountNumber account, ContactId id);

  void add_activity(AccountNumber account, ContactId id, const Activity& activity);
  /// `which`: 'c' contact, 's' segment, 'r' request, 'j' job.
  uint64_t next_number(AccountNumber account, char which);
  /// With what the group has added by add_to_count(); what its records add comes at its end.
  uint64_t count(AccountNumber account, uint8_t channel, CountOf what, std::string_view value = {});
  /// Adds to a count at the group's end (modulo 2^64).
  void add_to_count(const std::string& key, uint64_t difference) {
    counts_[key].value += difference;
  }

  /// Reads ahead what find() and owner() will be asked.
  void prefetch(AccountNumber account, const std::vector<ContactId>& ids);
  void prefetch_owners(std::vector<std::string> owner_keys);

  /// Puts all records, lists and counts that changed into the overlay.
  void finish();

 private:
  struct Held {
    AccountNumber account = platform_number;
    ContactId id = 0;
    std::optional<Contact> before;  // as it is stored, once the group wants to change it
    std::optional<Contact> now;
    bool stored = false;
    bool changed = false;
  };

  /// A type of its own: RocksDB has tables of plain numbers by text, and the two would share their
  /// code, which ThreadSanitizer watches here and not there.
  struct Difference {
    uint64_t value = 0;  // modulo 2^64
  };

  Held& held(AccountNumber account, ContactId id);
  Held& hold(const std::string& key, AccountNumber account, ContactId id);
  /// True when it did: it is the first change of a contact that is stored.
  static bool keep_before(Held& contact);
  void own(AccountNumber account, const Contact* before, const Contact* after);
  void count(const std::vector<std::string>& keys, uint64_t difference);
  void put_record(const Held& held);

  Overlay& overlay_;
  std::unordered_map<std::string, Held> contacts_;  // by key
  std::vector<Held*> order_;                        // as they came
  std::unordered_map<std::string, Difference> counts_;
  std::set<AccountNumber> created_in_;  // the platform too, once any was created
  uint32_t activities_ = 0;             // of this group: their keys differ
};

}  // namespace suppressd
