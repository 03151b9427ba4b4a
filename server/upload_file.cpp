#include "server/upload_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "persistence/data_directory.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t unsynced_bytes_max = 16 << 20;  // so that no sync holds a pool thread for long

}  // namespace

UploadFile::UploadFile(const ImportFiles& files, const ImportName& name,
                       std::shared_ptr<void> claim)
    : files_(files), path_(files.upload(name)), claim_(std::move(claim)) {
  files.make_folder(name);
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat about {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0) fail();
  size_ = static_cast<uint64_t>(about.st_size);
}

UploadFile::~UploadFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<Problem> UploadFile::write(std::string_view octets) {
  if (at < size_) {
    const std::string_view known = octets.substr(0, size_ - at);
    if (!is_there(known)) return upload_differs_problem();
    octets.remove_prefix(known.size());
  }
  if (!octets.empty() && !files_.disk_has_room()) return disk_full_problem();
  while (!octets.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, octets.data(), octets.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == ENOSPC || errno == EDQUOT)) return disk_full_problem();
    if (written < 0) fail();
    at += static_cast<uint64_t>(written);
    size_ = at;
    unsynced_ += static_cast<uint64_t>(written);
    octets.remove_prefix(static_cast<size_t>(written));
  }
  if (unsynced_ >= unsynced_bytes_max) {
    if (::fdatasync(descriptor_) != 0) fail();
    unsynced_ = 0;
  }
  return std::nullopt;
}

void UploadFile::sync() {
  if (::fsync(descriptor_) != 0) fail();
  sync_directory(path_.parent_path());
}

void UploadFile::fail() const {
  throw fs::filesystem_error("cannot write an upload", path_,
                             std::error_code(errno, std::generic_category()));
}

bool UploadFile::is_there(std::string_view octets) {
  std::string stored(octets.size(), '\0');
  for (size_t read = 0; read < stored.size();) {
    const ssize_t got = ::pread(descriptor_, stored.data() + read, stored.size() - read,
                                static_cast<off_t>(at + read));
    if (got == 0) return false;
    if (got < 0 && errno != EINTR) fail();
    if (got > 0) read += static_cast<size_t>(got);
  }
  at += octets.size();
  return stored == octets;
}

Problem disk_full_problem() {
  return {507,
          "disk-full",
          "The disk has no room for uploads.",
          "What arrived is kept. Go on where it ends once there is room.",
          {{"Retry-After", "60"}},
          {},
          {}};
}

Problem upload_differs_problem() {
  return {409,
          "upload-differs",
          "The upload is not the one that was begun with this Idempotency-Key.",
          "Its octets are not those that are there already. Give another file another key.",
          {},
          {},
          {}};
}

}  // namespace suppressd
