// A file that is read from any octet on. Thread safety: one thread's. Errors:
// std::filesystem::filesystem_error with the errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "persistence/data_directory.hpp"

namespace suppressd {

[[noreturn]] void throw_file_error(const char* doing, const std::filesystem::path& path);

class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  /// At the time of asking.
  uint64_t bytes() const;
  /// Reads what fits from octet `at` on; returns how many octets, 0 at the end only.
  size_t read(char* out, size_t room, uint64_t at) const;

 private:
  std::filesystem::path path_;
  FileHandle file_;
};

}  // namespace suppressd
