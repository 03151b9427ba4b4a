#include "persistence/bounce_reader.hpp"

#include <algorithm>

#include "persistence/bounces.hpp"
#include "persistence/keys.hpp"
#include "persistence/row_walk.hpp"
#include "persistence/store.hpp"

namespace suppressd {
namespace {

constexpr size_t due_looked_at_max = 100'000;  // suppressions by soft bounces whose time is over

BounceRecord read_record(std::string_view bytes) {
  std::optional<BounceRecord> record = decode_bounces(bytes);
  if (!record) throw StorageFailure("what is remembered of a bounce is damaged");
  return std::move(*record);
}

SuppressionKey read_key(std::string_view key) {
  SuppressionKey parts;
  if (!parse_suppression_key(key, parts)) throw StorageFailure("a stored key is damaged");
  return parts;
}

Suppression read_suppression(std::string_view bytes) {
  Suppression record;
  if (!decode(bytes, record)) throw StorageFailure("a stored suppression is damaged");
  return record;
}

std::string scope_prefix(AccountNumber scope) {
  std::string prefix;
  ByteWriter(prefix).u32(scope);
  return prefix;
}

bool any(const ExpiryDays& after_days) {
  return std::any_of(after_days.begin(), after_days.end(), [](uint16_t days) { return days != 0; });
}

/// The reasons that are over by the suppression and what is remembered of its bounces, which is read
/// only when it matters.
std::vector<Reason> over_at(const Snapshot& snapshot, const SuppressionKey& key,
                            const Suppression& record, const ExpiryDays& after_days, TimeMs now) {
  std::vector<Reason> over = expired_reasons(record, nullptr, after_days, now);
  std::string bytes;
  if (over.empty() ||
      !snapshot.database().get(Family::bounces, bounces_key(key.scope, key.channel, key.address),
                               bytes, snapshot.get())) {
    return over;
  }
  const BounceRecord bounces = read_record(bytes);
  return expired_reasons(record, &bounces, after_days, now);
}

/// Whether these reasons are all that the suppression has.
bool nothing_left(const Suppression& record, const std::vector<Reason>& over) {
  return std::all_of(record.causes.begin(), record.causes.end(), [&over](const Cause& cause) {
    return std::find(over.begin(), over.end(), cause.reason) != over.end();
  });
}

class Trial {
 public:
  Trial(const Snapshot& snapshot, AccountNumber account, const PolicyTrial& trial,
        PolicySimulation& into)
      : snapshot_(snapshot), account_(account), trial_(trial), into_(into) {}

  void bounces() {
    const std::string prefix = bounces_prefix(account_);
    RowWalk row(snapshot_, Family::bounces, prefix, successor(prefix), RowWalk::Extent::whole);
    for (size_t looked_at = 0; row.valid(); row.next()) {
      if (looked_at++ == trial_.looked_at_max) {
        into_.partial = true;
        return;
      }
      try_bounces(read_key(row.key().substr(1)), read_record(row.value()));
    }
  }

  void suppressions() {
    if (!any(trial_.then.expire_after_days)) return;
    const std::string prefix = scope_prefix(account_);
    RowWalk row(snapshot_, Family::suppressions, prefix, successor(prefix), RowWalk::Extent::whole);
    for (size_t looked_at = 0; row.valid(); row.next()) {
      if (looked_at++ == trial_.looked_at_max) {
        into_.partial = true;
        return;
      }
      const SuppressionKey key = read_key(row.key());
      const Suppression record = read_suppression(row.value());
      if (record.causes.empty()) continue;
      const auto over = [&](const Policies& policies) {
        return nothing_left(record,
                            over_at(snapshot_, key, record, policies.expire_after_days, trial_.at));
      };
      if (over(trial_.then) && !over(trial_.now)) note(key, PolicySimulation::Effect::expired);
    }
  }

