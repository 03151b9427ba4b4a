// A sorted file beside the database, to be taken into it as a whole.
//
// Internal to the store. Thread safety: one thread's. Errors: StorageFailure.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "persistence/database.hpp"

namespace rocksdb {
class SstFileWriter;
}

namespace suppressd {

/// Removed from disk at the end of its life: what the database took in has a name of its own there.
class RunFile {
 public:
  RunFile(const Database& database, Family family, std::filesystem::path path);
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  /// Keys in ascending order, each once.
  void put(std::string_view key, std::string_view value);
  /// In the same order: the database's row of this key goes.
  void remove(std::string_view key);
  /// Makes it durable. At least one key must have been put or removed.
  void finish();

  Family family() const { return family_; }
  std::string path() const { return path_.string(); }

 private:
  Family family_;
  std::filesystem::path path_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
};

/// Numbers the files of a folder. Any thread.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  /// Makes the folder, and removes what a crash left in it.
  void clear() const;
  std::filesystem::path next();

 private:
  std::filesystem::path path_;
  std::atomic<uint64_t> last_{0};
};

}  // namespace suppressd
