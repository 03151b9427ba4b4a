// Causes that end by themselves, and what is remembered of bounces while they do not. When the
// normalizer writes an address otherwise, what is remembered stays under the old one, as claims do.
#include <algorithm>

#include "persistence/bounces.hpp"
#include "persistence/commit_group.hpp"

namespace suppressd {

BounceRecord CommitGroup::find_bounces(AccountNumber scope, Channel channel,
                                       std::string_view address) {
  const std::string* bytes = overlay_.find(Family::bounces, bounces_key(scope, channel, address));
  if (bytes == nullptr) return {};
  std::optional<BounceRecord> record = decode_bounces(*bytes);
  if (!record) throw StorageFailure("what is remembered of a bounce is damaged");
  return std::move(*record);
}

void CommitGroup::gather_bounces(const ExpireCauses& what) {
  std::vector<std::string> keys;
  keys.reserve(what.rows.size());
  for (const ExpireCauses::Row& row : what.rows) {
    keys.push_back(bounces_key(what.scope, row.channel, row.address));
  }
  overlay_.prefetch(Family::bounces, std::move(keys));
}

void CommitGroup::put_bounces(AccountNumber scope, Channel channel, std::string_view address,
                              const BounceRecord& before, const BounceRecord& after) {
  if (before == after) return;
  if (before.expires_at != after.expires_at) {
    if (before.expires_at != 0) {
      overlay_.erase(Family::bounces,
                     bounce_expiry_key(before.expires_at, scope, channel, address));
    }
    if (after.expires_at != 0) {
      overlay_.put(Family::bounces, bounce_expiry_key(after.expires_at, scope, channel, address),
                   "");
    }
  }
  const std::string key = bounces_key(scope, channel, address);
  if (after.empty()) return overlay_.erase(Family::bounces, key);
  std::string bytes;
  encode(after, bytes);
  overlay_.put(Family::bounces, key, std::move(bytes));
}

bool CommitGroup::end_causes(const Change& change, AccountNumber scope, Channel channel,
                             std::string_view address, const std::vector<Reason>& reasons) {
  Entry& entry = entry_now(scope, channel, address);
  const size_t ended = std::erase_if(entry.record().causes, [&](const Cause& cause) {
    return std::find(reasons.begin(), reasons.end(), cause.reason) != reasons.end();
  });
  if (ended == 0) return false;
  // Who said so before has been heard: the platform wants as many words again.
  if (scope == platform_number &&
      std::find(reasons.begin(), reasons.end(), Reason::hard_bounce) != reasons.end()) {
    for (const std::string& claim :
         overlay_.keys_with(Family::claims, owner_prefix(channel, address))) {
      overlay_.erase(Family::claims, claim);
    }
  }
  log_entry(change, ChangeKind::remove_suppression, scope, channel, address, entry);
  return true;
}

Outcome CommitGroup::act(const Change& change, const ExpireCauses& what) {
  uint32_t cleared = 0, lessened = 0;
  for (const ExpireCauses::Row& row : what.rows) {
    Entry& entry = entry_now(what.scope, row.channel, row.address);
    const BounceRecord before = find_bounces(what.scope, row.channel, row.address);
    if (!entry.erased && entry.after != SlotState::absent) {
      const std::vector<Reason> over =
          expired_reasons(entry.record(), &before, what.after_days, change.at);
      if (end_causes(change, what.scope, row.channel, row.address, over)) {
        ++(entry.record().causes.empty() ? cleared : lessened);
      }
    }
    BounceRecord after = before;
    if (after.expires_at <= change.at) after.expires_at = 0;
    put_bounces(what.scope, row.channel, row.address, before, after);
  }
  Outcome outcome = unchanged();
  outcome.added = cleared;
  outcome.updated = lessened;
  outcome.unchanged = static_cast<uint32_t>(what.rows.size()) - cleared - lessened;
  return outcome;
}

}  // namespace suppressd
