#include "server/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace suppressd {

void throw_file_error(const char* doing, const std::filesystem::path& path) {
  throw std::filesystem::filesystem_error(std::string("cannot ") + doing, path,
                                          std::error_code(errno, std::generic_category()));
}

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!file_.open()) throw_file_error("open", path);
}

uint64_t InputFile::bytes() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw_file_error("look at", path_);
  return static_cast<uint64_t>(status.st_size);
}

size_t InputFile::read(char* out, size_t room, uint64_t at) const {
  size_t filled = 0;
  while (filled < room) {
    const ssize_t got =
        ::pread(file_.get(), out + filled, room - filled, static_cast<off_t>(at + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("read", path_);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

}  // namespace suppressd
