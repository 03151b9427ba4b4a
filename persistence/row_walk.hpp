// One moment of the database, and walks over rows as they were then.
//
// Internal to the store. Thread safety: a walk is one thread's; a snapshot is for any.
// Errors: StorageFailure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "persistence/database.hpp"

namespace rocksdb {
class Iterator;
}  // namespace rocksdb

namespace suppressd {

class Snapshot {
 public:
  explicit Snapshot(const Database& database);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const Database& database() const { return database_; }
  const rocksdb::Snapshot* get() const { return snapshot_; }
  /// Of the last change that it sees.
  uint64_t sequence() const;

 private:
  const Database& database_;
  const rocksdb::Snapshot* snapshot_;
};

/// The least key that is greater than every key that starts so; empty when there is none.
std::string successor(std::string_view prefix);

/// Rows of one family in key order.
class RowWalk {
 public:
  /// `page`: a few rows that are likely to be asked for again. `whole`: many, once; they are read
  /// ahead and leave the cache alone.
  enum class Extent : uint8_t { page, whole };

  /// From the first key that is not below `from`, to before `end` (empty: to the family's end).
  RowWalk(const Snapshot& snapshot, Family family, std::string_view from, std::string end,
          Extent extent = Extent::page);
  ~RowWalk();
  RowWalk(const RowWalk&) = delete;
  RowWalk& operator=(const RowWalk&) = delete;

  bool valid() const { return valid_; }
  // Views until the walk goes on.
  std::string_view key() const { return key_; }
  std::string_view value() const;
  void next();

 private:
  void look();

  std::string end_;
  std::unique_ptr<rocksdb::Slice> upper_;
  std::unique_ptr<rocksdb::Iterator> row_;
  std::string_view key_;
  bool valid_ = false;
};

}  // namespace suppressd
