// The feed of one account: what concerns it, and nothing else, from directories of any age.
#include "contact_model.hpp"
#include "persistence/change_row.hpp"
#include "raw_database.hpp"

using namespace suppressd;

namespace {

std::vector<uint64_t> sequences_of(const Store& store, std::optional<AccountNumber> account,
                                   size_t limit) {
  std::vector<uint64_t> sequences;
  const uint64_t last = store.sequence();
  for (uint64_t after = 0; after < last;) {
    const ChangePage page = store.changes(after, last, account, limit);
    REQUIRE(page.items.size() <= limit);
    REQUIRE(page.after > after);
    for (const ChangePage::Item& item : page.items) {
      if (account) REQUIRE(account_of(item.row) == *account);
      sequences.push_back(item.sequence);
    }
    after = page.after;
  }
  return sequences;
}

/// What a look at every change finds.
std::map<AccountNumber, std::vector<uint64_t>> sequences_by_account(const Store& store) {
  std::map<AccountNumber, std::vector<uint64_t>> by_account;
  for (const ChangePage::Item& item :
       store.changes(0, store.sequence(), std::nullopt, SIZE_MAX).items) {
    by_account[*account_of(item.row)].push_back(item.sequence);
  }
  return by_account;
}

void make_format_2(const fs::path& directory, size_t rows_left) {
  set_format(directory, 2);
  RawDatabase raw(directory);
  size_t rows = 0;
  for (const auto& [key, value] : raw.rows("account_changes")) {
    if (++rows > rows_left) raw.remove("account_changes", key);
  }
}

}  // namespace

TEST_CASE("the feed of an account is what a look at every change finds") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomContacts random(seed);
  LoadedStore one(directory.path());
  Account account;
  account.id = "acme";
  one.commit(change_of(CreateAccount{account}));
  ApiKey key;
  key.id = "k1";
  key.account = 1;
  one.commit(change_of(CreateKey{key}));
  one.commit(change_of(CreateSegment{2, "s"}));
  for (size_t i = 0; i < 20; ++i) {
    std::vector<Change> changes(8);
    for (Change& change : changes) change = random.next();
    one.commit(changes);
  }
  auto expected = sequences_by_account(*one.store);
  REQUIRE(expected[1].size() > 5);
  REQUIRE(expected[platform_number].size() > 1);
  for (const AccountNumber number : {0u, 1u, 2u, 3u, 4u}) {
    for (const size_t limit : {1, 3, 1'000}) {
      REQUIRE(sequences_of(*one.store, number, limit) == expected[number]);
    }
  }
  const uint64_t middle = expected[1][2];
  const ChangePage page = one.store->changes(middle - 1, middle, 1, 10);
  REQUIRE(page.items.size() == 1);
  REQUIRE(page.after == middle);
}

TEST_CASE("a directory of format 2 gets the feed of every account when its format is raised") {
  TemporaryDirectory directory;
  std::map<AccountNumber, std::vector<uint64_t>> expected;
  {
    LoadedStore one(directory.path());
    for (size_t group = 0; group < 21; ++group) {
      std::vector<Change> changes;
      for (size_t i = 0; i < 500; ++i) {
        const std::string address = std::to_string(500 * group + i) + "@example.com";
        changes.push_back(
            add_one(static_cast<AccountNumber>(i % 3), address, cause_of(Reason::manual)));
      }
      one.commit(changes);
    }
    for (const AccountNumber account : {1u, 2u}) {
      expected[account] = sequences_of(*one.store, account, 5'000);
    }
    REQUIRE(expected[1].size() == 3'507);
  }
  // As it was written, and as a crash on the way to this format leaves it.
  for (const size_t rows_left : {0, 10}) {
    make_format_2(directory.path(), rows_left);
    REQUIRE(RawDatabase(directory.path()).count("account_changes") == rows_left);
    LoadedStore one(directory.path());
    for (const AccountNumber account : {1u, 2u}) {
      REQUIRE(sequences_of(*one.store, account, 5'000) == expected[account]);
    }
    REQUIRE(read_file(directory.path() / "FORMAT").find("format 4\n") != std::string::npos);
  }
}
