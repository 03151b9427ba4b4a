// The files of imports. They hold addresses: mode 0600 in folders of 0700, gone with the import or
// some days after its end (import_sweep.hpp).
//
//   <data-dir>/imports/<account's number>-<job's number>/
//     upload       what was sent, as it was sent
//     text         what import_text.hpp made of it; then `upload` is gone
//     bucket-<n>   while duplicates are looked for (import_scan.hpp)
//     duplicates   what was found: two bits a row
//
// Thread safety: any thread; of one import's files one writer at a time, which claim() sees to.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "persistence/contact.hpp"

namespace suppressd {

struct ImportLimits {
  uint64_t disk_free_bytes_min = 256ull << 20;  // below it imports and uploads stand still
  uint64_t suppress_percent = 20;  // of an account's contacts: more needs a confirmation
  size_t uploads_max = 64;         // at once
  TimeMs files_kept_ms = 7ull * 24 * 60 * 60 * 1000;   // after an import's end, or its last part
  std::chrono::milliseconds progress_interval{1'000};  // between two events of one stream
};

struct ImportName {
  AccountNumber account = platform_number;
  JobId job = 0;
  auto operator<=>(const ImportName&) const = default;
};

class ImportFiles {
 public:
  ImportFiles(const std::filesystem::path& data_dir, const ImportLimits& limits);

  const ImportLimits& limits() const { return limits_; }
  std::filesystem::path folder(const ImportName& name) const;
  std::filesystem::path upload(const ImportName& name) const { return folder(name) / "upload"; }
  std::filesystem::path text(const ImportName& name) const { return folder(name) / "text"; }
  std::filesystem::path duplicates(const ImportName& name) const {
    return folder(name) / "duplicates";
  }

  /// Makes the folder, durably.
  void make_folder(const ImportName& name) const;
  void remove(const ImportName& name) const;
  /// Of all folders; what is named otherwise is left alone.
  std::vector<ImportName> all() const;

  /// Whether imports may write to the disk. Other writes go on until the disk is full.
  bool disk_has_room() const;
  /// Raised by tests to play a full disk.
  std::atomic<uint64_t> disk_free_bytes_min;

  enum class Refusal : uint8_t { none, busy, too_many };
  /// The right to write an import's upload, until the last copy is gone; null: `refusal` says why.
  std::shared_ptr<void> claim(const ImportName& name, Refusal& refusal);
  bool uploads_are_too_many();

 private:
  const std::filesystem::path root_;
  const ImportLimits limits_;
  std::mutex mutex_;
  std::set<ImportName> claimed_;
};

}  // namespace suppressd
