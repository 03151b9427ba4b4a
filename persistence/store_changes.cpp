// Pages of the log of changes, for the feed and the audit.
#include <rocksdb/db.h>

#include "persistence/change_row.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {

ChangePage Store::changes(uint64_t after, uint64_t up_to, std::optional<AccountNumber> account,
                          size_t limit) const {
  ChangePage page;
  page.after = after;
  if (after >= up_to) return page;
  const std::string end = change_key(up_to + 1);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options = read_options();
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> row(
      impl_->database.rocks().NewIterator(options, impl_->database.family(Family::changes)));
  size_t bytes = 0;
  size_t examined = 0;
  for (row->Seek(change_key(after + 1)); row->Valid(); row->Next()) {
    const bool full = page.items.size() == limit ||
                      (!page.items.empty() && bytes + row->value().size() > change_page_bytes_max);
    if (full || examined++ == change_page_examined_max) return page;
    // Numbers have no gaps but the one that accepting a loss leaves, and then it is told.
    const uint64_t sequence = ByteReader({row->key().data(), row->key().size()}).u64();
    const std::string_view value(row->value().data(), row->value().size());
    const std::optional<AccountNumber> concerned = account_of(value);
    if (!concerned) throw StorageFailure("a stored change is damaged");
    page.after = sequence;
    if (account && *concerned != *account) continue;
    bytes += value.size();
    page.items.push_back({sequence, std::string(value)});
  }
  require_ok(row->status());
  page.after = up_to;
  return page;
}

}  // namespace suppressd
