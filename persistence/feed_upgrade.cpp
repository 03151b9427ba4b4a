// Directories written before format 3 have no rows that say which changes concern an account. Once,
// before the format is raised, they are made from the changes themselves, a batch at a time. A crash
// on the way starts over: the rows it left are the ones that are put again.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/change_row.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/row_walk.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

constexpr int rows_a_batch_max = 10'000;

void write_or_throw(Database& database, rocksdb::WriteBatch& batch, bool sync) {
  if (!database.write(batch, sync)) {
    throw StoreError(StoreError::Kind::io, "the database cannot be written; check the disk");
  }
  batch.Clear();
}

void fill_account_changes(Database& database) {
  const Snapshot snapshot(database);
  rocksdb::WriteBatch batch;
  for (RowWalk row(snapshot, Family::changes, {}, {}, RowWalk::Extent::whole); row.valid();
       row.next()) {
    const std::optional<AccountNumber> account = account_of(row.value());
    if (!account) throw StorageFailure("a stored change is damaged");
    if (*account == platform_number) continue;
    const uint64_t sequence = ByteReader(row.key()).u64();
    require_ok(batch.Put(database.family(Family::account_changes),
                         account_change_key(*account, sequence), ""));
    if (batch.Count() == rows_a_batch_max) write_or_throw(database, batch, false);
  }
  // The last one's sync holds for those before it.
  write_or_throw(database, batch, true);
}

}  // namespace

void raise_directory(Database& database, DataDirectory& directory) {
  if (!directory.older()) return;
  if (directory.format() < 3) fill_account_changes(database);
  directory.raise_format();
}

}  // namespace suppressd
