// Suppressions that come about within other changes (events, requests), and what a changed
// suppression means for the contacts that have its address: the record of each says the verdict of
// the moment, so it changes in the same commit.
#include <cassert>

#include "persistence/commit_group.hpp"

namespace suppressd {

Outcome CommitGroup::suppress(const Change& change, AccountNumber scope,
                              const std::vector<Row>& rows) {
  AddSuppressions what{scope, rows};
  std::vector<Entry*> entries;
  entries.reserve(rows.size());
  for (const Row& row : rows) entries.push_back(&entry_now(scope, row.channel, row.address));
  return add_suppressions(change, what, entries, false);
}

void CommitGroup::log_entry(const Change& change, ChangeKind kind, AccountNumber scope,
                            Channel channel, std::string_view address, Entry& entry,
                            const std::optional<Exemption>& exemption) {
  mark_changed(entry);
  std::string row;
  encode_change_head(kind, change.by, change.at, row);
  encode_change_address(scope, channel, address, entry.after, exemption, row);
  log(row, scope);
  refresh_contacts(change, scope, channel, address);
}

bool CommitGroup::unsuppress(const Change& change, AccountNumber scope, Channel channel,
                             std::string_view address) {
  Entry& entry = entry_now(scope, channel, address);
  if (entry.record().causes.empty()) return false;
  entry.record().causes.clear();
  log_entry(change, ChangeKind::remove_suppression, scope, channel, address, entry);
  return true;
}

bool CommitGroup::set_exemption(const Change& change, AccountNumber scope, Channel channel,
                                std::string_view address,
                                const std::optional<Exemption>& exemption) {
  Entry& entry = entry_now(scope, channel, address);
  if (exemption == entry.record().exemption) return false;
  entry.record().exemption = exemption;
  log_entry(change, ChangeKind::set_exemption, scope, channel, address, entry, exemption);
  return true;
}

Standing CommitGroup::standing(AccountNumber account, Channel channel, std::string_view address) {
  Entry& mine = entry_now(account, channel, address);
  if (mine.after != SlotState::absent && mine.after != SlotState::exempt) {
    return standing_by(&mine.record(), nullptr);
  }
  Entry& all = entry_now(platform_number, channel, address);
  return standing_by(mine.after == SlotState::exempt ? &mine.record() : nullptr,
                     all.after != SlotState::absent ? &all.record() : nullptr);
}

void CommitGroup::refresh_contacts(const Change& change, AccountNumber scope, Channel channel,
                                   std::string_view address) {
  if (!contacts_.any_in(scope)) return;
  if (scope == platform_number) {
    for (const auto& [account, id] : contacts_.owners(channel, address)) {
      refresh_contact(change, account, id, channel);
    }
  } else if (const ContactId id = contacts_.owner(scope, channel, address); id != 0) {
    refresh_contact(change, scope, id, channel);
  }
}

void CommitGroup::refresh_contact(const Change& change, AccountNumber account, ContactId id,
                                  Channel channel) {
  const Contact* contact = contacts_.find(account, id);
  if (contact == nullptr) throw StorageFailure("a contact that owns an address is missing");
  const Standing before = contact->of(channel).standing;
  Standing now = standing(account, channel, contact->of(channel).address);
  if (now == before) return;
  contacts_.edit(account, id, meta_.sequence, [&](Contact& edited) {
    edited.of(channel).standing = now;
    edited.updated_at = change.at;
  });
  if (now.reason == before.reason) return;
  Activity activity;
  activity.sequence = meta_.sequence;
  activity.kind = now.reason == Reason::none ? ActivityKind::reactivated : ActivityKind::suppressed;
  activity.channel = channel;
  activity.at = change.at;
  activity.reason = now.reason;
  activity.campaign = now.campaign;
  // Who acted on the platform's list is not the account's to know.
  if (now.scope == Scope::account && before.scope == Scope::account) activity.by = change.by;
  contacts_.add_activity(account, id, activity);
}

}  // namespace suppressd
