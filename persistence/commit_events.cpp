// What campaigns saw. Suppressions that follow come first, then the contacts' own figures: so the
// activity of a contact tells the event after what it led to, newest first.
#include <algorithm>

#include "persistence/commit_group.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

Reason reason_of(ActivityKind kind) {
  switch (kind) {
    case ActivityKind::bounced:
      return Reason::hard_bounce;
    case ActivityKind::complained:
      return Reason::complaint;
    case ActivityKind::unsubscribed:
      return Reason::unsubscribe;
    default:
      return Reason::none;
  }
}

void raise(TimeMs& time, TimeMs to) {
  time = std::max(time, to);
}

/// Events may come late and out of order: times only rise, but for the first.
void count_in(Engagement& engagement, ActivityKind kind, Channel channel, TimeMs at) {
  const auto was_sent = [&] {
    if (engagement.first_sent == 0 || at < engagement.first_sent) engagement.first_sent = at;
    raise(engagement.last_sent, at);
  };
  switch (kind) {
    case ActivityKind::sent:
      was_sent();
      ++engagement.sent;
      break;
    case ActivityKind::delivered:
    case ActivityKind::opened:
    case ActivityKind::clicked:
      // Whoever has opened a message was sent one, whether or not that was told.
      was_sent();
      raise(engagement.last_delivered, at);
      if (kind != ActivityKind::delivered || channel == Channel::phone) {
        raise(engagement.last_engaged, at);
      }
      if (at >= engagement.last_soft_bounce) engagement.last_soft_bounce = 0;
      break;
    case ActivityKind::soft_bounced:
      was_sent();
      ++engagement.soft_bounces;
      if (at > engagement.last_delivered) raise(engagement.last_soft_bounce, at);
      break;
    case ActivityKind::bounced:
      was_sent();
      ++engagement.hard_bounces;
      break;
    default:
      break;
  }
}

}  // namespace

bool CommitGroup::claim(AccountNumber account, const AddEvents::Row& row, uint32_t needed) {
  if (needed == 0) return false;
  const std::string prefix = owner_prefix(row.channel, row.address);
  std::string key = prefix;
  ByteWriter(key).u32(account);
  overlay_.put(Family::claims, key, contact_number(row.at));
  return overlay_.keys_with(Family::claims, prefix).size() >= needed;
}

std::vector<ContactId> CommitGroup::contacts_of(const AddEvents& what) {
  std::vector<ContactId> ids;
  ids.reserve(what.rows.size());
  for (const AddEvents::Row& event : what.rows) {
    ids.push_back(contacts_.owner(what.account, event.channel, event.address));
  }
  std::vector<ContactId> known = ids;
  std::erase(known, ContactId{0});
  contacts_.prefetch(what.account, known);
  return ids;
}

void CommitGroup::tell_event(const Change& change, AccountNumber account, ContactId id,
                             const AddEvents::Row& event) {
  contacts_.edit(account, id, meta_.sequence, [&event](Contact& contact) {
    count_in(contact.of(event.channel).engagement, event.kind, event.channel, event.at);
  });
  Activity activity;
  activity.sequence = meta_.sequence;
  activity.kind = event.kind;
  activity.channel = event.channel;
  activity.at = event.at;
  activity.by = change.by;
  activity.campaign = event.campaign;
  activity.detail = event.detail;
  contacts_.add_activity(account, id, activity);
}

Outcome CommitGroup::act(const Change& change, const AddEvents& what) {
  LoggedAct act;
  act.account = what.account;
  act.number = what.rows.size();
  log_act(change, ChangeKind::events_added, act);
  std::vector<Row> mine, everybodys;
  for (const AddEvents::Row& event : what.rows) {
    const Reason reason = reason_of(event.kind);
    if (reason == Reason::none) continue;
    Row& row = mine.emplace_back();
    row.channel = event.channel;
    row.address = event.address;
    row.given = event.given;
    row.region = event.region;
    row.cause = {reason, what.source, event.at, change.by, event.detail, event.campaign};
    if (reason == Reason::hard_bounce &&
        (what.trusted || claim(what.account, event, what.claims_needed))) {
      everybodys.push_back(row);
    }
  }
  const std::vector<ContactId> ids = contacts_of(what);
  Outcome outcome = unchanged();
  if (!mine.empty()) outcome = suppress(change, what.account, mine);
  if (!everybodys.empty()) suppress(change, platform_number, everybodys);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != 0) tell_event(change, what.account, ids[i], what.rows[i]);
  }
  outcome.sequence = meta_.sequence;
  outcome.unchanged = static_cast<uint32_t>(what.rows.size()) - outcome.added - outcome.updated;
  return outcome;
}

}  // namespace suppressd
