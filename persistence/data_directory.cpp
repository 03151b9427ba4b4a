// FORMAT is lines of text:
//
//   suppressd data directory
//   format 4
//   secret <id, 32 hex digits>        (zeros while creating)
//   state creating | ready
//   check <BLAKE2b-128 of the lines above, 32 hex digits>
//
// The second line alone decides whether it is newer; later formats may change all that follows.
// secret is "suppsec1" | 192 random bytes | BLAKE2b-128 of both. The secret's id is BLAKE2b-128 of
// the 192 bytes with the key "suppressd secret".
#include "persistence/data_directory.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "persistence/store.hpp"

namespace suppressd {
namespace {

namespace fs = std::filesystem;
using Kind = StoreError::Kind;

constexpr std::string_view title = "suppressd data directory";
constexpr std::string_view secret_magic = "suppsec1";
constexpr std::string_view secret_id_key = "suppressd secret";
constexpr size_t hash_bytes = 16;
constexpr size_t small_file_bytes_max = 4096;

using Hash = std::array<uint8_t, hash_bytes>;

Hash hash_of(std::string_view octets, std::string_view key = {}) {
  Hash hash;
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(octets.data()), octets.size(),
                     reinterpret_cast<const unsigned char*>(key.data()), key.size());
  return hash;
}

std::string_view view_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string hex_of(const Hash& hash) {
  std::string hex(2 * hash.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return hex;
}

bool parse_hex(std::string_view hex, Hash& into) {
  size_t length = 0;
  return hex.size() == 2 * into.size() &&
         sodium_hex2bin(into.data(), into.size(), hex.data(), hex.size(), nullptr, &length,
                        nullptr) == 0 &&
         length == into.size();
}

/// At most small_file_bytes_max octets; nullopt when the file is not there.
std::optional<std::string> read_small_file(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    throw_system_error("read", path);
  }
  std::string content(small_file_bytes_max, '\0');
  ssize_t length = ::read(file.get(), content.data(), content.size());
  if (length < 0) throw_system_error("read", path);
  content.resize(static_cast<size_t>(length));
  return content;
}

std::string in(const fs::path& path) {
  return " in the data directory " + path.string();
}

[[noreturn]] void throw_damaged(const fs::path& directory, const std::string& what) {
  throw StoreError(Kind::damaged,
                   what + in(directory) + ". Restore the directory from a backup as a whole.");
}

/// The version in FORMAT's second line; 0 when there is none.
unsigned long format_version(const std::string& content) {
  std::istringstream lines(content);
  std::string first, word;
  unsigned long version = 0;
  std::getline(lines, first);
  if (first == title && lines >> word && word == "format") lines >> version;
  return version;
}

void write_all(int file, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
FileHandle::FileHandle(FileHandle&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void throw_system_error(const std::string& doing, const fs::path& path) {
  int error = errno;
  if (error == EROFS || error == EACCES || error == EPERM) {
    throw StoreError(Kind::read_only,
                     "cannot " + doing + " " + path.string() + ": " + std::strerror(error) +
                         ". The data directory must be writable by the user that runs suppressd.");
  }
  throw StoreError(Kind::io, "cannot " + doing + " " + path.string() + ": " + std::strerror(error));
}

void sync_directory(const fs::path& path) {
  FileHandle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::fsync(directory.get()) != 0) throw_system_error("sync", path);
}

void write_file_durably(const fs::path& path, std::string_view content) {
  fs::path neighbor = path;
  neighbor += ".new";
  {
    FileHandle file(::open(neighbor.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) throw_system_error("create", neighbor);
    write_all(file.get(), content, neighbor);
    if (::fsync(file.get()) != 0) throw_system_error("sync", neighbor);
  }
  if (::rename(neighbor.c_str(), path.c_str()) != 0) throw_system_error("rename", neighbor);
  sync_directory(path.parent_path());
}

DataDirectory::DataDirectory(fs::path path) {
  if (sodium_init() < 0) throw StoreError(Kind::io, "libsodium could not be initialized");
  std::error_code error;
  path_ = fs::absolute(path, error).lexically_normal();
  if (!path_.has_filename()) path_ = path_.parent_path();  // "dir/" names the same directory
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), error);
  if (::mkdir(path_.c_str(), 0700) == 0) {
    sync_directory(path_.parent_path());
  } else if (errno != EEXIST) {
    throw_system_error("create", path_);
  }
  if (!fs::is_directory(path_, error)) {
    throw StoreError(Kind::io, path_.string() + " is not a directory; name one, or a new path");
  }
  refuse_newer();
  lock();
  read_format();
  if (creating_) {
    begin_creation();
  } else {
    read_secret();
    if (secret_id_ != expected_secret_id_) {
      throw StoreError(Kind::foreign_secret,
                       "the secret" + in(path_) +
                           " belongs to another directory. Put back the file that was there, or "
                           "restore the directory from a backup as a whole.");
    }
  }
}

void DataDirectory::refuse_newer() const {
  std::optional<std::string> content = read_small_file(path_ / "FORMAT");
  if (content && format_version(*content) > directory_format) {
    throw StoreError(Kind::newer_format,
                     "the data directory " + path_.string() + " has format " +
                         std::to_string(format_version(*content)) + "; this suppressd knows " +
                         std::to_string(directory_format) +
                         ". Run the newer suppressd that wrote it. Nothing was changed.");
  }
}

void DataDirectory::lock() {
  if (::access(path_.c_str(), W_OK | X_OK) != 0) throw_system_error("write to", path_);
  fs::path path = path_ / "LOCK";
  lock_ = FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.open()) throw_system_error("open", path);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw_system_error("lock", path);
  throw StoreError(Kind::locked, "the data directory " + path_.string() +
                                     " is in use by another suppressd. Stop that one, or name "
                                     "another directory.");
}

