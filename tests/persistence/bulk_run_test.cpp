// Runs against the same rows committed one change after another: outcomes, records, digest and the
// rows of `changes` must be the same, whatever was there before.
#include <sys/resource.h>

#include <csignal>
#include <memory>

#include "persistence/bulk_run.hpp"
#include "persistence/prepared_run.hpp"
#include "store_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

constexpr TimeMs run_time = 1'000;

std::unique_ptr<BulkRun> run_of(const std::vector<AddSuppressions::Row>& rows,
                                AccountNumber scope) {
  auto run = std::make_unique<BulkRun>(scope, "key-1", run_time);
  for (const AddSuppressions::Row& row : rows) {
    const Cause& cause = row.cause;
    run->add(row.channel, row.address, row.given, row.region,
             run->cause({cause.reason, cause.at, cause.source, cause.by, cause.evidence,
                         cause.campaign}));
  }
  return run;
}

/// As the committer does it. A null outcome: too many rows are known.
std::optional<Outcome> commit_run(LoadedStore& one, std::unique_ptr<BulkRun> run) {
  run->fingerprint(one.store->fingerprint_key());
  auto prepared = one.store->prepare(std::move(run));
  Outcome outcome;
  if (!prepared) return outcome;
  std::vector<SetUpdate> updates;
  if (!one.store->commit(*prepared, one.set, outcome, updates)) return std::nullopt;
  if (outcome.status != Status::committed) return outcome;
  prepared->for_each_alone(
      [&](const Fingerprint& address, AccountNumber scope, SlotState state) {
        one.set.put(address, scope, state);
      },
      [&](const Fingerprint& address) { one.set.prefetch(address); });
  for (const SetUpdate& update : updates) one.set.put(update.address, update.account, update.state);
  return outcome;
}

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
    const Outcome part = one.commit(
        add_rows(scope, {rows.begin() + static_cast<ptrdiff_t>(first),
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
      const auto rows = random.rows(1 + random.below(25'000), 1 + random.below(60'000));
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
      for (int i = 0; i < 20; ++i) {
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
  // The digest that is loaded against is the one that both ways wrote.
  LoadedStore one(by_run.path()), other(by_rows.path());
  require_same(one, other);
}
