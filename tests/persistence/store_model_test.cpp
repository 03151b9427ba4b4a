// The store against a plain map: random changes in random groups, restarts in between, every read
// compared.
#include <set>
#include <thread>

#include "store_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

/// What the store must hold, kept the obvious way.
class Model {
 public:
  using Key = std::tuple<AccountNumber, Channel, std::string>;

  Outcome apply(const Change& change) {
    Outcome outcome;
    outcome.status = Status::committed;
    bool effect = std::visit([&](const auto& what) { return act(what, outcome); }, change.what);
    if (effect) ++sequence;
    outcome.sequence = sequence;
    return outcome;
  }

  std::map<Key, Suppression> records;
  uint64_t sequence = 0;

 private:
  bool act(const AddSuppressions& what, Outcome& outcome) {
    for (const AddSuppressions::Row& row : what.rows) {
      Suppression& record = records[{what.scope, row.channel, row.address}];
      bool had_causes = !record.causes.empty();
      if (!had_causes && !record.exemption) {
        record.scope = what.scope;
        record.channel = row.channel;
        record.address = row.address;
        record.given = row.given;
        record.region = row.region;
      }
      if (!record.merge(row.cause)) {
        ++outcome.unchanged;
      } else {
        ++(had_causes ? outcome.updated : outcome.added);
      }
    }
    return outcome.added + outcome.updated != 0;
  }

  bool act(const RemoveSuppression& what, Outcome& outcome) {
    auto found = records.find({what.scope, what.channel, what.address});
    if (found == records.end() || found->second.causes.empty()) {
      outcome.status = Status::not_found;
      return false;
    }
    found->second.causes.clear();
    if (!found->second.exemption) records.erase(found);
    return true;
  }

  bool act(const SetExemption& what, Outcome& outcome) {
    Key key{what.scope, what.channel, what.address};
    auto found = records.find(key);
    bool exempt = found != records.end() && found->second.exemption;
    if (!what.exemption && !exempt) {
      outcome.status = Status::not_found;
      return false;
    }
    if (exempt && found->second.exemption == what.exemption) return false;
    Suppression& record = records[key];
    record.scope = what.scope;
    record.channel = what.channel;
    record.address = what.address;
    record.exemption = what.exemption;
    if (!record.exemption && record.causes.empty()) records.erase(key);
    return true;
  }

  template <class Other>
  bool act(const Other&, Outcome&) {
    FAIL("the model knows suppressions only");
    return false;
  }
};

class RandomChanges {
 public:
  explicit RandomChanges(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }

  Change next() {
    AccountNumber scope = static_cast<AccountNumber>(below(4));
    Change change;
    change.by = "key-1";
    change.at = 1'000 + below(100);
    switch (below(8)) {
      case 0:
        change.what = RemoveSuppression{scope, channel(), address()};
        break;
      case 1:
        change.what = SetExemption{scope + 1, channel(), address(), std::nullopt};
        break;
      case 2:
        change.what = SetExemption{scope + 1, channel(), address(), Exemption{below(3), "s", ""}};
        break;
      default:
        change.what = rows(scope);
    }
    return change;
  }

 private:
  Channel channel() { return below(4) == 0 ? Channel::phone : Channel::email; }
  std::string address() { return "a" + std::to_string(below(300)) + "@example.com"; }
  AddSuppressions rows(AccountNumber scope) {
    AddSuppressions add{scope, {}};
    for (size_t left = 1 + below(20); left != 0; --left) {
      AddSuppressions::Row row{channel(), address(), "", {}, {}};
      if (below(3) == 0) row.given = "A" + row.address;
      if (below(3) == 0) row.region = Region{{'U', 'A'}};
      row.cause = cause_of(static_cast<Reason>(1 + below(8)), 500 + below(1'000),
                           "evidence " + std::to_string(below(2)));
      add.rows.push_back(std::move(row));
    }
    return add;
  }

  std::mt19937_64 random_;
};

std::vector<Suppression> list_all(const Store& store, AccountNumber scope,
                                  const SuppressionFilter& filter, size_t limit) {
  std::vector<Suppression> all;
  std::string cursor;
  do {
    SuppressionPage page = store.list(scope, filter, cursor, limit);
    REQUIRE(page.items.size() <= limit);
    REQUIRE(page.sequence == store.sequence());
    all.insert(all.end(), page.items.begin(), page.items.end());
    cursor = page.next;
  } while (!cursor.empty());
  return all;
}

void compare(const LoadedStore& one, const Model& model) {
  REQUIRE(one.store->sequence() == model.sequence);
  REQUIRE(one.store->suppression_count() == model.records.size());
  REQUIRE(one.set.entries() == model.records.size());
  std::map<AccountNumber, std::vector<Suppression>> with_causes;
  for (const auto& [key, record] : model.records) {
    const auto& [scope, channel, address] = key;
    REQUIRE(one.in_set(scope, channel, address) == record.state());
    REQUIRE(one.store->find(scope, channel, address) == record);
    if (!record.causes.empty()) with_causes[scope].push_back(record);
  }
  for (AccountNumber scope = 0; scope < 6; ++scope) {
    REQUIRE(list_all(*one.store, scope, {}, 7) == with_causes[scope]);
  }
}

}  // namespace

