// What the parts of the store share. Internal: only persistence/store*.cpp, loader.cpp and
// rekey.cpp include it.
#pragma once

#include <atomic>

#include "persistence/codec.hpp"
#include "persistence/commit_group.hpp"
#include "persistence/data_directory.hpp"
#include "persistence/database.hpp"
#include "persistence/mark.hpp"
#include "persistence/store.hpp"

namespace suppressd {

struct Store::Impl {
  explicit Impl(const StoreOptions& options);

  FailureLatch latch;
  DataDirectory directory;
  FingerprintKey key;
  Database database;
  std::optional<Mark> mark;  // engaged once opened
  Meta meta;                 // the committer's thread; others read the atomics below
  std::atomic<uint64_t> sequence{0};
  std::atomic<uint64_t> entries{0};
  Expiry expiry;  // the committer's thread

  /// Makes the batch durable, then the mark, then the numbers known. False: the latch is tripped.
  bool write(rocksdb::WriteBatch& batch, const Meta& next);
  void publish_meta() {
    sequence.store(meta.sequence, std::memory_order_release);
    entries.store(meta.entries, std::memory_order_release);
  }
};

/// Normalizes every address again when the store's keys were made by another normalizer_version.
/// Throws StoreError. Restartable: until the last batch the old version stands.
void rekey_if_needed(Database& database, const FingerprintKey& key, Meta& meta);

}  // namespace suppressd
