// Fills the set from the blocks of the suppressions' tables, without RocksDB's iterators. No key is
// compared with another: the levels are put into the set one after the other, the oldest first, so
// that what a newer level says of an address, also that it is gone, overwrites the older. Within a
// level threads take runs of blocks.
//
// That this reads tables rightly is not assumed: the set is believed only when its count and digest
// are meta's.
#include <rocksdb/db.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <thread>

#include "persistence/erased.hpp"
#include "persistence/keys.hpp"
#include "persistence/shard_puts.hpp"
#include "persistence/store_impl.hpp"
#include "persistence/table_file.hpp"

namespace suppressd {
namespace {

constexpr uint64_t run_bytes = 1 << 20;  // read at once

/// Keeps the files that a listing named, whatever compactions do.
class KeptFiles {
 public:
  explicit KeptFiles(rocksdb::DB& rocks) : rocks_(rocks) {
    require_ok(rocks_.DisableFileDeletions());
  }
  ~KeptFiles() { rocks_.EnableFileDeletions(false).PermitUncheckedError(); }
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;

 private:
  rocksdb::DB& rocks_;
};

/// Tables that share no key, so that the order in which they are put does not matter.
using Phase = std::vector<TableFile>;

/// Blocks [first, last) of a table.
struct Run {
  const TableFile* table;
  size_t first, last;
};

/// Oldest first: the deepest level, …, level 1, then each table of level 0.
std::vector<Phase> phases_of(const rocksdb::ColumnFamilyMetaData& family) {
  std::vector<Phase> phases;
  for (auto level = family.levels.rbegin(); level != family.levels.rend(); ++level) {
    std::vector<rocksdb::SstFileMetaData> files = level->files;
    if (level->level == 0) {
      std::sort(files.begin(), files.end(),
                [](const auto& a, const auto& b) { return a.largest_seqno < b.largest_seqno; });
    }
    for (const rocksdb::SstFileMetaData& file : files) {
      if (level->level == 0 || &file == &files.front()) phases.emplace_back();
      phases.back().emplace_back(file.db_path + file.name);
    }
  }
  return phases;
}

std::vector<Run> runs_of(const Phase& phase) {
  std::vector<Run> runs;
  for (const TableFile& table : phase) {
    const std::vector<TableFile::Block>& blocks = table.blocks();
    for (size_t first = 0; first < blocks.size();) {
      size_t last = first + 1;
      while (last < blocks.size() && blocks[last].offset - blocks[first].offset < run_bytes) ++last;
      runs.push_back({&table, first, last});
      first = last;
    }
  }
  return runs;
}

class TableScan {
 public:
  TableScan(const FingerprintKey& key, SuppressionSet& set, uint64_t runs,
            std::atomic<double>& progress)
      : key_(key), puts_(set), runs_in_all_(runs), progress_(progress) {}

  /// False when a table cannot be read.
  bool run(const std::vector<Run>& runs, unsigned threads) {
    next_run_ = 0;
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads && i < runs.size(); ++i) {
      running.emplace_back([&] { take(runs); });
    }
    for (std::thread& thread : running) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    return !unreadable_;
  }

 private:
  void take(const std::vector<Run>& runs) try {
    ShardPuts::Buffer buffer(puts_);
    for (size_t run; !unreadable_ && (run = next_run_++) < runs.size();) {
      scan(runs[run], buffer);
      progress_ = static_cast<double>(++runs_done_) / static_cast<double>(runs_in_all_ + 1);
    }
    buffer.finish();
  } catch (const TableUnreadable&) {
    unreadable_ = true;
  } catch (...) {
    unreadable_ = true;
    const std::lock_guard lock(failure_lock_);
    failure_ = std::current_exception();
  }

  void scan(const Run& run, ShardPuts::Buffer& buffer) const {
    std::string stored, scratch, key, newest;
    run.table->read(run.first, run.last, stored);
    const std::vector<TableFile::Block>& blocks = run.table->blocks();
    for (size_t i = run.first; i < run.last; ++i) {
      const uint64_t begin = blocks[i].offset - blocks[run.first].offset;
      BlockRows rows(open_block(std::string_view(stored).substr(
                                    begin, blocks[i].bytes + TableFile::trailer_bytes),
                                scratch),
                     key);
      while (rows.next()) {
        // A snapshot may have kept older rows of a key: they come after the newest.
        if (rows.user_key() == newest) continue;
        put(rows, buffer);
        newest = rows.user_key();
      }
    }
  }

  void put(const BlockRows& row, ShardPuts::Buffer& buffer) const {
    SuppressionKey parts;
    if (!parse_suppression_key(row.user_key(), parts)) throw TableUnreadable("a key");
    SlotState state = SlotState::absent;
    if (row.kind() == BlockRows::Kind::value) {
      state = decode_state(row.value());
      if (state == SlotState::absent) throw TableUnreadable("a value");
    } else if (row.kind() != BlockRows::Kind::removed &&
               row.kind() != BlockRows::Kind::removed_once) {
      throw TableUnreadable("a kind of row");
    }
    buffer.add(key_(CanonicalAddress::from_stored(parts.channel, parts.address)), parts.scope,
               state);
  }

  const FingerprintKey& key_;
  ShardPuts puts_;
  const uint64_t runs_in_all_;
  std::atomic<double>& progress_;
  std::atomic<size_t> next_run_{0};
  std::atomic<uint64_t> runs_done_{0};
  std::atomic<bool> unreadable_{false};
  std::mutex failure_lock_;
  std::exception_ptr failure_;  // guarded by failure_lock_
};

/// Whether all tables hold nothing but rows that BlockRows knows.
bool plain_tables(const Database& database) {
  rocksdb::TablePropertiesCollection tables;
  require_ok(
      database.rocks().GetPropertiesOfAllTables(database.family(Family::suppressions), &tables));
  return std::all_of(tables.begin(), tables.end(), [](const auto& named) {
    const rocksdb::TableProperties& table = *named.second;
    return table.num_range_deletions == 0 && table.num_merge_operands == 0 &&
           table.index_partitions == 0 && table.index_value_is_delta_encoded == 1;
  });
}

}  // namespace

bool scan_tables(const Database& database, const FingerprintKey& key, const Meta& meta,
                 SuppressionSet& set, unsigned threads, std::atomic<double>& progress) {
  rocksdb::ColumnFamilyHandle* const family = database.family(Family::suppressions);
  require_ok(database.rocks().Flush({}, family));
  try {
    const KeptFiles kept(database.rocks());
    if (!plain_tables(database)) return false;
    rocksdb::ColumnFamilyMetaData listing;
    database.rocks().GetColumnFamilyMetaData(family, &listing);
    const std::vector<Phase> phases = phases_of(listing);
    std::vector<std::vector<Run>> runs;
    uint64_t runs_in_all = 0;
    for (const Phase& phase : phases) {
      runs.push_back(runs_of(phase));
      runs_in_all += runs.back().size();
    }
    TableScan scan(key, set, runs_in_all, progress);
    for (const std::vector<Run>& phase : runs) {
      if (!scan.run(phase, threads)) return false;
    }
  } catch (const TableUnreadable&) {
    return false;
  }
  // Few, and in a family of their own.
  for_each_erased(database, [&set](AccountNumber scope, const Fingerprint& address,
                                   SlotState state) { set.put(address, scope, state); });
  return set.entries() == meta.entries && set.digest() == meta.digest;
}

}  // namespace suppressd
