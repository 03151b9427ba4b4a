// Every way a data directory is refused, and that a refusal changes nothing in it.
#include <sys/stat.h>

#include "persistence/mark.hpp"
#include "store_harness.hpp"

using namespace suppressd;
using Kind = StoreError::Kind;

namespace {

/// A closed directory that holds `changes` acknowledged changes.
void fill(const fs::path& directory, int changes = 3) {
  LoadedStore one(directory);
  for (int i = 0; i < changes; ++i) {
    one.commit(add_one(1, "a" + std::to_string(i) + "@example.com", cause_of(Reason::manual)));
  }
}

void copy_tree(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("a new directory is private, and so is its secret") {
  TemporaryDirectory parent;
  fs::path directory = parent.path() / "deep" / "data";
  fill(directory);
  struct stat status;
  REQUIRE(::stat(directory.c_str(), &status) == 0);
  REQUIRE((status.st_mode & 0777) == 0700);
  REQUIRE(::stat((directory / "secret").c_str(), &status) == 0);
  REQUIRE((status.st_mode & 0777) == 0600);
  REQUIRE(LoadedStore(directory).store->sequence() == 3);
  REQUIRE(LoadedStore(fs::path(directory.string() + "/")).store->sequence() == 3);
}

TEST_CASE("two directories have two secrets") {
  TemporaryDirectory a, b;
  LoadedStore one(a.path()), other(b.path());
  CanonicalAddress address = CanonicalAddress::from_stored(Channel::email, "a@example.com");
  REQUIRE_FALSE(one.store->fingerprint_key()(address) == other.store->fingerprint_key()(address));
}

TEST_CASE("child opens a locked directory", "[.]") {
  ::_exit(refusal(child_directory()) == Kind::locked ? 0 : 1);
}

TEST_CASE("a directory in use is refused, by the same process and by another") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  REQUIRE(refusal(directory.path()) == Kind::locked);
  REQUIRE(exit_code_of(start_child("child opens a locked directory", directory.path())) == 0);
}

TEST_CASE("a newer format is refused without changing a byte") {
  TemporaryDirectory directory;
  fill(directory.path());
  write_file(directory.path() / "FORMAT",
             "suppressd data directory\nformat 5\nall else may differ");
  auto before = contents_of(directory.path());
  std::string sentence;
  REQUIRE(refusal(directory.path(), &sentence) == Kind::newer_format);
  REQUIRE(sentence.find("format 5") != std::string::npos);
  REQUIRE(contents_of(directory.path()) == before);
}

TEST_CASE("another directory's secret is refused without changing a byte") {
  TemporaryDirectory directory, other;
  fill(directory.path());
  fill(other.path());
  fs::copy_file(other.path() / "secret", directory.path() / "secret",
                fs::copy_options::overwrite_existing);
  auto before = contents_of(directory.path());
  REQUIRE(refusal(directory.path()) == Kind::foreign_secret);
  REQUIRE(contents_of(directory.path()) == before);
}

TEST_CASE("another directory's database is refused") {
  TemporaryDirectory directory, other;
  fill(directory.path());
  fill(other.path());
  fs::remove_all(directory.path() / "db");
  copy_tree(other.path() / "db", directory.path() / "db");
  REQUIRE(refusal(directory.path()) == Kind::foreign_secret);
}

TEST_CASE("a missing or damaged part of the directory is named, and nothing is changed") {
  TemporaryDirectory directory;
  fill(directory.path());
  std::string part = GENERATE("FORMAT", "secret", "acknowledged");
  fs::path path = directory.path() / part;
  bool missing = GENERATE(true, false);
  if (missing) {
    fs::remove(path);
  } else {
    std::string content = read_file(path);
    content[30] ^= 1;
    if (part == "acknowledged") content[4096 + 30] ^= 1;  // its second slot
    write_file(path, content);
  }
  auto before = contents_of(directory.path());
  std::string sentence;
  REQUIRE(refusal(directory.path(), &sentence) == Kind::damaged);
  REQUIRE(sentence.find(part) != std::string::npos);
  if (part != "acknowledged") REQUIRE(contents_of(directory.path()) == before);
}

TEST_CASE("a missing or damaged database is refused") {
  TemporaryDirectory directory;
  fill(directory.path());
  SECTION("no folder") {
    fs::remove_all(directory.path() / "db");
  }
  SECTION("an empty folder") {
    fs::remove_all(directory.path() / "db");
    fs::create_directory(directory.path() / "db");
  }
  SECTION("a damaged manifest") {
    for (const auto& entry : fs::directory_iterator(directory.path() / "db")) {
      if (entry.path().filename().string().starts_with("MANIFEST")) {
        write_file(entry.path(), "damaged");
      }
    }
  }
  REQUIRE(refusal(directory.path()) == Kind::damaged);
}

TEST_CASE("a file in place of the directory, or of its parent, is refused") {
  TemporaryDirectory parent;
  write_file(parent.path() / "file", "");
  REQUIRE(refusal(parent.path() / "file") == Kind::io);
  REQUIRE(refusal(parent.path() / "file" / "data") == Kind::io);
}

TEST_CASE("child opens a read-only directory", "[.]") {
  // Root may write everywhere, so the child becomes nobody.
  if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(3);
  ::_exit(refusal(child_directory()) == Kind::read_only ? 0 : 1);
}

TEST_CASE("a directory that may not be written is refused as read-only") {
  TemporaryDirectory directory;
  fill(directory.path());
  ::chmod(directory.path().c_str(), 0555);
  int code = exit_code_of(start_child("child opens a read-only directory", directory.path()));
  ::chmod(directory.path().c_str(), 0700);
  REQUIRE(code == 0);
}

TEST_CASE("a creation cut off at any file is completed by the next start") {
  TemporaryDirectory whole;
  { Store::open(options_for(whole.path())); }
  TemporaryDirectory directory;
  // The files appear in this order; FORMAT says `creating` until the last moment.
  const std::string creating = [] {
    TemporaryDirectory early;
    DataDirectory unfinished(early.path());
    return read_file(early.path() / "FORMAT");
  }();
  int present = GENERATE(0, 1, 2, 3, 4, 5);
  if (present >= 1) write_file(directory.path() / "LOCK", "");
  if (present >= 2) write_file(directory.path() / "FORMAT", creating);
  if (present >= 2) write_file(directory.path() / "secret.new", "half");
  if (present >= 3) fs::copy_file(whole.path() / "secret", directory.path() / "secret");
  if (present == 4) fs::create_directory(directory.path() / "db");
  if (present >= 5) copy_tree(whole.path() / "db", directory.path() / "db");
  fill(directory.path());
  REQUIRE(LoadedStore(directory.path()).store->sequence() == 3);
}

TEST_CASE("files of others in the directory are left alone") {
  TemporaryDirectory directory;
  write_file(directory.path() / "admin.key", "not ours");
  fs::create_directory(directory.path() / "lost+found");
  fill(directory.path());
  REQUIRE(read_file(directory.path() / "admin.key") == "not ours");
}

TEST_CASE("a lost tail of acknowledged changes is noticed, and can be accepted") {
  TemporaryDirectory directory, snapshot;
  fill(directory.path(), 2);
  copy_tree(directory.path() / "db", snapshot.path() / "db");
  {
    LoadedStore one(directory.path());
    one.commit(add_one(1, "late@example.com", cause_of(Reason::complaint)));
  }
  fs::remove_all(directory.path() / "db");
  copy_tree(snapshot.path() / "db", directory.path() / "db");
  std::string sentence;
  REQUIRE(refusal(directory.path(), &sentence) == Kind::lost_changes);
  REQUIRE(sentence.find("acknowledged was 3") != std::string::npos);
  REQUIRE(sentence.find("ends at 2") != std::string::npos);

  fs::rename(directory.path() / "acknowledged", directory.path() / "acknowledged.accepted");
  LoadedStore accepted(directory.path());
  REQUIRE(accepted.store->sequence() == 4);  // no number ever means two changes
  REQUIRE(accepted.store->suppression_count() == 2);
  REQUIRE_FALSE(fs::exists(directory.path() / "acknowledged.accepted"));
}

TEST_CASE("a missing mark can be accepted with an empty file") {
  TemporaryDirectory directory;
  fill(directory.path());
  fs::remove(directory.path() / "acknowledged");
  REQUIRE(refusal(directory.path()) == Kind::damaged);
  write_file(directory.path() / "acknowledged.accepted", "");
  REQUIRE(LoadedStore(directory.path()).store->suppression_count() == 3);
  REQUIRE(LoadedStore(directory.path()).store->sequence() == 4);
}

TEST_CASE("child ends without closing", "[.]") {
  LoadedStore one(child_directory());
  for (int i = 0; i < 5; ++i) {
    Outcome outcome =
        one.commit(add_one(1, "a" + std::to_string(i) + "@example.com", cause_of(Reason::manual)));
    if (outcome.status != Outcome::Status::committed) ::_exit(1);
  }
  ::_exit(0);  // so that the changes are in RocksDB's log alone
}

TEST_CASE("the log of RocksDB cut short after an acknowledgement is noticed") {
  TemporaryDirectory directory;
  REQUIRE(exit_code_of(start_child("child ends without closing", directory.path())) == 0);
  fs::path log;
  for (const auto& entry : fs::directory_iterator(directory.path() / "db")) {
    if (entry.path().extension() == ".log" && entry.file_size() != 0) log = entry.path();
  }
  REQUIRE_FALSE(log.empty());
  SECTION("whole, everything is there") {
    REQUIRE(LoadedStore(directory.path()).store->sequence() == 5);
  }
  SECTION("its last octets are gone") {
    fs::resize_file(log, fs::file_size(log) - 20);
    REQUIRE(refusal(directory.path()) == Kind::lost_changes);
  }
  SECTION("the header of its last record is zeroed") {
    std::string content = read_file(log);
    size_t last = content.rfind("a4@example.com");
    REQUIRE(last != std::string::npos);
    std::fill(content.begin() + static_cast<std::ptrdiff_t>(last) - 60, content.end(), '\0');
    write_file(log, content);
    StoreError::Kind kind = refusal(directory.path());
    REQUIRE((kind == Kind::lost_changes || kind == Kind::damaged));
  }
}

TEST_CASE("the mark survives a torn write of either slot") {
  TemporaryDirectory directory;
  fs::path path = directory.path() / "acknowledged";
  REQUIRE_FALSE(Mark::open(path));
  Mark::create(path, 5);
  {
    std::optional<Mark> mark = Mark::open(path);
    REQUIRE(mark->sequence() == 5);
    for (uint64_t sequence : {6u, 7u, 9u}) REQUIRE(mark->write(sequence));
  }
  REQUIRE(fs::file_size(path) == 8192);
  REQUIRE(Mark::open(path)->sequence() == 9);
  std::string content = read_file(path);
  bool newest = GENERATE(true, false);
  content[(newest ? 4096 : 0) + 20] ^= 1;  // turn 3 went to slot 1
  write_file(path, content);
  REQUIRE(Mark::open(path)->sequence() == (newest ? 7 : 9));
}
