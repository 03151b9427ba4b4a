#include "persistence/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>

#include "persistence/keys.hpp"

namespace suppressd {
namespace {

constexpr std::array<const char*, families> family_names = {
    "default",     "suppressions",    "changes",  "accounts",      "keys",
    "idempotency", "contacts",        "owners",   "contact_index", "counts",
    "activity",    "segments",        "requests", "jobs",          "erased",
    "claims",      "account_changes", "imports",  "event_ids",     "bounces",
    "webhooks"};
// Replayed at a start after a crash, so it bounds how long that start takes.
constexpr uint64_t wal_bytes_max = 256ull << 20;
constexpr uint64_t small_write_buffer_bytes = 4ull << 20;  // of families with few, small rows
constexpr size_t block_bytes = 16 << 10;
constexpr size_t readahead_bytes = 4 << 20;
constexpr double bloom_bits_per_key = 10;
constexpr double memtable_bloom_share = 0.02;
// A MANIFEST names the first and the last key of tables, also of those that are gone. It is replaced
// once it has grown past this, so that an erasure can make that happen (store_erase.cpp). A whole one
// is a few hundred octets a table: nothing beside the tables that a flush or a compaction writes.
constexpr uint64_t manifest_bytes_max = 4 << 10;
constexpr uint64_t log_file_bytes_max = 16ull << 20;
constexpr size_t log_files_max = 4;
// Bulk imports outrun compaction for a while; waiting for it too early costs more than it saves.
constexpr int level0_compaction_files = 8, level0_slowdown_files = 40, level0_stop_files = 64;

/// Trips the latch on the first error of a flush or a compaction. RocksDB is never let to resume by
/// itself: what it held in memory may be gone while it says that all is well again.
class ErrorListener : public rocksdb::EventListener {
 public:
  explicit ErrorListener(FailureLatch& latch) : latch_(latch) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    latch_.trip(describe(*status));
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  FailureLatch& latch_;
};

rocksdb::CompressionType best_compression() {
  std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  for (auto wanted : {rocksdb::kLZ4Compression, rocksdb::kSnappyCompression}) {
    if (std::find(supported.begin(), supported.end(), wanted) != supported.end()) return wanted;
  }
  return rocksdb::kNoCompression;
}

rocksdb::DBOptions database_options(bool create, bool raise, FailureLatch& latch) {
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.create_missing_column_families = create || raise;
  options.paranoid_checks = true;
  options.recycle_log_file_num = 0;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.best_efforts_recovery = false;
  options.max_bgerror_resume_count = 0;
  options.max_open_files = -1;
  options.max_total_wal_size = wal_bytes_max;
  options.max_background_jobs = 4;
  options.max_subcompactions = 2;
  options.bytes_per_sync = 1 << 20;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_manifest_file_size = manifest_bytes_max;
  options.max_log_file_size = log_file_bytes_max;
  options.keep_log_file_num = log_files_max;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // Merging is never urgent beside checks and commits: what it bounds has limits of its own.
  options.env->LowerThreadPoolCPUPriority(rocksdb::Env::Priority::LOW, rocksdb::CpuPriority::kLow);
  options.listeners.push_back(std::make_shared<ErrorListener>(latch));
  return options;
}

bool grows_with_contacts(Family which) {
  return which == Family::contacts || which == Family::owners || which == Family::contact_index ||
         which == Family::activity;
}

/// Octets that start the keys of one list: a commit puts those of each list in order, close together.
size_t list_head(Family which) {
  if (which == Family::suppressions) return suppression_key_head;
  if (which == Family::contact_index) return sizeof(AccountNumber) + 3;  // list, channel, state
  return which == Family::owners ? 1 : sizeof(AccountNumber);
}

rocksdb::ColumnFamilyOptions family_options(Family which, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  rocksdb::ColumnFamilyOptions family;
  family.paranoid_file_checks = true;
  family.compression = best_compression();
  family.write_buffer_size = small_write_buffer_bytes;
  if (which == Family::suppressions) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
    family.level0_file_num_compaction_trigger = level0_compaction_files;
    family.level0_slowdown_writes_trigger = level0_slowdown_files;
    family.level0_stop_writes_trigger = level0_stop_files;
    family.max_bytes_for_level_base = 8 * options.write_buffer_bytes;
  }
  if (which == Family::contacts || which == Family::owners) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
    // Commits look these up one by one, and most are not among the latest writes.
    family.memtable_whole_key_filtering = true;
    family.memtable_prefix_bloom_size_ratio = memtable_bloom_share;
  }
  if (which == Family::event_ids || which == Family::bounces) {
    // Nearly every look-up is of something new.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
    family.memtable_whole_key_filtering = true;
    family.memtable_prefix_bloom_size_ratio = memtable_bloom_share;
    family.write_buffer_size = options.write_buffer_bytes;
  }
  if (which == Family::suppressions || grows_with_contacts(which)) {
    // A commit's rows are put in key order; the hint spares each the walk from the list's head.
    family.memtable_insert_with_hint_prefix_extractor.reset(
        rocksdb::NewFixedPrefixTransform(list_head(which)));
  }
  if (grows_with_contacts(which)) {
    family.max_write_buffer_number = 4;
    family.write_buffer_size = options.write_buffer_bytes;
    family.level0_file_num_compaction_trigger = level0_compaction_files;
    family.max_bytes_for_level_base = 4 * options.write_buffer_bytes;
  }
  if (which == Family::suppressions || which == Family::changes) {
    family.write_buffer_size = options.write_buffer_bytes;
    family.max_write_buffer_number = 4;
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

StoreError open_error(const rocksdb::Status& status, const std::filesystem::path& path) {
  bool io = status.IsIOError();
  return StoreError(io ? StoreError::Kind::io : StoreError::Kind::damaged,
                    "RocksDB cannot open " + path.string() + ": " + describe(status) +
                        (io ? ". Check the disk and the permissions."
                            : ". Restore the data directory from a backup as a whole."));
}

}  // namespace

void FailureLatch::trip(std::string_view what) noexcept {
  if (tripped_.exchange(true, std::memory_order_acq_rel)) return;
  if (on_failure_) on_failure_(what);
}

Database::Database(const std::filesystem::path& path, const StoreOptions& options, bool create,
                   bool raise, FailureLatch& latch)
    : latch_(latch) {
  std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (size_t i = 0; i < families; ++i) {
    wanted.emplace_back(family_names[i], family_options(static_cast<Family>(i), options, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* rocks = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(database_options(create, raise, latch), path.string(),
                                             wanted, &handles, &rocks);
  if (!status.ok()) throw open_error(status, path);
  rocks_.reset(rocks);
  std::copy(handles.begin(), handles.end(), handles_.begin());
}

Database::~Database() {
  // What is in memory only would be replayed from the log by the next start.
  if (!latch_.tripped()) {
    rocks_->Flush({}, {handles_.begin(), handles_.end()}).PermitUncheckedError();
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) rocks_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  rocks_->Close().PermitUncheckedError();
}

bool Database::get(Family which, std::string_view key, std::string& value,
                   const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options = read_options();
  options.snapshot = snapshot;
  rocksdb::PinnableSlice found;
  rocksdb::Status status =
      rocks_->Get(options, family(which), rocksdb::Slice(key.data(), key.size()), &found);
  if (status.IsNotFound()) return false;
  require_ok(status);
  value.assign(found.data(), found.size());
  return true;
}

bool Database::any_with_prefix(Family which, std::string_view prefix) const {
  const std::unique_ptr<rocksdb::Iterator> row(rocks_->NewIterator(read_options(), family(which)));
  const rocksdb::Slice start(prefix.data(), prefix.size());
  row->Seek(start);
  const bool found = row->Valid() && row->key().starts_with(start);
  require_ok(row->status());
  return found;
}

void Database::get_many(Family which, std::span<const rocksdb::Slice> keys,
                        const std::function<void(size_t, std::string_view)>& found,
                        const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options = read_options();
  options.snapshot = snapshot;
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  constexpr bool sorted = true;
  rocks_->MultiGet(options, family(which), keys.size(), keys.data(), values.data(), statuses.data(),
                   sorted);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    require_ok(statuses[i]);
    found(i, {values[i].data(), values[i].size()});
  }
}

bool Database::write(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  rocksdb::Status status = rocks_->Write(options, &batch);
  if (!status.ok()) latch_.trip(describe(status));
  return status.ok();
}

uint64_t Database::unmerged_files() const {
  std::string files;
  const bool known = rocks_->GetProperty(
      family(Family::suppressions), rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &files);
  return known ? std::strtoull(files.c_str(), nullptr, 10) : 0;
}

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;
  return options;
}

rocksdb::ReadOptions scan_options() {
  rocksdb::ReadOptions options = read_options();
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = readahead_bytes;
  return options;
}

std::string describe(const rocksdb::Status& status) {
  // Some texts about damaged files quote keys, and keys hold addresses.
  std::string text = status.ToString();
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower.find("key") == std::string::npos) return text;
  return status.IsCorruption() ? "Corruption in a file of the database"
                               : "an error of the database";
}

void require_ok(const rocksdb::Status& status) {
  if (!status.ok()) throw StorageFailure(describe(status));
}

}  // namespace suppressd
