// The last acknowledged sequence, kept outside RocksDB: no WAL mode of RocksDB both opens after an
// ordinary crash and reports that a synced tail of its log is gone. A database that holds less than
// the mark says has lost acknowledged changes.
//
// Two slots in a file of fixed size, written in turn and each synced: a write torn by a crash
// leaves the other slot, and the torn one was not acknowledged yet. Thread safety: one thread's.
// Errors: StoreError from open and create; write() says false.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "persistence/data_directory.hpp"

namespace suppressd {

class Mark {
 public:
  /// Makes the file, holding sequence 0. Replaces what is there.
  static void create(const std::filesystem::path& path, uint64_t sequence);
  /// nullopt when there is no file; throws `damaged` when neither slot is whole.
  static std::optional<Mark> open(const std::filesystem::path& path);

  uint64_t sequence() const { return sequence_; }
  /// Durable when true. After false the state of the file is unknown; do not try again.
  [[nodiscard]] bool write(uint64_t sequence);

 private:
  explicit Mark(FileHandle file) : file_(std::move(file)) {}

  FileHandle file_;
  uint64_t turn_ = 0;  // counts writes; its low bit names the slot that holds the newest
  uint64_t sequence_ = 0;
};

}  // namespace suppressd
