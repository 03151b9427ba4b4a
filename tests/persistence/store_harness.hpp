// What the store's tests share: a directory that goes away, a store with its set, changes in short.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "persistence/image.hpp"
#include "persistence/store.hpp"

namespace suppressd {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "suppressd-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// How much the tests with random or big input do; 1 by default.
inline size_t test_size() {
  const char* text = std::getenv("SUPPRESSD_TEST_SIZE");
  return text == nullptr ? 1 : std::max(1ul, std::strtoul(text, nullptr, 10));
}

inline uint64_t test_seed() {
  const char* text = std::getenv("SUPPRESSD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

inline StoreOptions options_for(const fs::path& directory) {
  StoreOptions options;
  options.directory = directory;
  options.block_cache_bytes = 8 << 20;
  options.write_buffer_bytes = 1 << 20;
  return options;
}

/// A store and the set that it fills, as the committer holds them.
struct LoadedStore {
  explicit LoadedStore(const fs::path& directory, unsigned threads = 2)
      : LoadedStore(options_for(directory), threads) {}
  explicit LoadedStore(const StoreOptions& options, unsigned threads = 2)
      : store(Store::open(options)) {
    std::atomic<double> progress{0};
    loaded = store->load(set, threads, progress);
    REQUIRE(progress == 1.0);
  }

  std::vector<Outcome> commit(const std::vector<Change>& changes) {
    std::vector<Outcome> outcomes(changes.size());
    std::vector<SetUpdate> updates;
    store->commit(changes, outcomes, set, updates);
    for (const SetUpdate& update : updates) set.put(update.address, update.account, update.state);
    return outcomes;
  }
  Outcome commit(const Change& change) { return commit(std::vector<Change>{change}).front(); }

  SlotState in_set(AccountNumber scope, Channel channel, std::string_view address) const {
    return set.get(store->fingerprint_key()(CanonicalAddress::from_stored(channel, address)),
                   scope);
  }

  bool write_image() const {
    const auto go_on = [] { return true; };
    return store->write_image(set, store->sequence(), ImageCaching::keep, go_on).written;
  }

  SuppressionSet set{{.shards = 4, .ranges_per_shard = 16384}};
  std::unique_ptr<Store> store;
  Loaded loaded;
};

inline Cause cause_of(Reason reason, TimeMs at = 1'000, std::string evidence = "") {
  return {reason, "api", at, "key-1", std::move(evidence), ""};
}

inline Change add_rows(AccountNumber scope, std::vector<AddSuppressions::Row> rows) {
  Change change;
  change.what = AddSuppressions{scope, std::move(rows)};
  change.by = "key-1";
  change.at = 1'000;
  return change;
}

inline Change add_one(AccountNumber scope, std::string address, Cause cause) {
  return add_rows(scope, {{Channel::email, std::move(address), "", {}, std::move(cause)}});
}

template <class What>
Change change_of(What what, TimeMs at = 1'000) {
  Change change;
  change.what = std::move(what);
  change.by = "key-1";
  change.at = at;
  return change;
}

/// The kind with which opening (and loading) is refused; fails the test when it is not.
inline StoreError::Kind refusal(const StoreOptions& options, std::string* sentence = nullptr) {
  try {
    LoadedStore opened(options);
  } catch (const StoreError& error) {
    if (sentence != nullptr) *sentence = error.what();
    return error.kind;
  }
  FAIL("the store was opened");
  return StoreError::Kind::io;
}
inline StoreError::Kind refusal(const fs::path& directory, std::string* sentence = nullptr) {
  return refusal(options_for(directory), sentence);
}

/// Starts this program again to run one hidden test case, `role`, which ends with _exit. A fresh
/// process, because RocksDB's threads do not live on in a forked one.
inline pid_t start_child(const char* role, const fs::path& directory, int pipe = -1) {
  ::setenv("SUPPRESSD_TEST_DIRECTORY", directory.c_str(), 1);
  ::setenv("SUPPRESSD_TEST_PIPE", std::to_string(pipe).c_str(), 1);
  pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "persistence_tests", role, nullptr);
    ::_exit(127);
  }
  REQUIRE(child > 0);
  return child;
}
inline fs::path child_directory() {
  const char* path = std::getenv("SUPPRESSD_TEST_DIRECTORY");
  return path == nullptr ? "" : path;
}
inline int child_pipe() {
  return std::atoi(std::getenv("SUPPRESSD_TEST_PIPE"));
}
/// The exit status; -1 when a signal ended the child.
inline int exit_code_of(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_file(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  REQUIRE(file.good());
}
/// Every file under a directory with its content, to see that nothing was changed.
inline std::map<std::string, std::string> contents_of(const fs::path& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    contents[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path()) : "/";
  }
  return contents;
}

}  // namespace suppressd
