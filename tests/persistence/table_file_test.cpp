// The store's tables read without RocksDB: the same rows as RocksDB reads, and damage refused.
#include "persistence/table_file.hpp"

#include "raw_database.hpp"

using namespace suppressd;

namespace {

/// A closed store with 20,000 suppressions in one table or more, written with the store's options.
void fill(const fs::path& directory) {
  LoadedStore one(directory);
  for (size_t change = 0; change < 20; ++change) {
    std::vector<AddSuppressions::Row> rows;
    for (size_t i = 0; i < 1'000; ++i) {
      const std::string number = std::to_string(change * 1'000 + i);
      rows.push_back({Channel::email,
                      "a" + number + "@example.com",
                      "",
                      {},
                      cause_of(Reason::manual, i, "evidence of " + number)});
    }
    one.commit(add_rows(1 + change % 2, std::move(rows)));
  }
}

using Rows = std::map<std::string, std::string>;

Rows rows_of(const fs::path& path) {
  const TableFile table(path);
  Rows rows;
  std::string stored, scratch, key;
  for (size_t i = 0; i < table.blocks().size(); ++i) {
    table.read(i, i + 1, stored);
    BlockRows block(open_block(stored, scratch), key);
    while (block.next()) {
      REQUIRE(block.kind() == BlockRows::Kind::value);
      rows.emplace(block.user_key(), block.value());
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("tables are read as RocksDB reads them") {
  TemporaryDirectory directory;
  fill(directory.path());
  RawDatabase raw(directory.path());
  Rows rows;
  for (const std::string& path : raw.tables()) rows.merge(rows_of(path));
  REQUIRE(rows.size() == 20'000);
  REQUIRE(rows == raw.rows("suppressions"));
}

TEST_CASE("a table that was cut or altered is refused, or holds what it held") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  fill(directory.path());
  const std::string path = RawDatabase(directory.path()).tables().front();
  const std::string content = read_file(path);
  const Rows rows = rows_of(path);
  const fs::path copy = directory.path() / "copy";
  size_t refused = 0;
  const auto look = [&] {
    try {
      const bool same = rows_of(copy) == rows;
      if (!same) FAIL("altered rows were believed");
    } catch (const TableUnreadable&) {
      ++refused;
    }
  };
  for (size_t round = 0; round < 60 * test_size(); ++round) {
    std::string altered = content;
    // Half of them in the last octets, where index and footer lie.
    const size_t within = round % 2 == 0 ? content.size() : size_t{4'000};
    altered[altered.size() - 1 - random() % within] ^= static_cast<char>(1 << random() % 8);
    write_file(copy, altered);
    look();
  }
  REQUIRE(refused > 0);
  for (const size_t length : {content.size() - 1, content.size() / 2, size_t{53}, size_t{0}}) {
    refused = 0;
    write_file(copy, content.substr(0, length));
    look();
    REQUIRE(refused == 1);
  }
}

TEST_CASE("rows of blocks that lie about their lengths are refused") {
  const std::string restarts("\0\0\0\0\1\0\0\0", 8);
  const auto rows_in = [&](const std::string& rows) {
    const std::string block = rows + restarts;
    std::string key;
    BlockRows reading(block, key);
    size_t count = 0;
    while (reading.next()) ++count;
    return count;
  };
  const std::string tail("\1\0\0\0\0\0\0\0", 8);
  REQUIRE(rows_in(std::string("\0\x09\1", 3) + "k" + tail + "v") == 1);
  REQUIRE_THROWS_AS(rows_in(std::string("\1\x09\1", 3) + "k" + tail + "v"), TableUnreadable);
  REQUIRE_THROWS_AS(rows_in(std::string("\0\x09\2", 3) + "k" + tail + "v"), TableUnreadable);
  REQUIRE_THROWS_AS(rows_in(std::string("\0\x07\1", 3) + tail), TableUnreadable);
  REQUIRE_THROWS_AS(rows_in(std::string("\0\xff\xff\xff\xff\x0f", 6)), TableUnreadable);
  REQUIRE_THROWS_AS(rows_in(std::string("\0", 1)), TableUnreadable);
  std::string key;
  REQUIRE_THROWS_AS(BlockRows(std::string("\xff\xff\xff\xff"), key), TableUnreadable);
  REQUIRE_THROWS_AS(BlockRows("", key), TableUnreadable);
}
