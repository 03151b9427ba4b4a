// Reads for any thread: one suppression, pages of them, accounts, keys.
#include <rocksdb/db.h>
#include <sodium.h>

#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

// A page's work is bounded even when its filter lets nothing through.
constexpr size_t page_records_examined_max = 20'000;
constexpr size_t cursor_check_bytes = 8;
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

class Snapshot {
 public:
  explicit Snapshot(rocksdb::DB& rocks) : rocks_(rocks), snapshot_(rocks.GetSnapshot()) {}
  ~Snapshot() { rocks_.ReleaseSnapshot(snapshot_); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB& rocks_;
  const rocksdb::Snapshot* snapshot_;
};

std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string cursor_check(std::string_view key, const SecretId& secret) {
  std::string check(cursor_check_bytes, '\0');
  std::array<unsigned char, crypto_generichash_BYTES> hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size(), secret.data(), secret.size());
  std::memcpy(check.data(), hash.data(), check.size());
  return check;
}

/// The cursor of the page that ended at `key`: base64url of check | key without its scope. The
/// check covers the scope too, so a cursor is good for one scope only.
std::string make_cursor(std::string_view key, const SecretId& secret) {
  std::string plain = cursor_check(key, secret);
  plain += key.substr(sizeof(AccountNumber));
  std::string cursor(sodium_base64_encoded_len(plain.size(), base64_variant), '\0');
  sodium_bin2base64(cursor.data(), cursor.size(),
                    reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
                    base64_variant);
  cursor.pop_back();  // sodium's terminating NUL
  return cursor;
}

std::string parse_cursor(std::string_view cursor, AccountNumber scope, const SecretId& secret) {
  std::string plain(cursor.size(), '\0');
  size_t length = 0;
  const char* end = nullptr;
  bool good =
      sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(), cursor.data(),
                        cursor.size(), nullptr, &length, &end, base64_variant) == 0 &&
      end == cursor.data() + cursor.size() && length > cursor_check_bytes;
  if (good) {
    plain.resize(length);
    std::string key;
    ByteWriter to(key);
    to.u32(scope);
    to.raw(std::string_view(plain).substr(cursor_check_bytes));
    if (plain.starts_with(cursor_check(key, secret))) return key;
  }
  throw std::invalid_argument("the cursor is not one that this list gave");
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
  PageWalk(const Database& database, const Snapshot& snapshot, const SuppressionFilter& filter,
           size_t limit, SuppressionPage& page)
      : database_(database), snapshot_(snapshot), filter_(filter), limit_(limit), page_(page) {}

  /// Walks the keys that start with `prefix` and come after `after`. False when the page is full;
  /// last() is then where the next one goes on.
  bool walk(std::string_view prefix, std::string_view after) {
    std::string end = successor(prefix);
    rocksdb::Slice upper(end);
    rocksdb::ReadOptions options = read_options();
    options.snapshot = snapshot_.get();
    options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> row(
        database_.rocks().NewIterator(options, database_.family(Family::suppressions)));
    row->Seek(rocksdb::Slice(std::max(prefix, after)));
    if (row->Valid() && view(row->key()) == after) row->Next();
    for (; row->Valid(); row->Next()) {
      if (page_.items.size() == limit_ || examined_ == page_records_examined_max) return false;
      ++examined_;
      last_ = view(row->key());
      Suppression record = decode_row(last_, view(row->value()));
      if (passes(record, filter_)) page_.items.push_back(std::move(record));
    }
    require_ok(row->status());
    return true;
  }

  const std::string& last() const { return last_; }

 private:
  /// The least key greater than every key with this prefix. A prefix holds a channel, which is
  /// below 255, so there is one.
  static std::string successor(std::string_view prefix) {
    std::string end(prefix);
    while (end.back() == '\xff') end.pop_back();
    end.back() = static_cast<char>(end.back() + 1);
    return end;
  }

  const Database& database_;
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
  const Snapshot snapshot(database.rocks());
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
  std::string after = cursor.empty() ? "" : parse_cursor(cursor, scope, secret);
  Snapshot snapshot(database.rocks());
  SuppressionPage page;
  std::string meta_bytes;
  database.get(Family::meta, meta_key, meta_bytes, snapshot.get());
  std::optional<Meta> stored = decode_meta(meta_bytes);
  if (!stored) throw StorageFailure("the row meta is damaged");
  page.sequence = stored->sequence;

  PageWalk walk(database, snapshot, filter, limit, page);
  for (Channel channel : {Channel::email, Channel::phone}) {
    if (filter.channel && *filter.channel != channel) continue;
    std::string prefix = suppression_key(scope, channel, filter.prefix);
    if (!walk.walk(prefix, after)) {
      page.next = make_cursor(walk.last(), secret);
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

}  // namespace suppressd