TEST_CASE("random changes with restarts leave what a plain map holds") {
  uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomChanges random(seed);
  Model model;
  for (size_t restart = 0; restart < 3 * test_size(); ++restart) {
    LoadedStore one(directory.path());
    compare(one, model);
    for (size_t group = 0; group < 40; ++group) {
      std::vector<Change> changes(1 + random.below(5));
      for (Change& change : changes) change = random.next();
      std::vector<Outcome> outcomes = one.commit(changes);
      for (size_t i = 0; i < changes.size(); ++i) {
        Outcome expected = model.apply(changes[i]);
        REQUIRE(outcomes[i].status == expected.status);
        REQUIRE(outcomes[i].sequence == expected.sequence);
        REQUIRE(outcomes[i].added == expected.added);
        REQUIRE(outcomes[i].updated == expected.updated);
        REQUIRE(outcomes[i].unchanged == expected.unchanged);
      }
    }
    compare(one, model);
  }
}

TEST_CASE("filters let through exactly what they say, on pages of any size") {
  uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomChanges random(seed);
  Model model;
  LoadedStore one(directory.path());
  for (size_t i = 0; i < 150; ++i) {
    Change change = random.next();
    one.commit(change);
    model.apply(change);
  }
  for (size_t round = 0; round < 60; ++round) {
    SuppressionFilter filter;
    if (random.below(2) == 0) filter.channel = random.below(2) ? Channel::email : Channel::phone;
    if (random.below(2) == 0) filter.reason = static_cast<Reason>(1 + random.below(8));
    if (random.below(3) == 0) filter.source = random.below(3) ? "api" : "import";
    if (random.below(2) == 0) filter.since = 500 + random.below(1'000);
    if (random.below(2) == 0) filter.prefix = "a" + std::to_string(random.below(30));
    AccountNumber scope = static_cast<AccountNumber>(random.below(4));
    std::vector<Suppression> expected;
    for (const auto& [key, record] : model.records) {
      auto since = [&](const Cause& cause) { return cause.at >= filter.since; };
      auto source = [&](const Cause& c) {
        return filter.source.empty() || c.source == filter.source;
      };
      if (std::get<0>(key) == scope && !record.causes.empty() &&
          (!filter.channel || record.channel == *filter.channel) &&
          (!filter.reason || record.strongest() == *filter.reason) &&
          std::any_of(record.causes.begin(), record.causes.end(), since) &&
          std::any_of(record.causes.begin(), record.causes.end(), source) &&
          record.address.starts_with(filter.prefix)) {
        expected.push_back(record);
      }
    }
    REQUIRE(list_all(*one.store, scope, filter, 1 + random.below(9)) == expected);
  }
}

TEST_CASE("a cursor is good for the scope that gave it, and nothing else is a cursor") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (AccountNumber scope : {1u, 2u}) {
    for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
      one.commit(add_one(scope, address, cause_of(Reason::manual)));
    }
  }
  std::string cursor = one.store->list(1, {}, "", 1).next;
  REQUIRE_FALSE(cursor.empty());
  REQUIRE(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_") == std::string::npos);
  REQUIRE(one.store->list(1, {}, cursor, 1).items.front().address == "b@example.com");
  REQUIRE(one.store->list(1, {}, cursor, 2).next.empty());
  REQUIRE_THROWS_AS(one.store->list(2, {}, cursor, 1), std::invalid_argument);
  for (size_t i = 0; i < cursor.size(); ++i) {
    std::string altered = cursor;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    REQUIRE_THROWS_AS(one.store->list(1, {}, altered, 1), std::invalid_argument);
    if (i == 0) continue;
    REQUIRE_THROWS_AS(one.store->list(1, {}, cursor.substr(0, i), 1), std::invalid_argument);
  }
  REQUIRE_THROWS_AS(one.store->list(1, {}, cursor + "=", 1), std::invalid_argument);
}

TEST_CASE("readers beside the writer see whole commits only") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  // Every change adds two suppressions of scope 1, so a page holds an even number of them, and
  // exactly two for each change up to its sequence.
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0}, pages{0};
  auto read = [&] {
    while (!done) {
      uint64_t before = one.store->sequence();
      SuppressionPage page = one.store->list(1, {}, "", 100'000);
      wrong += page.items.size() != 2 * page.sequence || page.sequence < before;
      std::string address = "a" + std::to_string(before) + "@example.com";
      wrong += before != 0 && !one.store->find(1, Channel::email, address);
      ++pages;
    }
  };
  std::thread first(read), second(read);
  for (uint64_t i = 1; i <= 100 * test_size() || pages < 4; ++i) {
    std::string number = std::to_string(i);
    one.commit(add_rows(
        1, {{Channel::email, "a" + number + "@example.com", "", {}, cause_of(Reason::manual)},
            {Channel::email, "z" + number + "@example.com", "", {}, cause_of(Reason::manual)}}));
  }
  done = true;
  first.join();
  second.join();
  REQUIRE(wrong == 0);
}
