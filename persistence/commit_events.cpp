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
    case ActivityKind::replied:
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
    case ActivityKind::blocked:
      was_sent();  // what came of it says nothing of the address
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

std::vector<ContactId> CommitGroup::contacts_of(AccountNumber account,
                                                const std::vector<Told>& events) {
  std::vector<ContactId> ids;
  ids.reserve(events.size());
  for (const Told& event : events) {
    ids.push_back(contacts_.owner(account, event.row->channel, event.row->address));
  }
  std::vector<ContactId> known = ids;
  std::erase(known, ContactId{0});
  contacts_.prefetch(account, known);
  return ids;
}

bool CommitGroup::tells_of_address(ActivityKind kind) {
  return kind != ActivityKind::sent && kind != ActivityKind::blocked &&
         kind != ActivityKind::complained && kind != ActivityKind::unsubscribed;
}

CommitGroup::Told CommitGroup::tell_bounces(const AddEvents& what, const AddEvents::Row& row) {
  Told told{&row, row.kind, ""};
  if (!tells_of_address(row.kind)) return told;
  const BounceRecord before = find_bounces(what.account, row.channel, row.address);
  BounceRecord after = before;
  if (row.kind == ActivityKind::soft_bounced) {
    if (row.confirmable && before.confirms(row.at)) {
      told.kind = ActivityKind::bounced;
    } else {
      after.add({row.at, row.confirmable});
      if (after.reach(what.soft_bounces)) {
        told.limit = std::to_string(what.soft_bounces.limit) + " soft bounces within " +
                     std::to_string(what.soft_bounces.days) + " days";
      }
    }
  } else if (row.kind != ActivityKind::bounced) {
    after.deliver(row.at);
  }
  if (told.kind == ActivityKind::bounced) raise(after.last_hard, row.at);
  put_bounces(what.account, row.channel, row.address, before, after);
  return told;
}

void CommitGroup::tell_event(const Change& change, AccountNumber account, ContactId id,
                             const Told& told) {
  const AddEvents::Row& event = *told.row;
  contacts_.edit(account, id, meta_.sequence, [&](Contact& contact) {
    count_in(contact.of(event.channel).engagement, told.kind, event.channel, event.at);
  });
  Activity activity;
  activity.sequence = meta_.sequence;
  activity.kind = told.kind;
  activity.channel = event.channel;
  activity.at = event.at;
  activity.by = change.by;
  activity.campaign = event.campaign;
  activity.detail = event.detail;
  contacts_.add_activity(account, id, activity);
}

void CommitGroup::suppress_by(const Change& change, const AddEvents& what,
                              const std::vector<Told>& events, Outcome& outcome) {
  std::vector<Row> mine, everybodys;
  for (const Told& told : events) {
    const AddEvents::Row& event = *told.row;
    Reason reason = reason_of(told.kind);
    if (reason == Reason::none && !told.limit.empty()) reason = Reason::soft_bounce_limit;
    if (reason == Reason::none) continue;
    Row& row = mine.emplace_back();
    row.channel = event.channel;
    row.address = event.address;
    row.given = event.given;
    row.region = event.region;
    row.cause = {reason,
                 what.source,
                 event.at,
                 change.by,
                 reason == Reason::soft_bounce_limit ? told.limit : event.detail,
                 event.campaign};
    if (reason == Reason::hard_bounce &&
        (what.trusted || claim(what.account, event, what.claims_needed))) {
      everybodys.push_back(row);
      const BounceRecord before = find_bounces(platform_number, event.channel, event.address);
      BounceRecord after = before;
      raise(after.last_hard, event.at);
      put_bounces(platform_number, event.channel, event.address, before, after);
    }
  }
  if (!mine.empty()) outcome = suppress(change, what.account, mine);
  if (!everybodys.empty()) suppress(change, platform_number, everybodys);
}

Outcome CommitGroup::act(const Change& change, const AddEvents& what) {
  std::vector<Told> events;
  events.reserve(what.rows.size());
  Outcome outcome = unchanged();
  uint32_t duplicates = 0;
  std::vector<uint32_t> refused;
  for (size_t i = 0; i < what.rows.size(); ++i) {
    const AddEvents::Row& row = what.rows[i];
    switch (see(what, row, change.at)) {
      case Seen::never:
        events.push_back(tell_bounces(what, row));
        break;
      case Seen::same:
        ++duplicates;
        break;
      case Seen::other:
        refused.push_back(static_cast<uint32_t>(i));
        break;
    }
  }
  if (!events.empty()) {
    LoggedAct act;
    act.account = what.account;
    act.number = events.size();
    log_act(change, ChangeKind::events_added, act);
    // The owners are asked for before suppressions change anything.
    const std::vector<ContactId> ids = contacts_of(what.account, events);
    suppress_by(change, what, events, outcome);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] != 0) tell_event(change, what.account, ids[i], events[i]);
    }
  }
  outcome.sequence = meta_.sequence;
  outcome.duplicates = duplicates;
  outcome.unchanged =
      static_cast<uint32_t>(what.rows.size() - refused.size()) - outcome.added - outcome.updated;
  outcome.refused_rows = std::move(refused);
  return outcome;
}

}  // namespace suppressd
