// Runs against the same rows committed one change after another: outcomes, records, digest and the
// rows of `changes` must be the same, whatever was there before.
#include <rocksdb/db.h>

#include <atomic>
#include <thread>

#include "run_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

class RandomRows {
 public:
  explicit RandomRows(uint64_t seed) : random_(seed) {}
  size_t below(size_t bound) { return random_() % bound; }

  std::vector<AddSuppressions::Row> rows(size_t count, size_t addresses) {
    std::vector<AddSuppressions::Row> made;
    for (; count != 0; --count) {
      AddSuppressions::Row row;
      row.channel = below(5) == 0 ? Channel::phone : Channel::email;
      row.address = "address-" + std::to_string(below(addresses)) + "@example.com";
      if (below(6) == 0) row.given = "A" + row.address;
      if (below(6) == 0) row.region = Region{{'U', 'A'}};
      row.cause = cause_of(static_cast<Reason>(1 + below(8) * below(2)), run_time,
                           below(9) == 0 ? "evidence " + std::to_string(below(3)) : "");
      if (below(20) == 0) row.cause.at = 500 + below(100);
      made.push_back(std::move(row));
    }
    return made;
  }

 private:
  std::mt19937_64 random_;
};

Outcome commit_rows(LoadedStore& one, const std::vector<AddSuppressions::Row>& rows,
                    AccountNumber scope) {
  Outcome sum;
  sum.status = Status::committed;
  for (size_t first = 0; first < rows.size(); first += change_rows_max) {
    const size_t last = std::min(rows.size(), first + change_rows_max);
    const Outcome part = one.commit(add_rows(scope, {rows.begin() + static_cast<ptrdiff_t>(first),
                                                     rows.begin() + static_cast<ptrdiff_t>(last)}));
    REQUIRE(part.status == Status::committed);
    sum.sequence = part.sequence;
    sum.added += part.added;
    sum.updated += part.updated;
    sum.unchanged += part.unchanged;
  }
  return sum;
}

std::vector<Suppression> all_of(const LoadedStore& one, AccountNumber scope) {
  std::vector<Suppression> all;
  std::string cursor;
  do {
    SuppressionPage page = one.store->list(scope, {}, cursor, 1'000);
    all.insert(all.end(), page.items.begin(), page.items.end());
    cursor = page.next;
  } while (!cursor.empty());
  return all;
}

/// Every row of `changes`, of a store that is not open.
std::vector<std::pair<std::string, std::string>> changes_of(const fs::path& directory) {
  const std::string path = (directory / "db").string();
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  REQUIRE(rocksdb::DB::OpenForReadOnly({}, path, families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> database(opened);
  std::vector<std::pair<std::string, std::string>> rows;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (handle->GetName() == "changes") {
      const std::unique_ptr<rocksdb::Iterator> row(database->NewIterator({}, handle));
      for (row->SeekToFirst(); row->Valid(); row->Next()) {
        rows.emplace_back(row->key().ToString(), row->value().ToString());
      }
    }
    REQUIRE(database->DestroyColumnFamilyHandle(handle).ok());
  }
  return rows;
}

void require_same(const LoadedStore& one, const LoadedStore& other) {
  REQUIRE(one.store->sequence() == other.store->sequence());
  REQUIRE(one.store->suppression_count() == other.store->suppression_count());
  REQUIRE(one.set.entries() == other.set.entries());
  for (AccountNumber scope = 0; scope < 3; ++scope) {
    const auto items = all_of(one, scope);
    REQUIRE(items == all_of(other, scope));
    for (const Suppression& item : items) {
      REQUIRE(one.in_set(scope, item.channel, item.address) == item.state());
    }
  }
}

}  // namespace

TEST_CASE("a run leaves what its rows leave when they are committed one change after another") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  RandomRows random(seed);
  TemporaryDirectory by_run, by_rows;
  uint64_t singles = 0;
  for (size_t restart = 0; restart < 2 * test_size(); ++restart) {
    LoadedStore one(by_run.path()), other(by_rows.path());
    for (size_t round = 0; round < 6; ++round) {
      const AccountNumber scope = static_cast<AccountNumber>(random.below(3));
      const auto rows = random.rows(1 + random.below(25'000), 5'000 + random.below(60'000));
      const auto outcome = commit_run(one, run_of(rows, scope));
      if (!outcome) {
        commit_rows(one, rows, scope);
        commit_rows(other, rows, scope);
      } else {
        ++singles;
        const Outcome expected = commit_rows(other, rows, scope);
        REQUIRE(outcome->status == Status::committed);
        REQUIRE(outcome->sequence == expected.sequence);
        REQUIRE(outcome->added == expected.added);
        REQUIRE(outcome->updated == expected.updated);
        REQUIRE(outcome->unchanged == expected.unchanged);
      }
      // Between runs others change the same addresses: the next run meets what is not new.
      for (int i = 0; i < 8; ++i) {
        const auto few = random.rows(3, 60'000);
        commit_rows(one, few, scope);
        commit_rows(other, few, scope);
        const RemoveSuppression gone{scope, few[0].channel, few[0].address};
        one.commit(change_of(gone));
        other.commit(change_of(gone));
        if (scope == platform_number) continue;
        const SetExemption exempt{scope, few[1].channel, few[1].address, Exemption{1, "s", ""}};
        one.commit(change_of(exempt));
        other.commit(change_of(exempt));
      }
    }
    require_same(one, other);
  }
  REQUIRE(singles != 0);
  const auto changes = changes_of(by_run.path());
  REQUIRE(changes.size() > 50);
  REQUIRE((changes == changes_of(by_rows.path())));
  // The digest that is loaded against is the one that both ways wrote.
  LoadedStore one(by_run.path()), other(by_rows.path());
  require_same(one, other);
}

TEST_CASE("readers beside runs see whole runs only") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  // Every run adds two suppressions and is one change: a page holds two for each change up to its
  // sequence.
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0}, pages{0};
  std::thread reader([&] {
    while (!done) {
      const uint64_t before = one.store->sequence();
      const SuppressionPage page = one.store->list(1, {}, "", 100'000);
      wrong += page.items.size() != 2 * page.sequence || page.sequence < before;
      ++pages;
    }
  });
  for (uint64_t i = 1; i <= 15 * test_size() || pages < 4; ++i) {
    const std::string number = std::to_string(i);
    const std::vector<AddSuppressions::Row> rows = {
        {Channel::email, "a" + number + "@example.com", "", {}, cause_of(Reason::manual)},
        {Channel::email, "z" + number + "@example.com", "", {}, cause_of(Reason::manual)}};
    REQUIRE(commit_run(one, run_of(rows, 1))->status == Status::committed);
  }
  done = true;
  reader.join();
  REQUIRE(wrong == 0);
}
