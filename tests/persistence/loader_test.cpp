// Loading proves what it read, and re-keying moves what an older normalizer left behind. These
// tests write to the database behind the store's back.
#include "raw_database.hpp"

using namespace suppressd;
using Kind = StoreError::Kind;

namespace {

std::string numbered(size_t number) {
  std::string digits = std::to_string(number);
  return "a" + std::string(8 - digits.size(), '0') + digits + "@example.com";
}

void fill(LoadedStore& one, size_t from, size_t to) {
  for (size_t i = from; i < to;) {
    std::vector<AddSuppressions::Row> rows;
    for (; i < to && rows.size() < 1'000; ++i) {
      rows.push_back({Channel::email, numbered(i), "", {}, cause_of(Reason::manual)});
    }
    one.commit(add_rows(1, std::move(rows)));
  }
}

}  // namespace

TEST_CASE("loading fills the set whatever the number of threads") {
  TemporaryDirectory directory;
  Digest digest;
  {
    LoadedStore one(directory.path());
    fill(one, 0, 30'000);
    one.commit(change_of(SetExemption{9, Channel::email, numbered(1), Exemption{}}));
    digest = one.set.digest();
  }
  // RocksDB's defaults compress otherwise: then its iterators read the tables.
  const bool rewritten = GENERATE(false, true);
  if (rewritten) RawDatabase(directory.path()).spread();
  for (unsigned threads : {1u, 2u, 7u}) {
    LoadedStore again(directory.path(), threads);
    REQUIRE(again.loaded.tables_read == !rewritten);
    REQUIRE(again.set.entries() == 30'001);
    REQUIRE(again.set.digest() == digest);
    REQUIRE(again.in_set(1, Channel::email, numbered(12'345)) == slot_state(Reason::manual));
    REQUIRE(again.in_set(9, Channel::email, numbered(1)) == SlotState::exempt);
  }
}

TEST_CASE("a record that was lost, added or altered is noticed before anything is served") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    fill(one, 0, 100);
  }
  {
    RawDatabase raw(directory.path());
    std::string key = suppression_key(1, Channel::email, numbered(5));
    Suppression record;
    REQUIRE(decode(raw.get("suppressions", key), record));
    SECTION("lost") {
      raw.remove("suppressions", key);
    }
    SECTION("added") {
      raw.put("suppressions", suppression_key(1, Channel::email, "b@example.com"),
              raw.get("suppressions", key));
    }
    SECTION("moved") {
      raw.put("suppressions", suppression_key(2, Channel::email, numbered(5)),
              raw.get("suppressions", key));
      raw.remove("suppressions", key);
    }
    SECTION("altered") {
      record.causes[0].reason = Reason::unsubscribe;
      std::string bytes;
      encode(record, bytes);
      raw.put("suppressions", key, bytes);
    }
    SECTION("count") {
      Meta meta = raw.meta();
      ++meta.entries;
      raw.put_meta(meta);
    }
  }
  std::string sentence;
  REQUIRE(refusal(directory.path(), &sentence) == Kind::digest_mismatch);
  REQUIRE(sentence.find('@') == std::string::npos);
}

TEST_CASE("a record that cannot be read is damage, and its address is not told") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    fill(one, 0, 10);
  }
  {
    RawDatabase(directory.path())
        .put("suppressions", suppression_key(1, Channel::email, numbered(5)), "x");
  }
  std::string sentence;
  REQUIRE(refusal(directory.path(), &sentence) == Kind::damaged);
  REQUIRE(sentence.find('@') == std::string::npos);
}

TEST_CASE("accounts, keys and the end of the log are checked against what meta counted") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(CreateAccount{{0, "acme", "", {}, 5}}));
    one.commit(change_of(CreateKey{{"key-9", Role::sender, 1, "", {}, 5, 0}}));
  }
  {
    RawDatabase raw(directory.path());
    SECTION("account") {
      raw.remove("accounts", "acme");
    }
    SECTION("key") {
      raw.remove("keys", "key-9");
    }
    SECTION("last change") {
      raw.remove("changes", change_key(2));
    }
    SECTION("a change too many") {
      raw.put("changes", change_key(3), "");
    }
    SECTION("meta") {
      raw.put("default", "meta", "?");
    }
  }
  REQUIRE(refusal(directory.path()) == Kind::damaged);
}

TEST_CASE("a scan that meets a damaged first block of a later file is not believed") {
  // RocksDB 7.8 (rocksdb#11782): a plain scan drops the rest of the level and says OK.
  TemporaryDirectory directory;
  const size_t rows = 40'000;
  {
    LoadedStore one(directory.path());
    fill(one, 0, rows);
  }
  std::vector<std::string> tables = RawDatabase(directory.path()).spread();
  REQUIRE(tables.size() >= 4);
  std::string content = read_file(tables[1]);
  content[100] ^= 1;
  write_file(tables[1], content);
  auto [found, ok] = RawDatabase(directory.path()).plain_scan();
  REQUIRE(found < rows);
  CHECK_NOFAIL(ok);  // the trap; a RocksDB that has closed it says false
  for (unsigned threads : {1u, 3u}) {
    std::unique_ptr<Store> store = Store::open(options_for(directory.path()));
    SuppressionSet set;
    std::atomic<double> progress{0};
    REQUIRE_THROWS_AS(store->load(set, threads, progress), StoreError);
    REQUIRE(progress < 1.0);
  }
}

