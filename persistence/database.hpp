// RocksDB opened the way our promises need: column families, options, and the latch that the first
// storage error trips.
//
// Thread safety: after construction everything here may be called from any thread.
// Errors: the constructor throws StoreError; reads throw StorageFailure.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "persistence/store.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Iterator;
class Slice;
class Snapshot;
class Status;
class WriteBatch;
struct ReadOptions;
}  // namespace rocksdb

namespace suppressd {

enum class Family : uint8_t {
  meta,
  suppressions,
  changes,
  accounts,
  keys,
  idempotency,
  contacts,
  owners,
  contact_index,
  counts,
  activity,
  segments,
  requests,
  jobs,
  erased,
  claims,
  account_changes,
  imports,
  event_ids,
  bounces,
  webhooks,
};
inline constexpr size_t families = 21;

/// The first storage error trips it for good: until a restart has read the disk again, nothing may
/// be acknowledged.
class FailureLatch {
 public:
  explicit FailureLatch(std::function<void(std::string_view)> on_failure)
      : on_failure_(std::move(on_failure)) {}
  void trip(std::string_view what) noexcept;
  bool tripped() const { return tripped_.load(std::memory_order_acquire); }

 private:
  std::function<void(std::string_view)> on_failure_;
  std::atomic<bool> tripped_{false};
};

class Database {
 public:
  /// `create`: makes the database where there is none. `raise`: makes the families that an older
  /// format did not have.
  Database(const std::filesystem::path& path, const StoreOptions& options, bool create, bool raise,
           FailureLatch& latch);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& rocks() const { return *rocks_; }
  rocksdb::ColumnFamilyHandle* family(Family which) const {
    return handles_[static_cast<size_t>(which)];
  }

  /// False when there is no such key.
  bool get(Family which, std::string_view key, std::string& value,
           const rocksdb::Snapshot* snapshot = nullptr) const;
  bool any_with_prefix(Family which, std::string_view prefix) const;
  /// Reads many records at once; `found` is called with the place of each key that is there, and its
  /// value. Sorted keys are read faster.
  void get_many(Family family, std::span<const rocksdb::Slice> keys,
                const std::function<void(size_t, std::string_view)>& found,
                const rocksdb::Snapshot* snapshot = nullptr) const;
  /// One atomic batch; false, with the latch tripped, when it failed.
  [[nodiscard]] bool write(rocksdb::WriteBatch& batch, bool sync);
  /// Sorted files of the suppressions that wait to be merged: each makes reads a little slower.
  uint64_t unmerged_files() const;

 private:
  FailureLatch& latch_;
  std::unique_ptr<rocksdb::DB> rocks_;
  std::array<rocksdb::ColumnFamilyHandle*, families> handles_{};
};

/// What every read needs: without it, RocksDB 7.8 loses the rest of a level in silence when the next
/// table's first read fails (its issue 11782).
rocksdb::ReadOptions read_options();
/// The same for reading a whole family once: checksums proven, read ahead, not kept in the cache.
rocksdb::ReadOptions scan_options();

/// What a failed status says, without ever telling a key.
std::string describe(const rocksdb::Status& status);
/// Throws StorageFailure unless ok.
void require_ok(const rocksdb::Status& status);

}  // namespace suppressd
