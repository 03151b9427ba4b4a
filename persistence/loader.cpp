// Fills the set from the store: from the tables' blocks (table_scan.cpp) or, when these cannot be
// read or do not prove, with RocksDB's iterators, which are slower and know everything. Threads take
// ranges of keys that the tables' boundaries suggest, hash every address and put them. Count and
// digest of what was scanned must equal meta: RocksDB 7.8 can drop a part of a level in a scan and
// still say OK.
#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/shard_puts.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

constexpr size_t ranges_per_thread = 8;  // so that no thread is left with a long last range
constexpr uint64_t progress_every_entries = 8'192;

struct Totals {
  uint64_t entries = 0;
  uint64_t replaced = 0;  // two addresses with one fingerprint: the set holds one entry less
  Digest digest;
};

/// Bounds of the ranges to scan: nothing, k1, k2, …, nothing.
std::vector<std::string> range_bounds(const Database& database, size_t ranges) {
  rocksdb::ColumnFamilyMetaData family;
  database.rocks().GetColumnFamilyMetaData(database.family(Family::suppressions), &family);
  std::vector<std::string> keys;
  for (const rocksdb::LevelMetaData& level : family.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) keys.push_back(file.smallestkey);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<std::string> bounds{""};
  for (size_t i = 1; i < ranges && !keys.empty(); ++i) {
    const std::string& key = keys[i * keys.size() / ranges];
    if (key != bounds.back()) bounds.push_back(key);
  }
  bounds.emplace_back();
  return bounds;
}

class Loader {
 public:
  Loader(const Database& database, const FingerprintKey& key, uint64_t expected,
         SuppressionSet& set, std::atomic<double>& progress)
      : database_(database), key_(key), expected_(expected), progress_(progress), puts_(set) {}

  Totals run(unsigned threads) {
    bounds_ = range_bounds(database_, threads * ranges_per_thread);
    std::vector<std::thread> running;
    for (unsigned i = 0; i < std::max(threads, 1u); ++i) {
      running.emplace_back([this] { scan_ranges(); });
    }
    for (std::thread& thread : running) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    return totals_;
  }

  /// Of erased addresses only the hashes are left. Call it after run().
  static void add_erased(const Database& database, SuppressionSet& set, Totals& totals) {
    for_each_erased(
        database, [&](AccountNumber scope, const Fingerprint& address, SlotState state) {
          totals.digest += entry_digest(address, scope, state);
          ++totals.entries;
          totals.replaced += set.put(address, scope, state) != SlotState::absent ? 1 : 0;
        });
  }

 private:
  struct Scan {
    explicit Scan(ShardPuts& puts) : buffer(puts) {}
    ShardPuts::Buffer buffer;
    Totals totals;
    uint64_t reported = 0;
  };

  void scan_ranges() try {
    Scan scan(puts_);
    for (size_t range; !stop_ && (range = next_range_++) + 1 < bounds_.size();) {
      scan_range(bounds_[range], bounds_[range + 1], scan);
    }
    scan.buffer.finish();
    std::lock_guard lock(totals_lock_);
    totals_.entries += scan.totals.entries;
    totals_.replaced += scan.buffer.replaced();
    totals_.digest += scan.totals.digest;
  } catch (...) {
    stop_ = true;
    std::lock_guard lock(totals_lock_);
    if (!failure_) failure_ = std::current_exception();
  }

  void scan_range(const std::string& from, const std::string& to, Scan& scan) {
    rocksdb::Slice upper(to);
    rocksdb::ReadOptions options = scan_options();
    if (!to.empty()) options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> row(
        database_.rocks().NewIterator(options, database_.family(Family::suppressions)));
    for (row->Seek(from); row->Valid() && !stop_; row->Next()) {
      add({row->key().data(), row->key().size()}, {row->value().data(), row->value().size()}, scan);
    }
    require_ok(row->status());
  }

  void add(std::string_view key, std::string_view value, Scan& scan) {
    SuppressionKey parts;
    SlotState state = decode_state(value);
    if (!parse_suppression_key(key, parts) || state == SlotState::absent) {
      throw StorageFailure("a stored suppression is damaged");
    }
    Fingerprint address = key_(CanonicalAddress::from_stored(parts.channel, parts.address));
    scan.totals.digest += entry_digest(address, parts.scope, state);
    ++scan.totals.entries;
    if (scan.totals.entries - scan.reported == progress_every_entries) report(scan);
    scan.buffer.add(address, parts.scope, state);
  }

  void report(Scan& scan) {
    uint64_t done = done_ += scan.totals.entries - scan.reported;
    scan.reported = scan.totals.entries;
    progress_ = std::min(1.0, static_cast<double>(done) / static_cast<double>(expected_ + 1));
  }

  const Database& database_;
  const FingerprintKey& key_;
  uint64_t expected_;
  std::atomic<double>& progress_;
  ShardPuts puts_;
  std::vector<std::string> bounds_;
  std::atomic<size_t> next_range_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex totals_lock_;  // guards totals_ and failure_
  Totals totals_;
  std::exception_ptr failure_;
};

}  // namespace

bool scan_into(const Database& database, const FingerprintKey& key, const Meta& meta,
               SuppressionSet& set, unsigned threads, std::atomic<double>& progress) {
  set.reserve(meta.entries);
  if (scan_tables(database, key, meta, set, threads, progress)) return true;
  set.clear();
  set.reserve(meta.entries);
  progress = 0.0;
  Totals totals = Loader(database, key, meta.entries, set, progress).run(threads);
  Loader::add_erased(database, set, totals);
  if (totals.entries == meta.entries && totals.digest == meta.digest &&
      set.entries() + totals.replaced == meta.entries) {
    return false;
  }
  throw StoreError(
      StoreError::Kind::digest_mismatch,
      "the stored suppressions are not what was stored: " + std::to_string(totals.entries) +
          " entries were read, " + std::to_string(meta.entries) +
          " were expected, and their digests must agree. Nothing is served from "
          "them. Restore the data directory from a backup as a whole.");
}

}  // namespace suppressd
