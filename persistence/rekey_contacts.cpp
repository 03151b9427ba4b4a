// Contacts when the normalizer's rules changed. Their regions are not stored: a phone that was given
// in a national form and does not read as it stands keeps its canonical form, which reads anywhere.
//
// Within an account an address has one contact. Where two contacts turn out to have the same one,
// the one that would move stays where it is, but says what the suppressions say of the address that
// it is the same as: nobody is shown as clear whom a check calls suppressed.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/contact_codec.hpp"
#include "persistence/contact_table.hpp"
#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

constexpr size_t contacts_a_batch_max = 1'000;

class ContactRekeying {
 public:
  ContactRekeying(Database& database, Normalizer& normalizer, const FingerprintKey& key,
                  uint64_t sequence)
      : database_(database), normalizer_(normalizer), key_(key), sequence_(sequence) {}

  void run() {
    // The iterator sees the contacts as they were when it was made; each is read again as it is.
    const std::unique_ptr<rocksdb::Iterator> row(
        database_.rocks().NewIterator(scan_options(), database_.family(Family::contacts)));
    begin();
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      ByteReader key({row->key().data(), row->key().size()});
      const AccountNumber account = key.u32();
      const ContactId id = key.u64();
      if (!key.finished()) throw StorageFailure("a stored contact is damaged");
      move(account, id);
      if (++held_ == contacts_a_batch_max) {
        write();
        begin();
      }
    }
    require_ok(row->status());
    write();
  }

 private:
  void begin() {
    held_ = 0;
    overlay_.emplace(database_);
    contacts_.emplace(*overlay_);
  }

  void move(AccountNumber account, ContactId id) {
    if (contacts_->find(account, id) == nullptr) return;
    contacts_->edit(account, id, sequence_, [&](Contact& contact) {
      for (const Channel channel : all_channels) {
        ContactAddress& at = contact.of(channel);
        if (!at.address.empty()) renew(account, id, channel, at);
      }
    });
  }

  void renew(AccountNumber account, ContactId id, Channel channel, ContactAddress& at) {
    const std::string address = normalized(channel, at);
    const ContactId owner = contacts_->owner(account, channel, address);
    if (address != at.address && (owner == 0 || owner == id)) {
      if (at.given.empty()) at.given = at.address;
      if (at.given == address) at.given.clear();
      at.address = address;
    }
    at.standing = standing(account, channel, address);
  }

  /// As the rules of now have it; as it was where they cannot read it.
  std::string normalized(Channel channel, const ContactAddress& at) {
    CanonicalAddress canonical;
    for (const std::string& text : {at.given, at.address}) {
      if (!text.empty() &&
          normalizer_.address(text, channel, Region{}, canonical) == AddressError::none) {
        return std::string(canonical.text());
      }
    }
    return at.address;
  }

  Standing standing(AccountNumber account, Channel channel, std::string_view address) const {
    const std::optional<Suppression> mine = find(account, channel, address);
    const std::optional<Suppression> all = find(platform_number, channel, address);
    return standing_by(mine ? &*mine : nullptr, all ? &*all : nullptr);
  }

  std::optional<Suppression> find(AccountNumber scope, Channel channel,
                                  std::string_view address) const {
    std::string bytes;
    Suppression record;
    if (database_.get(Family::suppressions, suppression_key(scope, channel, address), bytes)) {
      if (!decode(bytes, record)) throw StorageFailure("a stored suppression is damaged");
      return record;
    }
    const Fingerprint hash = key_(CanonicalAddress::from_stored(channel, address));
    if (!find_erased(database_, scope, hash, record)) return std::nullopt;
    return record;
  }

  void write() {
    contacts_->finish();
    if (!overlay_->writes()) return;
    rocksdb::WriteBatch batch;
    overlay_->write(batch);
    if (!database_.write(batch, false)) {
      throw StoreError(StoreError::Kind::io, "the database cannot be written; check the disk");
    }
  }

  Database& database_;
  Normalizer& normalizer_;
  const FingerprintKey& key_;
  const uint64_t sequence_;
  std::optional<Overlay> overlay_;
  std::optional<ContactTable> contacts_;
  size_t held_ = 0;
};

}  // namespace

void rekey_contacts(Database& database, Normalizer& normalizer, const FingerprintKey& key,
                    uint64_t sequence) {
  ContactRekeying(database, normalizer, key, sequence).run();
}

}  // namespace suppressd