TEST_CASE("another normalizer version re-keys what it normalizes otherwise") {
  TemporaryDirectory directory;
  const Exemption exemption{3, "s", ""};
  {
    LoadedStore one(directory.path());
    // Keys as an older normalizer might have made them: upper case was kept.
    one.commit(add_rows(
        1,
        {{Channel::email, "Alone@example.com", "", {}, cause_of(Reason::manual)},
         {Channel::email, "Both@example.com", "<Both@example.com>", {}, cause_of(Reason::legal)},
         {Channel::email, "both@example.com", "", {}, cause_of(Reason::unsubscribe)},
         {Channel::email, "no longer an address", "", {}, cause_of(Reason::manual)},
         {Channel::email, "same@example.com", "SAME@example.com", {}, cause_of(Reason::manual)}}));
    one.commit(change_of(SetExemption{1, Channel::email, "Exempt@example.com", exemption}));
  }
  {
    RawDatabase raw(directory.path());
    Meta meta = raw.meta();
    meta.normalizer = normalizer_version + 7;
    raw.put_meta(meta);
  }
  {
    LoadedStore one(directory.path());  // loading proves the new count and digest
    REQUIRE(one.store->sequence() == 3);
    REQUIRE(one.store->suppression_count() == 5);
    REQUIRE_FALSE(one.store->find(1, Channel::email, "Alone@example.com"));
    std::optional<Suppression> alone = one.store->find(1, Channel::email, "alone@example.com");
    REQUIRE(alone);
    REQUIRE(alone->given == "Alone@example.com");
    std::optional<Suppression> both = one.store->find(1, Channel::email, "both@example.com");
    REQUIRE(both);
    REQUIRE(both->causes.size() == 2);
    REQUIRE(both->strongest() == Reason::legal);
    REQUIRE(one.in_set(1, Channel::email, "both@example.com") == slot_state(Reason::legal));
    REQUIRE(one.in_set(1, Channel::email, "Both@example.com") == SlotState::absent);
    REQUIRE(one.store->find(1, Channel::email, "no longer an address"));
    REQUIRE(one.store->find(1, Channel::email, "same@example.com")->given == "SAME@example.com");
    REQUIRE(one.store->find(1, Channel::email, "exempt@example.com")->exemption == exemption);
  }
  REQUIRE(RawDatabase(directory.path()).meta().normalizer == normalizer_version);
  REQUIRE(LoadedStore(directory.path()).store->sequence() == 3);  // and only once
}

TEST_CASE("re-keying that was interrupted goes on, and refuses what it cannot prove") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    for (const char* address : {"A@example.com", "B@example.com", "c@example.com"}) {
      one.commit(add_one(1, address, cause_of(Reason::manual)));
    }
  }
  auto age = [&] {
    RawDatabase raw(directory.path());
    Meta meta = raw.meta();
    meta.normalizer = 0;
    raw.put_meta(meta);
  };
  age();
  { LoadedStore first(directory.path()); }
  age();  // as if the last batch had not been written: every record is at rest already
  {
    LoadedStore second(directory.path());
    REQUIRE(second.store->suppression_count() == 3);
    REQUIRE(second.store->find(1, Channel::email, "b@example.com"));
  }
  age();
  RawDatabase(directory.path())
      .remove("suppressions", suppression_key(1, Channel::email, "c@example.com"));
  REQUIRE(refusal(directory.path()) == Kind::digest_mismatch);
}

TEST_CASE("remembered outcomes of past days are deleted, a part with each commit") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    for (size_t day = 10; day < 13; ++day) {
      std::vector<Change> changes;
      for (size_t i = 0; i < 1'500; ++i) {
        changes.push_back(change_of(RemoveSuppression{1, Channel::email, "a@example.com"}));
        if (i % 2 == 0) changes.back() = add_one(1, "a@example.com", cause_of(Reason::manual));
        changes.back().at = day * day_ms + i;
        changes.back().idempotency = Idempotency{"key-1/" + std::to_string(i), {}};
      }
      one.commit(changes);
    }
  }
  // Day 11 replayed what day 10 remembered; day 12 began anew, and 1,000 of day 10 went with it.
  REQUIRE(RawDatabase(directory.path()).count("idempotency") == 1'500 + 1'500 - 1'000);
  {
    LoadedStore one(directory.path());
    Change change = add_one(1, "b@example.com", cause_of(Reason::manual));
    change.at = 12 * day_ms;
    one.commit(change);
  }
  REQUIRE(RawDatabase(directory.path()).count("idempotency") == 1'500);
}
