// Runs as the committer stores them, for the store's tests.
#pragma once

#include <memory>

#include "persistence/bulk_run.hpp"
#include "persistence/prepared_run.hpp"
#include "store_harness.hpp"

namespace suppressd {

inline constexpr TimeMs run_time = 1'000;

inline std::unique_ptr<BulkRun> run_of(const std::vector<AddSuppressions::Row>& rows,
                                       AccountNumber scope) {
  auto run = std::make_unique<BulkRun>(scope, "key-1", run_time);
  for (const AddSuppressions::Row& row : rows) {
    const Cause& cause = row.cause;
    run->add(row.channel, row.address, row.given, row.region,
             run->cause(
                 {cause.reason, cause.at, cause.source, cause.by, cause.evidence, cause.campaign}));
  }
  return run;
}

/// As the committer does it. A null outcome: too many rows are known.
inline std::optional<Outcome> commit_run(LoadedStore& one, std::unique_ptr<BulkRun> run) {
  run->fingerprint(one.store->fingerprint_key());
  auto prepared = one.store->prepare(std::move(run));
  Outcome outcome;
  if (!prepared) return outcome;
  std::vector<SetUpdate> updates;
  if (!one.store->commit(*prepared, one.set, outcome, updates)) return std::nullopt;
  if (outcome.status != Outcome::Status::committed) return outcome;
  prepared->for_each_alone([&](const Fingerprint& address, AccountNumber scope,
                               SlotState state) { one.set.put(address, scope, state); },
                           [&](const Fingerprint& address) { one.set.prefetch(address); });
  for (const SetUpdate& update : updates) one.set.put(update.address, update.account, update.state);
  return outcome;
}

}  // namespace suppressd
