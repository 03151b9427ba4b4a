// Normalization is versioned data: when its rules change, addresses move to new keys. Every record
// is normalized again from what was given; one that moves joins whatever is at its new key, so that
// an upgrade never un-suppresses anyone. A record that no longer normalizes stays where it is. So does
// what is left of an erased address: a hash cannot be normalized. Contacts follow (rekey_contacts.cpp).
//
// Each move is one atomic batch that carries meta's count and digest along; the version is written
// last, so an interrupted run starts over and finds the moved records at rest.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

class Rekeying {
 public:
  Rekeying(Database& database, const FingerprintKey& key, Meta& meta)
      : database_(database), key_(key), meta_(meta) {}

  void run() {
    scan();
    rekey_contacts(database_, normalizer_, key_, meta_.sequence + 1);
    uint32_t before = meta_.normalizer;
    Meta next = meta_;
    next.normalizer = normalizer_version;
    ++next.sequence;
    std::string row;
    encode_change_head(ChangeKind::rekeyed, "", 0, row);
    ByteWriter(row).varint(before);
    ByteWriter(row).varint(normalizer_version);
    rocksdb::WriteBatch batch;
    require_ok(batch.Put(database_.family(Family::changes), change_key(next.sequence), row));
    write(batch, next, true);
  }

 private:
  void scan() {
    const Meta expected = meta_;
    uint64_t entries = 0;
    Digest digest;
    // First: a move may take one away.
    for_each_erased(database_,
                    [&](AccountNumber scope, const Fingerprint& address, SlotState state) {
                      ++entries;
                      digest += entry_digest(address, scope, state);
                    });
    // The iterator sees the store as it was when it was made: moved records do not come again.
    std::unique_ptr<rocksdb::Iterator> row(
        database_.rocks().NewIterator(scan_options(), database_.family(Family::suppressions)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      std::string key = row->key().ToString();
      SuppressionKey parts;
      Suppression record;
      if (!parse_suppression_key(key, parts) || !decode(row->value().ToStringView(), record)) {
        throw StorageFailure("a stored suppression is damaged");
      }
      ++entries;
      digest += digest_of(parts.scope, parts.channel, parts.address, record.state());
      move_if_needed(key, parts, record);
    }
    require_ok(row->status());
    if (entries != expected.entries || digest != expected.digest) {
      throw StoreError(StoreError::Kind::digest_mismatch,
                       "the stored suppressions are not what was stored: count or digest differ. "
                       "Restore the data directory from a backup as a whole.");
    }
  }

  void move_if_needed(const std::string& key, const SuppressionKey& from, Suppression& record) {
    std::string_view given = record.given.empty() ? from.address : std::string_view(record.given);
    CanonicalAddress canonical;
    if (normalizer_.address(given, from.channel, record.region, canonical) != AddressError::none ||
        canonical.text() == from.address) {
      return;
    }
    std::string address(canonical.text());
    // As read now, not as scanned: an earlier move may have changed it.
    std::string stale;
    if (!database_.get(Family::suppressions, key, stale) || !decode(stale, record)) {
      throw StorageFailure("a stored suppression is damaged");
    }
    if (record.given.empty()) record.given = from.address;
    if (record.given == address) record.given.clear();
    move(key, from, address, record);
  }

  void move(const std::string& key, const SuppressionKey& from, const std::string& address,
            const Suppression& record) {
    std::string to = suppression_key(from.scope, from.channel, address), bytes;
    const Fingerprint target_address = key_(CanonicalAddress::from_stored(from.channel, address));
    Suppression target;
    const bool stored = database_.get(Family::suppressions, to, bytes);
    if (stored && !decode(bytes, target)) throw StorageFailure("a stored suppression is damaged");
    const bool erased = !stored && find_erased(database_, from.scope, target_address, target);
    const SlotState target_before = target.state();
    if (!stored) {
      target.given = record.given;
      target.region = record.region;
    }
    for (const Cause& cause : record.causes) target.merge(cause);
    if (!target.exemption) target.exemption = record.exemption;
    Meta next = meta_;
    next.digest -= digest_of(from.scope, from.channel, from.address, record.state());
    next.digest -= entry_digest(target_address, from.scope, target_before);
    next.digest += entry_digest(target_address, from.scope, target.state());
    if (target_before != SlotState::absent) --next.entries;
    bytes.clear();
    encode(target, bytes);
    rocksdb::WriteBatch batch;
    require_ok(batch.Delete(database_.family(Family::suppressions), key));
    require_ok(batch.Put(database_.family(Family::suppressions), to, bytes));
    if (erased) {
      require_ok(
          batch.Delete(database_.family(Family::erased), erased_key(from.scope, target_address)));
    }
    write(batch, next, false);
  }

  void write(rocksdb::WriteBatch& batch, const Meta& next, bool sync) {
    std::string bytes;
    encode(next, bytes);
    require_ok(batch.Put(database_.family(Family::meta), rocksdb::Slice(meta_key), bytes));
    if (!database_.write(batch, sync)) {
      throw StoreError(StoreError::Kind::io, "the database cannot be written; check the disk");
    }
    meta_ = next;
  }

  Digest digest_of(AccountNumber scope, Channel channel, std::string_view address,
                   SlotState state) const {
    return entry_digest(key_(CanonicalAddress::from_stored(channel, address)), scope, state);
  }

  Database& database_;
  const FingerprintKey& key_;
  Meta& meta_;
  Normalizer normalizer_;
};

}  // namespace

void rekey_if_needed(Database& database, const FingerprintKey& key, Meta& meta) {
  if (meta.normalizer != normalizer_version) Rekeying(database, key, meta).run();
}

}  // namespace suppressd
