// Starting from an image: what a store holds afterwards is what it held, whatever happened to the
// image in between, and an image is used only when it can be proven.
#include <sched.h>
#include <signal.h>

#include <thread>

#include "raw_database.hpp"

using namespace suppressd;

namespace {

std::string address_of(uint64_t number) {
  return "a" + std::to_string(number) + "@example.com";
}

void fill(LoadedStore& one, size_t from, size_t to) {
  std::vector<AddSuppressions::Row> rows;
  for (size_t i = from; i < to; ++i) {
    rows.push_back({Channel::email, address_of(i), "", {}, cause_of(Reason::manual)});
  }
  one.commit(add_rows(1, std::move(rows)));
}

/// A directory with an image at sequence 2 and two changes after it.
void fill_with_image(const fs::path& directory) {
  LoadedStore one(directory);
  fill(one, 0, 500);
  one.commit(change_of(SetExemption{9, Channel::email, address_of(1), Exemption{}}));
  REQUIRE(one.write_image());
  fill(one, 400, 600);
  one.commit(change_of(RemoveSuppression{1, Channel::email, address_of(3)}));
}

/// The next start scans the store, says why, and deletes the image; the one after has nothing to
/// say.
void require_refused(const fs::path& directory, const std::string& why) {
  {
    LoadedStore one(directory);
    REQUIRE(one.loaded.from == Loaded::From::store);
    REQUIRE_THAT(one.loaded.image_refusal, Catch::Contains(why));
    REQUIRE(one.loaded.image_refusal.find('@') == std::string::npos);
    REQUIRE(one.set.entries() == one.store->suppression_count());
  }
  REQUIRE_FALSE(fs::exists(directory / "image"));
  REQUIRE(LoadedStore(directory).loaded.image_refusal.empty());
}

/// The open database may still be deleting files that its start left behind: a copy that one of
/// them vanished from is made again.
void copy_directory(const fs::path& from, const fs::path& to) {
  for (int left = 100;; --left) {
    try {
      return fs::copy(from, to, fs::copy_options::recursive);
    } catch (const fs::filesystem_error&) {
      if (left == 0) throw;
      for (const fs::directory_entry& entry : fs::directory_iterator(to)) {
        fs::remove_all(entry.path());
      }
    }
  }
}

/// What the other way to start finds is the same.
void require_same_as_scan(const LoadedStore& one, const fs::path& directory) {
  TemporaryDirectory copy;
  copy_directory(directory, copy.path());
  fs::remove(copy.path() / "image");
  LoadedStore scanned(copy.path());
  REQUIRE(scanned.loaded.from == Loaded::From::store);
  REQUIRE(scanned.loaded.tables_read);
  REQUIRE(scanned.set.entries() == one.set.entries());
  REQUIRE(scanned.set.digest() == one.set.digest());
}

}  // namespace

TEST_CASE("a start reads the image and replays what came after it") {
  TemporaryDirectory directory;
  fill_with_image(directory.path());
  for (int start = 0; start < 2; ++start) {
    LoadedStore one(directory.path());
    REQUIRE(one.loaded.from == Loaded::From::image);
    REQUIRE(one.loaded.changes_replayed == 2);
    REQUIRE(one.loaded.image_refusal.empty());
    REQUIRE(one.set.entries() == 600);
    REQUIRE(one.in_set(1, Channel::email, address_of(3)) == SlotState::absent);
    REQUIRE(one.in_set(1, Channel::email, address_of(599)) == slot_state(Reason::manual));
    REQUIRE(one.in_set(9, Channel::email, address_of(1)) == SlotState::exempt);
  }
  {
    LoadedStore one(directory.path());
    REQUIRE(one.write_image());
  }
  LoadedStore one(directory.path());
  REQUIRE(one.loaded.from == Loaded::From::image);
  REQUIRE(one.loaded.changes_replayed == 0);
}

TEST_CASE("without an image the store is scanned, and nothing is said about it") {
  TemporaryDirectory directory;
  fill_with_image(directory.path());
  fs::remove(directory.path() / "image");
  write_file(directory.path() / "image.new", "what a crash left");
  LoadedStore one(directory.path());
  REQUIRE(one.loaded.from == Loaded::From::store);
  REQUIRE(one.loaded.image_refusal.empty());
  REQUIRE_FALSE(fs::exists(directory.path() / "image.new"));
}

