// Directories written before digest version 2 carry a digest that cannot be computed from the set's
// slots. Once, before anything else, their suppressions are proven against it and the digest of
// today is stored instead. FORMAT is raised first: from then on an older suppressd, which would
// call the new meta damaged, says that the directory is newer. A crash between the two starts over.
// Such a directory has no contacts, so nothing in it was erased and all entries are suppressions.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

struct Sums {
  uint64_t entries = 0;
  Digest before, now;
};

Sums scan(const Database& database, const FingerprintKey& key) {
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(scan_options(), database.family(Family::suppressions)));
  Sums sums;
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    SuppressionKey parts;
    const SlotState state = decode_state({row->value().data(), row->value().size()});
    if (!parse_suppression_key({row->key().data(), row->key().size()}, parts) ||
        state == SlotState::absent) {
      throw StorageFailure("a stored suppression is damaged");
    }
    const Fingerprint address = key(CanonicalAddress::from_stored(parts.channel, parts.address));
    ++sums.entries;
    sums.before += entry_digest_of_version_1(address, parts.scope, state);
    sums.now += entry_digest(address, parts.scope, state);
  }
  require_ok(row->status());
  return sums;
}

}  // namespace

void upgrade_digest_if_needed(Database& database, DataDirectory& directory,
                              const FingerprintKey& key, Meta& meta) {
  if (meta.digest_version == digest_version) return;
  const Sums sums = scan(database, key);
  if (sums.entries != meta.entries || sums.before != meta.digest) {
    throw StoreError(StoreError::Kind::digest_mismatch,
                     "the stored suppressions are not what was stored: count or digest differ. "
                     "Restore the data directory from a backup as a whole.");
  }
  raise_directory(database, directory);
  Meta next = meta;
  next.digest_version = digest_version;
  next.digest = sums.now;
  std::string bytes;
  encode(next, bytes);
  rocksdb::WriteBatch batch;
  require_ok(batch.Put(database.family(Family::meta), rocksdb::Slice(meta_key), bytes));
  if (!database.write(batch, true)) {
    throw StoreError(StoreError::Kind::io, "the database cannot be written; check the disk");
  }
  meta = next;
}

}  // namespace suppressd
