// Changes of contacts: put, edit, delete, restore. Every one asks the suppressions what they say of
// an address that is new to a contact; nothing here changes a suppression.
#include <algorithm>

#include "persistence/commit_group.hpp"

namespace suppressd {
namespace {

using Fate = ContactOutcome::Fate;

/// What was given, when it says more than the canonical form.
std::string said(const std::string& given, const std::string& address) {
  return given == address ? "" : given;
}

bool effective(const ContactOutcome& outcome) {
  switch (outcome.fate) {
    case Fate::created:
    case Fate::updated:
    case Fate::restored:
    case Fate::deleted:
      return true;
    default:
      return outcome.stored;
  }
}

Activity activity_of(ActivityKind kind, const Change& change, uint64_t sequence) {
  Activity activity;
  activity.sequence = sequence;
  activity.kind = kind;
  activity.at = change.at;
  activity.by = change.by;
  return activity;
}

void join(Contact& contact, SegmentId segment) {
  const auto place = std::lower_bound(contact.segments.begin(), contact.segments.end(), segment);
  if (place == contact.segments.end() || *place != segment) {
    contact.segments.insert(place, segment);
  }
}

/// What may change a suppression, whose records are then wanted.
bool may_suppress(ActivityKind kind) {
  return kind >= ActivityKind::bounced && kind <= ActivityKind::unsubscribed;
}

std::optional<Channel> only_channel(uint8_t channels) {
  if (channels == channel_bit(Channel::email)) return Channel::email;
  if (channels == channel_bit(Channel::phone)) return Channel::phone;
  return std::nullopt;
}

}  // namespace

/// Both scopes' records decide: what is here need not be read one by one.
void CommitGroup::gather_standing(AccountNumber account, Channel channel,
                                  std::string_view address) {
  entry(account, channel, address);
  entry(platform_number, channel, address);
}

void CommitGroup::gather_contacts(const Change& change) {
  std::vector<std::string> owners;
  if (const auto* put = std::get_if<PutContacts>(&change.what)) {
    for (const PutContacts::Row& row : put->rows) {
      for (const Channel channel : all_channels) {
        const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
        if (address.empty()) continue;
        owners.push_back(owner_key(put->account, channel, address));
        gather_standing(put->account, channel, address);
      }
    }
  } else if (const auto* add = std::get_if<AddSuppressions>(&change.what)) {
    if (add->scope == platform_number || !contacts_.any_in(add->scope)) return;
    for (const Row& row : add->rows) {
      owners.push_back(owner_key(add->scope, row.channel, row.address));
      entry(platform_number, row.channel, row.address);
    }
  } else if (const auto* events = std::get_if<AddEvents>(&change.what)) {
    for (const AddEvents::Row& row : events->rows) {
      owners.push_back(owner_key(events->account, row.channel, row.address));
      if (may_suppress(row.kind)) gather_standing(events->account, row.channel, row.address);
    }
    gather_events(*events);
  } else if (const auto* over = std::get_if<ExpireCauses>(&change.what)) {
    for (const ExpireCauses::Row& row : over->rows) {
      gather_standing(over->scope, row.channel, row.address);
      if (over->scope == platform_number) continue;
      owners.push_back(owner_key(over->scope, row.channel, row.address));
    }
    gather_bounces(*over);
  } else if (const auto* remove = std::get_if<DeleteContacts>(&change.what)) {
    contacts_.prefetch(remove->account, remove->ids);
  } else if (const auto* restore = std::get_if<RestoreContacts>(&change.what)) {
    contacts_.prefetch(restore->account, restore->ids);
  } else if (const auto* members = std::get_if<ChangeMembers>(&change.what)) {
    contacts_.prefetch(members->account, members->ids);
  }
  contacts_.prefetch_owners(std::move(owners));
}

Outcome CommitGroup::log_act(const Change& change, ChangeKind kind, const LoggedAct& act) {
  std::string row;
  encode_change_head(kind, change.by, change.at, row);
  encode(act, row);
  return log(row, act.account);
}

Outcome CommitGroup::log_contacts(const Change& change, ChangeKind kind, LoggedAct act,
                                  std::vector<ContactOutcome> outcomes,
                                  const std::optional<JobStep>& step) {
  uint32_t added = 0, updated = 0, same = 0;
  for (const ContactOutcome& outcome : outcomes) {
    if (!effective(outcome)) {
      ++same;
      continue;
    }
    ++(outcome.fate == Fate::created ? added : updated);
    act.rows.push_back({static_cast<uint8_t>(outcome.fate), outcome.id});
  }
  if (step) act.number = step->job;
  if (!act.rows.empty()) log_act(change, kind, act);
  take_step(change, step, added + updated, same);
  Outcome outcome = unchanged();
  outcome.added = added;
  outcome.updated = updated;
  outcome.unchanged = same;
  if (outcomes.size() == 1) outcome.id = outcomes.front().id;
  outcome.contacts = std::make_shared<const std::vector<ContactOutcome>>(std::move(outcomes));
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const PutContacts& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  SegmentId known = 0;
  for (const PutContacts::Row& row : what.rows) {
    if (row.segment == known || row.segment == 0) continue;
    const std::optional<Segment> segment = find_segment(what.account, row.segment);
    if (!segment || segment->deleting) return refuse(Outcome::Status::not_found);
    known = row.segment;
  }
  prefetch_owned(what);
  std::vector<ContactOutcome> outcomes;
  outcomes.reserve(what.rows.size());
  for (const PutContacts::Row& row : what.rows) {
    outcomes.push_back(put_contact(change, what, row));
  }
  keep_import(change, what, outcomes);
  LoggedAct act;
  act.account = what.account;
  return log_contacts(change, ChangeKind::contacts_put, std::move(act), std::move(outcomes),
                      what.step);
}

void CommitGroup::prefetch_owned(const PutContacts& what) {
  std::vector<ContactId> known;
  for (const PutContacts::Row& row : what.rows) {
    for (const Channel channel : all_channels) {
      const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
      const ContactId id = address.empty() ? 0 : contacts_.owner(what.account, channel, address);
      if (id != 0) known.push_back(id);
    }
  }
  contacts_.prefetch(what.account, known);
}

CommitGroup::Taken CommitGroup::take_addresses(const PutContacts& what, const PutContacts::Row& row,
                                               Contact& contact) {
  Taken taken;
  for (const Channel channel : all_channels) {
    const size_t i = static_cast<size_t>(channel) - 1;
    const std::string& address = row.addresses[i];
    ContactAddress& at = contact.of(channel);
    if (address.empty()) continue;
    if (at.address != address) {
      at.engagement = {};  // it is another mailbox
      at.address = address;
      at.standing = standing(what.account, channel, address);
    }
    at.given = said(row.given[i], address);
    if (!at.deletion) continue;
    if (what.restore_deleted) {
      at.deletion.reset();
      taken.restored = true;
    } else {
      taken.kept_deleted = true;
    }
  }
  return taken;
}

/// The group's log row comes after its contacts: what they carry is the number it will get.
ContactOutcome CommitGroup::put_contact(const Change& change, const PutContacts& what,
                                        const PutContacts::Row& row) {
  ContactOutcome outcome;
  std::array<ContactId, channels> owners{};
  for (const Channel channel : all_channels) {
    const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
    if (!address.empty()) {
      owners[static_cast<size_t>(channel) - 1] = contacts_.owner(what.account, channel, address);
    }
  }
  outcome.id = owners[0] != 0 ? owners[0] : owners[1];
  const bool two = owners[0] != 0 && owners[1] != 0 && owners[0] != owners[1];
  Contact contact;
  if (outcome.id != 0) contact = *contacts_.find(what.account, outcome.id);
  const Contact before = contact;
  for (const auto& [name, value] : row.fields) contact.fields[name] = value;
  if (row.segment != 0) join(contact, row.segment);
  const bool nameless = row.addresses[0].empty() && row.addresses[1].empty();
  if (two || nameless) {
    outcome.fate = Fate::conflict;
    return outcome;
  }
  if (contact.fields.size() > contact_fields_max ||
      contact.segments.size() > contact_segments_max) {
    outcome.fate = Fate::too_many;
    return outcome;
  }
  const Taken taken = take_addresses(what, row, contact);
  for (size_t i = 0; i < channels; ++i) outcome.standings[i] = contact.addresses[i].standing;
  if (outcome.id == 0) {
    contact.created_at = contact.updated_at = change.at;
    contact.source = what.source;
    outcome.id = contacts_.create(what.account, std::move(contact), next_sequence()).id;
    outcome.fate = Fate::created;
  } else if (contact == before) {
    outcome.fate = taken.kept_deleted ? Fate::kept_deleted : Fate::unchanged;
    return outcome;
  } else {
    contact.updated_at = change.at;
    contacts_.edit(what.account, outcome.id, next_sequence(),
                   [&contact](Contact& edited) { edited = std::move(contact); });
    outcome.fate = taken.restored ? Fate::restored : Fate::updated;
  }
  const ActivityKind kind = outcome.fate == Fate::restored  ? ActivityKind::restored
                            : outcome.fate == Fate::updated ? ActivityKind::edited
                            : what.source == "import"       ? ActivityKind::imported
                                                            : ActivityKind::added;
  contacts_.add_activity(what.account, outcome.id, activity_of(kind, change, next_sequence()));
  // Stored all the same: a later restore shows what was given now.
  outcome.stored = taken.kept_deleted && outcome.fate == Fate::updated;
  if (outcome.stored) outcome.fate = Fate::kept_deleted;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const EditContact& what) {
  const Contact* found = contacts_.find(what.account, what.id);
  if (found == nullptr) return refuse(Outcome::Status::not_found);
  Contact contact = *found;
  for (const Channel channel : all_channels) {
    const size_t i = static_cast<size_t>(channel) - 1;
    if (!what.addresses[i]) continue;
    const std::string& address = *what.addresses[i];
    ContactAddress& at = contact.of(channel);
    if (!address.empty()) {
      const ContactId owner = contacts_.owner(what.account, channel, address);
      if (owner != 0 && owner != what.id) return refuse(Outcome::Status::conflict);
    }
    if (at.address != address) {
      std::optional<Deletion> deletion = std::move(at.deletion);
      at = {};
      at.address = address;
      if (!address.empty()) {
        at.standing = standing(what.account, channel, address);
        at.deletion = std::move(deletion);
      }
    }
    at.given = said(what.given[i], address);
  }
  for (const auto& [name, value] : what.fields) {
    if (value) {
      contact.fields[name] = *value;
    } else {
      contact.fields.erase(name);
    }
  }
  const bool nameless =
      contact.addresses[0].address.empty() && contact.addresses[1].address.empty();
  if (nameless || contact.fields.size() > contact_fields_max) {
    return refuse(Outcome::Status::conflict);
  }
  if (contact == *found) {
    Outcome outcome = unchanged();
    outcome.unchanged = 1;
    outcome.id = what.id;
    return outcome;
  }
  contact.updated_at = change.at;
  contacts_.edit(what.account, what.id, next_sequence(),
                 [&contact](Contact& edited) { edited = std::move(contact); });
  contacts_.add_activity(what.account, what.id,
                         activity_of(ActivityKind::edited, change, next_sequence()));
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  Outcome outcome = log_act(change, ChangeKind::contact_edited, act);
  outcome.updated = 1;
  outcome.id = what.id;
  return outcome;
}

ContactOutcome CommitGroup::delete_contact(const Change& change, AccountNumber account,
                                           ContactId id, uint8_t channels_named,
                                           const std::string& reason, uint64_t shown_at,
                                           JobId job) {
  ContactOutcome outcome;
  outcome.id = id;
  const Contact* contact = contacts_.find(account, id);
  if (contact == nullptr) {
    outcome.fate = Fate::not_found;
    return outcome;
  }
  uint8_t wanted = 0;
  for (const Channel channel : all_channels) {
    const ContactAddress& at = contact->of(channel);
    if ((channels_named & channel_bit(channel)) == 0 || at.address.empty()) continue;
    if (at.sequence > shown_at) {
      outcome.fate = Fate::changed;
      return outcome;
    }
    if (!at.deletion) wanted |= channel_bit(channel);
  }
  if (wanted == 0) return outcome;
  contacts_.edit(account, id, next_sequence(), [&](Contact& edited) {
    for (const Channel channel : all_channels) {
      if ((wanted & channel_bit(channel)) == 0) continue;
      edited.of(channel).deletion = Deletion{change.at, change.by, reason, job};
    }
    edited.updated_at = change.at;
  });
  Activity activity = activity_of(ActivityKind::deleted, change, next_sequence());
  activity.channel = only_channel(wanted);
  activity.detail = reason;
  contacts_.add_activity(account, id, activity);
  outcome.fate = Fate::deleted;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const DeleteContacts& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  std::vector<ContactOutcome> outcomes;
  outcomes.reserve(what.ids.size());
  for (const ContactId id : what.ids) {
    outcomes.push_back(delete_contact(change, what.account, id, what.channels, what.reason,
                                      what.shown_at, what.step ? what.step->job : 0));
  }
  LoggedAct act;
  act.account = what.account;
  return log_contacts(change, ChangeKind::contacts_deleted, std::move(act), std::move(outcomes),
                      what.step);
}

Outcome CommitGroup::act(const Change& change, const RestoreContacts& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  std::vector<ContactOutcome> outcomes;
  outcomes.reserve(what.ids.size());
  for (const ContactId id : what.ids) {
    ContactOutcome& outcome = outcomes.emplace_back();
    outcome.id = id;
    if (contacts_.find(what.account, id) == nullptr) {
      outcome.fate = Fate::not_found;
      continue;
    }
    uint8_t back = 0;
    contacts_.edit(what.account, id, next_sequence(), [&](Contact& edited) {
      for (const Channel channel : all_channels) {
        std::optional<Deletion>& deletion = edited.of(channel).deletion;
        if ((what.channels & channel_bit(channel)) == 0 || !deletion ||
            (what.deleted_by != 0 && deletion->job != what.deleted_by)) {
          continue;
        }
        deletion.reset();
        back |= channel_bit(channel);
        edited.updated_at = change.at;
      }
    });
    if (back == 0) continue;
    Activity activity = activity_of(ActivityKind::restored, change, next_sequence());
    activity.channel = only_channel(back);
    contacts_.add_activity(what.account, id, activity);
    outcome.fate = Fate::restored;
  }
  LoggedAct act;
  act.account = what.account;
  return log_contacts(change, ChangeKind::contacts_restored, std::move(act), std::move(outcomes),
                      what.step);
}

}  // namespace suppressd
