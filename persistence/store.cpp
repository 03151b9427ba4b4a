// Opening and closing. The order of checks: the directory (data_directory.hpp), RocksDB, meta, the
// mark, the counts; then, if need be, an upgrade of the digest and of the format, and re-keying.
#include "persistence/store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

namespace fs = std::filesystem;
using Kind = StoreError::Kind;

StoreError damaged(const fs::path& directory, const std::string& what) {
  return StoreError(Kind::damaged, what + " in the data directory " + directory.string() +
                                       ". Restore the directory from a backup as a whole.");
}

void write_or_throw(Database& database, rocksdb::WriteBatch& batch) {
  if (!database.write(batch, true)) {
    throw StoreError(Kind::io, "the database cannot be written; check the disk");
  }
}

Meta open_meta(Database& database, const DataDirectory& directory) {
  std::string bytes;
  if (database.get(Family::meta, meta_key, bytes)) {
    std::optional<Meta> meta = decode_meta(bytes);
    if (!meta) throw damaged(directory.path(), "the row meta of the database is damaged");
    if (meta->secret != directory.secret_id()) {
      throw StoreError(Kind::foreign_secret,
                       "the folder db in the data directory " + directory.path().string() +
                           " belongs to another directory's secret. Put back the folder that was "
                           "there, or restore the directory from a backup as a whole.");
    }
    if (directory.creating() && meta->sequence != 0) {
      throw damaged(directory.path(),
                    "the file FORMAT says that nothing was stored yet, which is "
                    "not what the database says,");
    }
    return *meta;
  }
  if (!directory.creating()) {
    throw damaged(directory.path(), "the row meta of the database is missing");
  }
  Meta meta;
  meta.normalizer = normalizer_version;
  meta.secret = directory.secret_id();
  encode(meta, bytes);
  rocksdb::WriteBatch batch;
  require_ok(batch.Put(database.family(Family::meta), rocksdb::Slice(meta_key), bytes));
  write_or_throw(database, batch);
  return meta;
}

/// The operator renamed the mark to say that the store may go on without what it lost. The sequence
/// goes on after the lost ones, so that no number ever means two changes.
void accept_loss(Database& database, const DataDirectory& directory, const fs::path& accepted,
                 Meta& meta) {
  uint64_t lost = 0;
  try {
    if (std::optional<Mark> old = Mark::open(accepted)) lost = old->sequence();
  } catch (const StoreError& error) {
    if (error.kind != Kind::damaged) throw;  // a damaged mark is one of the things to accept
  }
  Meta next = meta;
  next.sequence = std::max(meta.sequence, lost) + 1;
  std::string row, meta_bytes;
  encode_change_head(ChangeKind::loss_accepted, "", 0, row);
  ByteWriter(row).varint(meta.sequence);
  encode(next, meta_bytes);
  rocksdb::WriteBatch batch;
  require_ok(batch.Put(database.family(Family::changes), change_key(next.sequence), row));
  require_ok(batch.Put(database.family(Family::meta), rocksdb::Slice(meta_key), meta_bytes));
  write_or_throw(database, batch);
  meta = next;
  Mark::create(directory.mark_path(), meta.sequence);
}

Mark open_mark(Database& database, const DataDirectory& directory, Meta& meta) {
  fs::path accepted = directory.mark_path();
  accepted += ".accepted";
  std::optional<Mark> mark;
  if (!directory.creating()) mark = Mark::open(directory.mark_path());
  if (!mark) {
    std::error_code error;
    if (directory.creating()) {
      Mark::create(directory.mark_path(), meta.sequence);
    } else if (fs::exists(accepted, error)) {
      accept_loss(database, directory, accepted, meta);
    } else {
      throw StoreError(Kind::damaged,
                       "the file " + directory.mark_path().string() +
                           " is missing, so it cannot be told whether acknowledged changes are. "
                           "Restore the data directory from a backup, or, to go on with what the "
                           "store holds, create an empty file " +
                           accepted.string() + ".");
    }
    mark = Mark::open(directory.mark_path());
  }
  std::error_code error;
  if (fs::remove(accepted, error)) sync_directory(directory.path());
  return std::move(*mark);
}

void refuse_lost_changes(const Meta& meta, const Mark& mark, const fs::path& path) {
  if (meta.sequence >= mark.sequence()) return;
  throw StoreError(Kind::lost_changes,
                   "acknowledged changes are missing: the last one acknowledged was " +
                       std::to_string(mark.sequence()) + ", the database in " + path.string() +
                       " ends at " + std::to_string(meta.sequence) +
                       ". Restore the data directory from a backup, or, to go on without those "
                       "changes, rename the file acknowledged to acknowledged.accepted.");
}

/// Cheap proof that the column families are of one age. The suppressions are proven by load().
void check_counts(const Store& store, const Database& database, const Meta& meta,
                  const fs::path& path) {
  std::unique_ptr<rocksdb::Iterator> last(
      database.rocks().NewIterator(read_options(), database.family(Family::changes)));
  last->SeekToLast();
  std::string expected = meta.sequence == 0 ? "" : change_key(meta.sequence);
  std::string found = last->Valid() ? last->key().ToString() : "";
  if (!last->status().ok() || found != expected) {
    throw damaged(path, "the log of changes does not end where the database says it does");
  }
  if (store.accounts().size() != meta.accounts || store.keys().size() != meta.keys) {
    throw damaged(path, "accounts or keys are missing");
  }
}

}  // namespace

Store::Impl::Impl(const StoreOptions& options)
    : latch(options.on_failure),
      directory(options.directory),
      key(directory.secret()),
      database(directory.database_path(), options, directory.creating(), directory.older(), latch),
      runs(directory.runs_path()),
      meta(open_meta(database, directory)) {}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  try {
    std::unique_ptr<Store> store(new Store(std::make_unique<Impl>(options)));
    Impl& impl = *store->impl_;
    const fs::path& path = impl.directory.path();
    impl.mark = open_mark(impl.database, impl.directory, impl.meta);
    refuse_lost_changes(impl.meta, *impl.mark, path);
    check_counts(*store, impl.database, impl.meta, path);
    upgrade_digest_if_needed(impl.database, impl.directory, impl.key, impl.meta);
    raise_directory(impl.database, impl.directory);
    rekey_if_needed(impl.database, impl.key, impl.meta);
    // A crash may have come between the database's sync and the mark's. What is there now will be
    // seen, so from here on losing it must be noticed.
    if (impl.mark->sequence() < impl.meta.sequence && !impl.mark->write(impl.meta.sequence)) {
      throw_system_error("write", impl.directory.mark_path());
    }
    impl.runs.clear();
    impl.directory.finish_creation();
    impl.publish_meta();
    return store;
  } catch (const StorageFailure& failure) {
    throw StoreError(Kind::damaged, "the database in " + options.directory.string() +
                                        " cannot be read: " + failure.what() +
                                        ". Restore the data directory from a backup as a whole.");
  }
}

const FingerprintKey& Store::fingerprint_key() const {
  return impl_->key;
}
uint64_t Store::sequence() const {
  return impl_->sequence.load(std::memory_order_acquire);
}
const ContactReader& Store::contacts() const {
  return impl_->contacts;
}
uint64_t Store::suppression_count() const {
  return impl_->entries.load(std::memory_order_acquire);
}

void Store::close() {
  impl_.reset();
}

}  // namespace suppressd