TEST_CASE("an image of every kind of changes, at any moment, comes to the same") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  size_t from_images = 0;
  for (size_t start = 0; start < 6 * test_size(); ++start) {
    LoadedStore one(directory.path());
    from_images += one.loaded.from == Loaded::From::image ? 1 : 0;
    require_same_as_scan(one, directory.path());
    for (size_t i = 0; i < 60; ++i) {
      const std::string address = address_of(random() % 40);
      const auto account = static_cast<AccountNumber>(1 + random() % 3);
      const auto reason = static_cast<Reason>(1 + random() % 8);
      switch (random() % 6) {
        case 0:
          one.commit(change_of(RemoveSuppression{account, Channel::email, address}));
          break;
        case 1:
          one.commit(
              change_of(SetExemption{account, Channel::email, address, Exemption{i, "", ""}}));
          break;
        case 2:
          one.commit(change_of(SetExemption{account, Channel::email, address, {}}));
          break;
        case 3:
          one.commit(change_of(
              CreateKey{{"key-" + std::to_string(random()), Role::support, 0, "", {}, 5, 0}}));
          break;
        default:
          one.commit(add_one(account, address, cause_of(reason, 1'000 + i)));
      }
      if (random() % 40 == 0) REQUIRE(one.write_image());
    }
    if (start == 0) REQUIRE(one.write_image());
  }
  REQUIRE(from_images == 6 * test_size() - 1);
}

TEST_CASE("an image written while changes are committed comes to the same") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    fill(one, 0, 9'000);
    std::atomic<uint64_t> visible{one.store->sequence()};
    std::atomic<bool> stop{false};
    size_t written = 0;
    std::thread images([&] {
      while (!stop || written == 0) {
        const auto go_on = [] { return true; };
        written += one.store->write_image(one.set, visible, ImageCaching::keep, go_on).written;
      }
    });
    for (size_t i = 0; i < 300; ++i) {
      one.commit(change_of(RemoveSuppression{1, Channel::email, address_of(i)}));
      fill(one, 9'000 + 20 * i, 9'020 + 20 * i);
      fill(one, i, i + 1);
      visible = one.store->sequence();
    }
    stop = true;
    images.join();
  }
  LoadedStore one(directory.path());
  REQUIRE(one.loaded.image_refusal.empty());
  REQUIRE(one.loaded.from == Loaded::From::image);
  REQUIRE(one.set.entries() == 15'000);
}

TEST_CASE("an image that is not this store's, now, is refused") {
  TemporaryDirectory directory;
  const fs::path image = directory.path() / "image";
  SECTION("of another directory") {
    TemporaryDirectory other;
    fill_with_image(directory.path());
    fill_with_image(other.path());
    fs::copy_file(other.path() / "image", image, fs::copy_options::overwrite_existing);
    require_refused(directory.path(), "another data directory");
  }
  SECTION("newer than the store: a backup was restored below it") {
    TemporaryDirectory backup;
    {
      LoadedStore one(directory.path());
      fill(one, 0, 10);
    }
    fs::copy(directory.path(), backup.path(), fs::copy_options::recursive);
    {
      LoadedStore one(directory.path());
      fill(one, 10, 20);
      REQUIRE(one.write_image());
    }
    fs::copy_file(image, backup.path() / "image");
    require_refused(backup.path(), "newer than the store");
  }
  SECTION("of another past: a backup was restored, and changed since") {
    TemporaryDirectory backup;
    {
      LoadedStore one(directory.path());
      fill(one, 0, 10);
    }
    fs::copy(directory.path(), backup.path(), fs::copy_options::recursive);
    {
      LoadedStore one(directory.path());
      fill(one, 10, 20);
      REQUIRE(one.write_image());
    }
    {
      LoadedStore one(backup.path());
      fill(one, 20, 25);
      fill(one, 25, 30);
    }
    fs::copy_file(image, backup.path() / "image");
    require_refused(backup.path(), "digests must agree");
  }
  SECTION("damaged") {
    fill_with_image(directory.path());
    std::string content = read_file(image);
    content[content.size() / 2] ^= 1;
    write_file(image, content);
    require_refused(directory.path(), "damaged");
  }
  SECTION("a change after it is missing") {
    fill_with_image(directory.path());
    RawDatabase(directory.path()).remove("changes", change_key(3));
    require_refused(directory.path(), "missing");
  }
  SECTION("a change after it is damaged") {
    fill_with_image(directory.path());
    RawDatabase(directory.path()).put("changes", change_key(3), "?");
    require_refused(directory.path(), "cannot be replayed");
  }
  SECTION("the loss of changes was accepted since") {
    fill_with_image(directory.path());
    fs::rename(directory.path() / "acknowledged", directory.path() / "acknowledged.accepted");
    require_refused(directory.path(), "cannot be replayed");
  }
  SECTION("addresses were normalized anew since") {
    fill_with_image(directory.path());
    {
      RawDatabase raw(directory.path());
      Meta meta = raw.meta();
      meta.normalizer = normalizer_version + 7;
      raw.put_meta(meta);
    }
    require_refused(directory.path(), "cannot be replayed");
  }
}

TEST_CASE("child writes images and commits until it is killed", "[.]") {
  LoadedStore one(child_directory());
  std::atomic<uint64_t> visible{one.store->sequence()};
  std::thread([&] {
    for (;;) {
      const auto go_on = [] { return true; };
      one.store->write_image(one.set, visible, ImageCaching::keep, go_on);
    }
  }).detach();
  for (;;) {
    const uint64_t next = visible + 1;
    fill(one, 3 * next, 3 * next + 3);
    visible = one.store->sequence();
    if (visible != next || ::write(child_pipe(), &next, sizeof next) < 0) ::_exit(3);
  }
}

TEST_CASE("killed while an image is written: the next start finds everything, from either") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  for (size_t round = 0; round < 5 * test_size(); ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = start_child("child writes images and commits until it is killed",
                                    directory.path(), ends[1]);
    ::close(ends[1]);
    uint64_t acknowledged = 0, left = 5 + random() % 200;
    while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
      if (--left == 0) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    REQUIRE(exit_code_of(child) == -1);
    LoadedStore one(directory.path());
    REQUIRE(one.loaded.image_refusal.empty());
    REQUIRE_FALSE(fs::exists(directory.path() / "image.new"));
    REQUIRE(one.store->sequence() >= acknowledged);
    REQUIRE(one.set.entries() == 3 * one.store->sequence());
    REQUIRE(one.in_set(1, Channel::email, address_of(3 * acknowledged)) ==
            slot_state(Reason::manual));
  }
}