 private:
  void try_bounces(const SuppressionKey& key, const BounceRecord& record) {
    BounceRecord replayed;
    const TimeMs span = trial_.days * day_ms;
    for (const BounceRecord::Bounce& one : record.bounces) {
      if (one.at + span <= trial_.at) continue;
      replayed.add(one);
      // While it suppresses nothing is sent, so nothing more is counted.
      if (replayed.expires_at <= one.at) replayed.reach(trial_.then.soft_bounces);
    }
    if (replayed.bounces.empty() && record.expires_at == 0) return;
    if (!replayed.bounces.empty()) ++into_.bouncing;
    const bool then = replayed.expires_at > trial_.at;
    std::string bytes;
    Suppression stored;
    if (snapshot_.database().get(Family::suppressions,
                                 suppression_key(key.scope, key.channel, key.address), bytes,
                                 snapshot_.get())) {
      stored = read_suppression(bytes);
    }
    if (then && stored.causes.empty()) note(key, PolicySimulation::Effect::suppressed);
    if (!then && !stored.causes.empty() && nothing_left(stored, {Reason::soft_bounce_limit})) {
      note(key, PolicySimulation::Effect::cleared);
    }
  }

  void note(const SuppressionKey& key, PolicySimulation::Effect effect) {
    switch (effect) {
      case PolicySimulation::Effect::suppressed:
        ++into_.suppressed;
        break;
      case PolicySimulation::Effect::cleared:
        ++into_.cleared;
        break;
      case PolicySimulation::Effect::expired:
        ++into_.expired;
        break;
    }
    if (into_.rows.size() < trial_.rows_max) {
      into_.rows.push_back({key.channel, std::string(key.address), effect});
    }
  }

  const Snapshot& snapshot_;
  const AccountNumber account_;
  const PolicyTrial& trial_;
  PolicySimulation& into_;
};

}  // namespace

std::string_view name_of(PolicySimulation::Effect effect) {
  switch (effect) {
    case PolicySimulation::Effect::suppressed:
      return "would_be_suppressed";
    case PolicySimulation::Effect::cleared:
      return "would_be_clear";
    default:
      return "would_expire";
  }
}

ExpiredCauses BounceReader::expired(AccountNumber scope, const ExpiryDays& after_days, TimeMs now,
                                    std::string_view from, size_t looked_at_max) const {
  const Snapshot snapshot(context_.database);
  ExpiredCauses found;
  if (from.empty()) {
    std::string end = "x";
    ByteWriter(end).u64(now + 1);
    RowWalk due(snapshot, Family::bounces, "x", end);
    for (size_t i = 0; due.valid() && i < due_looked_at_max; due.next(), ++i) {
      const SuppressionKey key = read_key(due.key().substr(1 + sizeof(TimeMs)));
      if (key.scope != scope) continue;
      found.rows.push_back({key.channel, std::string(key.address)});
      if (found.rows.size() == change_rows_max / 2) break;
    }
  }
  if (!any(after_days)) return found;
  const std::string prefix = scope_prefix(scope);
  RowWalk row(snapshot, Family::suppressions, std::max<std::string_view>(prefix, from),
              successor(prefix), RowWalk::Extent::whole);
  for (size_t looked_at = 0; row.valid(); row.next()) {
    if (looked_at++ == looked_at_max || found.rows.size() == change_rows_max) {
      found.next = row.key();
      return found;
    }
    const SuppressionKey key = read_key(row.key());
    if (!over_at(snapshot, key, read_suppression(row.value()), after_days, now).empty()) {
      found.rows.push_back({key.channel, std::string(key.address)});
    }
  }
  return found;
}

PolicySimulation BounceReader::simulate(AccountNumber account, const PolicyTrial& trial) const {
  const Snapshot snapshot(context_.database);
  PolicySimulation simulation;
  simulation.sequence = snapshot.sequence();
  Trial tried(snapshot, account, trial, simulation);
  tried.bounces();
  tried.suppressions();
  return simulation;
}

}  // namespace suppressd