void DataDirectory::read_format() {
  std::optional<std::string> content = read_small_file(path_ / "FORMAT");
  std::error_code error;
  if (!content) {
    if (fs::exists(database_path(), error) || fs::exists(mark_path(), error)) {
      throw_damaged(path_, "the file FORMAT is missing");
    }
    creating_ = true;
    return;
  }
  refuse_newer();  // again: before the lock was held, another process may have been at work
  std::istringstream lines(*content);
  std::string first, format, version, secret_word, secret, state_word, state, check_word, check;
  std::getline(lines, first);
  lines >> format >> version >> secret_word >> secret >> state_word >> state >> check_word >> check;
  Hash expected;
  size_t covered = content->rfind("check ");
  format_ = format_version(*content);
  bool whole = lines && first == title && format_ >= directory_format_min &&
               version == std::to_string(format_) && state_word == "state" &&
               (state == "ready" || state == "creating") && covered != std::string::npos &&
               parse_hex(check, expected) &&
               hash_of(std::string_view(*content).substr(0, covered)) == expected &&
               parse_hex(secret, expected_secret_id_);
  if (!whole) throw_damaged(path_, "the file FORMAT is damaged");
  creating_ = state == "creating";
}

void DataDirectory::begin_creation() {
  write_format(false);
  std::error_code error;
  // An interrupted creation may have left a secret, and a database that was keyed with it.
  if (fs::exists(path_ / "secret", error)) {
    read_secret();
  } else {
    create_secret();
  }
}

void DataDirectory::finish_creation() {
  if (!creating_) return;
  write_format(true);
  creating_ = false;
}

void DataDirectory::raise_format() {
  if (creating_ || format_ == directory_format) return;
  write_format(true);
  format_ = directory_format;
}

void DataDirectory::write_format(bool ready) const {
  std::string content(title);
  content += "\nformat " + std::to_string(directory_format);
  content += "\nsecret " + hex_of(ready ? secret_id_ : SecretId{});
  content += ready ? "\nstate ready\n" : "\nstate creating\n";
  content += "check " + hex_of(hash_of(content)) + "\n";
  write_file_durably(path_ / "FORMAT", content);
}

void DataDirectory::create_secret() {
  randombytes_buf(secret_.data(), secret_.size());
  std::string content(secret_magic);
  std::string_view secret(reinterpret_cast<const char*>(secret_.data()), secret_.size());
  content += secret;
  content += view_of(hash_of(content));
  write_file_durably(path_ / "secret", content);
  secret_id_ = hash_of(secret, secret_id_key);
}

std::array<uint8_t, 32> DataDirectory::derived_key(std::string_view purpose) const {
  std::array<uint8_t, 32> derived;
  crypto_generichash(derived.data(), derived.size(),
                     reinterpret_cast<const unsigned char*>(secret_.data()), secret_.size(),
                     reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size());
  return derived;
}

void DataDirectory::read_secret() {
  std::optional<std::string> content = read_small_file(path_ / "secret");
  if (!content) throw_damaged(path_, "the file secret is missing");
  constexpr size_t covered = secret_magic.size() + fingerprint_secret_bytes;
  if (content->size() != covered + hash_bytes || !content->starts_with(secret_magic) ||
      view_of(hash_of(content->substr(0, covered))) != content->substr(covered)) {
    throw_damaged(path_, "the file secret is damaged");
  }
  std::memcpy(secret_.data(), content->data() + secret_magic.size(), secret_.size());
  std::string_view secret = std::string_view(*content).substr(secret_magic.size(), secret_.size());
  secret_id_ = hash_of(secret, secret_id_key);
}

}  // namespace suppressd
