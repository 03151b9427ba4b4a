#include "server/auth.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <stdexcept>

#include "server/media_type.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t key_random_bytes = 32;
constexpr size_t key_octets_max = 128;  // a longer bearer token is no key of ours: not hashed

void start_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("the system gives no random numbers");
}

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw std::runtime_error("cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

/// Closes at the end of the scope.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail("open", path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Whole or not at all: written aside, synced, renamed, and the folder synced.
void write_secret_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path aside = path;
  aside += ".new";
  {
    const Descriptor file(aside, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (::fchmod(file.get(), 0600) != 0) fail("set the mode of", aside);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      fail("write", aside);
    }
    if (::fsync(file.get()) != 0) fail("sync", aside);
  }
  std::filesystem::rename(aside, path);
  const Descriptor folder(path.parent_path(), O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) fail("sync", path.parent_path());
}

/// The key that an interrupted first start left; empty when there is no file.
std::string left_behind_key(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return {};
  std::string key;
  std::getline(file, key);
  constexpr size_t length = std::string_view("sup_admin_").size() + 43;
  if (key.size() != length || !key.starts_with("sup_admin_")) {
    throw std::runtime_error(path.string() + " holds no admin key, but the data directory has no " +
                             "keys yet. Move the file away and start again.");
  }
  return key;
}

}  // namespace

std::string make_key_text(Role role) {
  start_sodium();
  unsigned char random[key_random_bytes];
  randombytes_buf(random, sizeof(random));
  char text[sodium_base64_ENCODED_LEN(key_random_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  sodium_bin2base64(text, sizeof(text), random, sizeof(random),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return "sup_" + std::string(name_of(role)) + "_" + text;
}

KeyHash hash_key(std::string_view key_text) {
  KeyHash hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(key_text.data()),
                     key_text.size());
  return hash;
}

std::string make_key_id() {
  start_sodium();
  unsigned char random[8];
  randombytes_buf(random, sizeof(random));
  char text[2 * sizeof(random) + 1];
  sodium_bin2hex(text, sizeof(text), random, sizeof(random));
  return std::string("k_") + text;
}

const ApiKey* authenticate(const RequestHead& head, const Directory::Snapshot& directory) {
  std::string_view value = head.field("authorization").value_or("");
  constexpr std::string_view scheme = "bearer ";
  if (value.size() > key_octets_max || to_lower(value.substr(0, scheme.size())) != scheme) {
    return nullptr;
  }
  value.remove_prefix(scheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const ApiKey* key = directory.key(hash_key(value));
  return key && key->revoked_at == 0 ? key : nullptr;
}

void ensure_admin_key(Store& store, Committer& committer, const std::filesystem::path& data_dir) {
  if (!store.keys().empty()) return;
  const std::filesystem::path path = data_dir / "admin.key";
  std::string text = left_behind_key(path);
  if (text.empty()) {
    text = make_key_text(Role::admin);
    write_secret_file(path, text + "\n");
  }
  Change change;
  change.by = make_key_id();
  change.at = now_ms();
  ApiKey key;
  key.id = change.by;
  key.role = Role::admin;
  key.name = "first start";
  key.hash = hash_key(text);
  key.created_at = change.at;
  change.what = CreateKey{std::move(key)};

  std::promise<Outcome> promise;
  if (!committer.submit(std::move(change),
                        [&](const Outcome& outcome) { promise.set_value(outcome); })) {
    throw std::runtime_error("the first admin key could not be queued");
  }
  if (promise.get_future().get().status != Outcome::Status::committed) {
    throw std::runtime_error(
        "the first admin key could not be stored; see the log for the storage");
  }
}

}  // namespace suppressd
