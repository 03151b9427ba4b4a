// The upload of an import on disk, which grows as it arrives. What is there already is compared, not
// written again. Thread safety: one pool thread's at a time. Errors:
// std::filesystem::filesystem_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "server/import_files.hpp"
#include "server/problem.hpp"

namespace suppressd {

class UploadFile {
 public:
  /// Opens it or makes it. `claim` is given back with the last of it.
  UploadFile(const ImportFiles& files, const ImportName& name, std::shared_ptr<void> claim);
  ~UploadFile();
  UploadFile(const UploadFile&) = delete;
  UploadFile& operator=(const UploadFile&) = delete;

  uint64_t size() const { return size_; }
  /// Of the next octets.
  uint64_t at = 0;

  /// A problem when the disk is full, or when they are not those that are there.
  std::optional<Problem> write(std::string_view octets);
  /// Makes all of it durable.
  void sync();

 private:
  [[noreturn]] void fail() const;
  bool is_there(std::string_view octets);

  const ImportFiles& files_;
  const std::filesystem::path path_;
  const std::shared_ptr<void> claim_;
  int descriptor_ = -1;
  uint64_t size_ = 0, unsynced_ = 0;
};

/// 507.
Problem disk_full_problem();
/// 409.
Problem upload_differs_problem();

}  // namespace suppressd
