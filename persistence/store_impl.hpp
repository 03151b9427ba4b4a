// What the parts of the store share. Internal: only persistence/store*.cpp, loader.cpp,
// table_scan.cpp, replay.cpp, rekey.cpp, digest_upgrade.cpp and feed_upgrade.cpp include it.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "persistence/codec.hpp"
#include "persistence/commit_group.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/data_directory.hpp"
#include "persistence/database.hpp"
#include "persistence/erasure.hpp"
#include "persistence/image.hpp"
#include "persistence/mark.hpp"
#include "persistence/run_file.hpp"
#include "persistence/store.hpp"

namespace suppressd {

struct Store::Impl {
  explicit Impl(const StoreOptions& options);

  FailureLatch latch;
  DataDirectory directory;
  FingerprintKey key;
  Database database;
  RunFolder runs;
  std::optional<Mark> mark;  // engaged once opened
  Meta meta;                 // the committer's thread; others read the atomics below
  std::atomic<uint64_t> sequence{0};
  std::atomic<uint64_t> entries{0};
  Expiry expiry;  // the committer's thread, and so the next one
  IdExpiry id_expiry;
  ReaderContext reader_context{database, directory.secret_id()};
  ContactReader contacts{reader_context};
  /// Written by the committer's thread, before and after the database takes files in: while they
  /// differ a snapshot may see the files of one family and not those of another.
  std::atomic<uint64_t> ingests_begun{0}, ingests_done{0};

  /// Reads until no files were taken in meanwhile, so that what it read is of one moment.
  template <class Read>
  auto read_between_ingests(Read&& read) const {
    for (;;) {
      const uint64_t begun = ingests_begun.load(std::memory_order_acquire);
      if (ingests_done.load(std::memory_order_acquire) == begun) {
        auto result = read();
        if (ingests_begun.load(std::memory_order_acquire) == begun) return result;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  std::optional<Suppression> find_hashed(const std::string& suppression) const;
  std::string load_image(const Image& image, SuppressionSet& set, unsigned threads,
                         std::atomic<double>& progress) const;
  /// Makes the batch durable, then the mark, then the numbers known. False: the latch is tripped.
  bool write(rocksdb::WriteBatch& batch, const Meta& next);
  /// The same with files that the database takes in at once.
  bool ingest(const std::vector<const RunFile*>& files, const Meta& next);
  bool acknowledge(const Meta& next);
  // store_erase.cpp
  void flush_all() const;
  void search_records(AccountNumber account, ErasurePlace& place, EraseTraces& part,
                      const std::atomic<bool>& stopping) const;
  void search_changes(ErasurePlace& place, EraseTraces& part,
                      const std::atomic<bool>& stopping) const;
  Change search_part(const Job& job, EraseTraces part, ErasurePlace place,
                     const std::atomic<bool>& stopping) const;
  Change compaction_part(const Job& job, JobStep step, ErasurePlace place,
                         std::atomic<bool>& stopping) const;
  SuppressionPage list(AccountNumber scope, const SuppressionFilter& filter,
                       std::string_view cursor, size_t limit) const;
  void publish_meta() {
    sequence.store(meta.sequence, std::memory_order_release);
    entries.store(meta.entries, std::memory_order_release);
  }
};

/// Fills the empty set with every stored suppression, and proves count and digest. Throws
/// StoreError and StorageFailure. True when reading the tables' blocks was enough.
bool scan_into(const Database& database, const FingerprintKey& key, const Meta& meta,
               SuppressionSet& set, unsigned threads, std::atomic<double>& progress);

/// The same from the tables' blocks, faster. False when that cannot be done or is not proven; then
/// the set is good for nothing.
bool scan_tables(const Database& database, const FingerprintKey& key, const Meta& meta,
                 SuppressionSet& set, unsigned threads, std::atomic<double>& progress);

/// Whether replaying what changed after this sequence beats a scan by so many threads.
bool replay_is_quicker(const Database& database, uint64_t after, unsigned scan_threads);
/// Puts what the changes (after, last] say. Why that cannot be done (then the set is good for
/// nothing), or empty. Throws StorageFailure.
std::string replay_changes(const Database& database, const FingerprintKey& key, uint64_t after,
                           uint64_t last, SuppressionSet& set, std::atomic<double>& progress);

/// Gives an older directory what its format did not have, then raises the format. Throws StoreError
/// and StorageFailure.
void raise_directory(Database& database, DataDirectory& directory);

/// When meta's digest is of an older version, proves the suppressions against it, then stores what
/// the current version says. Throws StoreError and StorageFailure.
void upgrade_digest_if_needed(Database& database, DataDirectory& directory,
                              const FingerprintKey& key, Meta& meta);

/// Normalizes every address again when the store's keys were made by another normalizer_version.
/// Throws StoreError. Restartable: until the last batch the old version stands.
void rekey_if_needed(Database& database, const FingerprintKey& key, Meta& meta);
/// The contacts' part of it, after the suppressions': addresses are normalized again from what was
/// given, and say what the suppressions say of them now. Which of an address changes gets the
/// sequence. Throws StoreError and StorageFailure. May be repeated.
void rekey_contacts(Database& database, Normalizer& normalizer, const FingerprintKey& key,
                    uint64_t sequence);

}  // namespace suppressd
