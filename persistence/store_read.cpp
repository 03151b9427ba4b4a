// Reads for any thread: one suppression, pages of them, accounts, keys, webhooks.
#include <rocksdb/db.h>

#include <algorithm>

#include "persistence/cursor.hpp"
#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/row_walk.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

// A page's work is bounded even when its filter lets nothing through.
constexpr size_t page_records_examined_max = 20'000;

std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// A cursor's place is a key without its scope.
std::string list_of(AccountNumber scope) {
  std::string list = "suppressions";
  ByteWriter(list).u32(scope);
  return list;
}

bool passes(const Suppression& record, const SuppressionFilter& filter) {
  if (record.causes.empty()) return false;  // an exemption alone is no suppression
  if (filter.reason && record.strongest() != *filter.reason) return false;
  if (!filter.source.empty() &&
      std::none_of(record.causes.begin(), record.causes.end(),
                   [&](const Cause& cause) { return cause.source == filter.source; })) {
    return false;
  }
  return filter.since == 0 ||
         std::any_of(record.causes.begin(), record.causes.end(),
                     [&](const Cause& cause) { return cause.at >= filter.since; });
}

Suppression decode_row(std::string_view key, std::string_view value) {
  Suppression record;
  SuppressionKey parts;
  if (!parse_suppression_key(key, parts) || !decode(value, record)) {
    throw StorageFailure("a stored suppression is damaged");
  }
  record.scope = parts.scope;
  record.channel = parts.channel;
  record.address = parts.address;
  return record;
}

template <class Record>
std::vector<Record> read_all(const Database& database, Family family,
                             std::optional<Record> (*decode_record)(std::string_view)) {
  std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(read_options(), database.family(family)));
  std::vector<Record> records;
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    std::optional<Record> record = decode_record(view(row->value()));
    if (!record) throw StorageFailure("a stored account or key is damaged");
    records.push_back(std::move(*record));
  }
  require_ok(row->status());
  return records;
}

/// Collects one page while walking the ranges of keys that it covers.
class PageWalk {
 public:
  PageWalk(const Snapshot& snapshot, const SuppressionFilter& filter, size_t limit,
           SuppressionPage& page)
      : snapshot_(snapshot), filter_(filter), limit_(limit), page_(page) {}

  /// Walks the keys that start with `prefix` and come after `after`. False when the page is full;
  /// last() is then where the next one goes on.
  bool walk(std::string_view prefix, std::string_view after) {
    RowWalk row(snapshot_, Family::suppressions, std::max(prefix, after), successor(prefix));
    if (row.valid() && row.key() == after) row.next();
    for (; row.valid(); row.next()) {
      if (page_.items.size() == limit_ || examined_ == page_records_examined_max) return false;
      ++examined_;
      last_ = row.key();
      Suppression record = decode_row(last_, row.value());
      if (passes(record, filter_)) page_.items.push_back(std::move(record));
    }
    return true;
  }

  const std::string& last() const { return last_; }

 private:
  const Snapshot& snapshot_;
  const SuppressionFilter& filter_;
  size_t limit_;
  SuppressionPage& page_;
  size_t examined_ = 0;
  std::string last_;
};

}  // namespace

std::optional<Suppression> Store::find(AccountNumber scope, Channel channel,
                                       std::string_view canonical) const {
  if (canonical.empty()) return std::nullopt;
  const std::string key = suppression_key(scope, channel, canonical);
  std::string value;
  if (impl_->database.get(Family::suppressions, key, value)) return decode_row(key, value);
  return impl_->read_between_ingests([&] { return impl_->find_hashed(key); });
}

/// Not found among the suppressions: erased, or moved from there to here meanwhile, so both are
/// read at one moment.
std::optional<Suppression> Store::Impl::find_hashed(const std::string& suppression) const {
  SuppressionKey parts;
  if (!parse_suppression_key(suppression, parts)) return std::nullopt;
  const Fingerprint address = key(CanonicalAddress::from_stored(parts.channel, parts.address));
  const Snapshot snapshot(database);
  std::string value;
  if (database.get(Family::suppressions, suppression, value, snapshot.get())) {
    return decode_row(suppression, value);
  }
  Suppression record;
  if (!find_erased(database, parts.scope, address, record, snapshot.get())) return std::nullopt;
  record.channel = parts.channel;
  record.address = parts.address;
  return record;
}

SuppressionPage Store::list(AccountNumber scope, const SuppressionFilter& filter,
                            std::string_view cursor, size_t limit) const {
  return impl_->read_between_ingests(
      [&] { return impl_->list(scope, filter, cursor, std::max<size_t>(limit, 1)); });
}

SuppressionPage Store::Impl::list(AccountNumber scope, const SuppressionFilter& filter,
                                  std::string_view cursor, size_t limit) const {
  const SecretId& secret = directory.secret_id();
  std::string after;
  if (!cursor.empty()) {
    ByteWriter to(after);
    to.u32(scope);
    to.raw(parse_cursor(list_of(scope), cursor, secret));
  }
  const Snapshot snapshot(database);
  SuppressionPage page;
  page.sequence = snapshot.sequence();
  PageWalk walk(snapshot, filter, limit, page);
  for (Channel channel : {Channel::email, Channel::phone}) {
    if (filter.channel && *filter.channel != channel) continue;
    std::string prefix = suppression_key(scope, channel, filter.prefix);
    if (!walk.walk(prefix, after)) {
      const std::string_view place = std::string_view(walk.last()).substr(sizeof scope);
      page.next = make_cursor(list_of(scope), place, secret);
      break;
    }
  }
  return page;
}

std::vector<Account> Store::accounts() const {
  return read_all<Account>(impl_->database, Family::accounts, &decode_account);
}

std::vector<ApiKey> Store::keys() const {
  return read_all<ApiKey>(impl_->database, Family::keys, &decode_key);
}

std::vector<WebhookConfig> Store::webhooks() const {
  std::unique_ptr<rocksdb::Iterator> row(impl_->database.rocks().NewIterator(
      read_options(), impl_->database.family(Family::webhooks)));
  std::vector<WebhookConfig> records;
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    std::optional<WebhookConfig> record = decode_webhook(view(row->key()), view(row->value()));
    if (!record) throw StorageFailure("a stored webhook is damaged");
    records.push_back(std::move(*record));
  }
  require_ok(row->status());
  return records;
}

std::array<uint8_t, 32> Store::derived_key(std::string_view purpose) const {
  return impl_->directory.derived_key(purpose);
}

}  // namespace suppressd
