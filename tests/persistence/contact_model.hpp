// What the store must hold of contacts, kept the obvious way: plain maps, verdicts worked out anew
// from the suppressions after every change, lists by looking at every contact. Random changes to
// feed both.
#pragma once

#include <algorithm>
#include <set>

#include "contact_harness.hpp"
#include "persistence/keys.hpp"

namespace suppressd {

class ContactModel {
 public:
  using Fate = ContactOutcome::Fate;
  using AddressKey = std::tuple<AccountNumber, Channel, std::string>;  // scope first

  std::map<AccountNumber, std::map<ContactId, Contact>> contacts;
  std::map<AddressKey, Suppression> suppressions;
  std::map<AccountNumber, std::set<SegmentId>> segments;

  /// Does the change to the model. The fates of its rows, where it has such.
  std::vector<Fate> apply(const Change& change) {
    at_ = change.at;
    by_ = change.by;
    fates_.clear();
    std::visit([this](const auto& what) { act(what); }, change.what);
    settle();
    return fates_;
  }

  ContactId owner(AccountNumber account, Channel channel, const std::string& address) {
    for (const auto& [id, contact] : contacts[account]) {
      if (!address.empty() && contact.of(channel).address == address) return id;
    }
    return 0;
  }

  Standing standing(AccountNumber account, Channel channel, const std::string& address) const {
    const Suppression* mine = suppression({account, channel, address});
    const Suppression* all = suppression({platform_number, channel, address});
    if (mine != nullptr && !mine->causes.empty()) {
      const Cause& cause = shown(*mine);
      return {cause.reason, Scope::account, false, cause.at, cause.source, cause.campaign};
    }
    if (all == nullptr || all->causes.empty()) return {};
    if (mine != nullptr && mine->exemption) return {Reason::none, Scope::account, true, 0, "", ""};
    const Cause& cause = shown(*all);
    return {cause.reason, Scope::platform, false, cause.at, cause.source, ""};
  }

 private:
  static const Cause& shown(const Suppression& suppression) {
    const Cause* strongest = &suppression.causes.front();
    for (const Cause& cause : suppression.causes) {
      if (cause.reason > strongest->reason) strongest = &cause;
    }
    return *strongest;
  }
  const Suppression* suppression(const AddressKey& key) const {
    const auto found = suppressions.find(key);
    return found == suppressions.end() ? nullptr : &found->second;
  }
  Suppression& suppress(AccountNumber scope, const AddSuppressions::Row& row) {
    Suppression& record = suppressions[{scope, row.channel, row.address}];
    record.merge(row.cause);
    return record;
  }

  /// Brings every verdict up to date.
  void settle() {
    for (auto& [account, all] : contacts) {
      for (auto& [id, contact] : all) {
        for (const Channel channel : all_channels) {
          ContactAddress& at = contact.of(channel);
          if (at.address.empty()) continue;
          const Standing now = standing(account, channel, at.address);
          if (now != at.standing) contact.updated_at = at_;
          at.standing = now;
        }
      }
    }
  }

  void act(const AddSuppressions& what) {
    for (const AddSuppressions::Row& row : what.rows) suppress(what.scope, row);
  }
  void act(const RemoveSuppression& what) {
    const auto found = suppressions.find({what.scope, what.channel, what.address});
    if (found != suppressions.end()) found->second.causes.clear();
  }
  void act(const SetExemption& what) {
    suppressions[{what.scope, what.channel, what.address}].exemption = what.exemption;
  }

  void act(const PutContacts& what) {
    for (const PutContacts::Row& row : what.rows) fates_.push_back(put(what, row));
  }
  Fate put(const PutContacts& what, const PutContacts::Row& row) {
    const ContactId by_email = owner(what.account, Channel::email, row.addresses[0]);
    const ContactId by_phone = owner(what.account, Channel::phone, row.addresses[1]);
    if (by_email != 0 && by_phone != 0 && by_email != by_phone) return Fate::conflict;
    const bool fresh = by_email == 0 && by_phone == 0;
    auto& all = contacts[what.account];
    const ContactId id = fresh ? ++last_[what.account] : std::max(by_email, by_phone);
    const Contact before = all[id];
    Contact& contact = all[id];
    contact.id = id;
    bool kept = false, restored = false;
    for (const Channel channel : all_channels) {
      const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
      if (address.empty()) continue;
      ContactAddress& at = contact.of(channel);
      if (at.address != address) {
        at.engagement = {};
        at.standing = standing(what.account, channel, address);
      }
      at.address = address;
      at.given = row.given[static_cast<size_t>(channel) - 1];
      if (!at.deletion) continue;
      (what.restore_deleted ? restored : kept) = true;
      if (what.restore_deleted) at.deletion.reset();
    }
    for (const auto& [name, value] : row.fields) contact.fields[name] = value;
    if (segments[what.account].contains(row.segment)) join(contact, row.segment);
    if (fresh) {
      contact.created_at = contact.updated_at = at_;
      contact.source = what.source;
      return Fate::created;
    }
    if (contact != before) contact.updated_at = at_;
    if (kept) return Fate::kept_deleted;
    if (contact == before) return Fate::unchanged;
    return restored ? Fate::restored : Fate::updated;
  }
  static bool join(Contact& contact, SegmentId segment) {
    std::set<SegmentId> all(contact.segments.begin(), contact.segments.end());
    const bool joined = all.insert(segment).second;
    contact.segments.assign(all.begin(), all.end());
    return joined;
  }

  void act(const EditContact& what) {
    const auto found = contacts[what.account].find(what.id);
    if (found == contacts[what.account].end()) return;
    Contact contact = found->second;
    for (const Channel channel : all_channels) {
      const auto& address = what.addresses[static_cast<size_t>(channel) - 1];
      if (!address) continue;
      const ContactId has = owner(what.account, channel, *address);
      if (has != 0 && has != what.id) return;
      ContactAddress& at = contact.of(channel);
      if (at.address != *address) {
        const std::optional<Deletion> deletion = at.deletion;
        at = {};
        at.address = *address;
        at.standing = standing(what.account, channel, *address);
        if (!address->empty()) at.deletion = deletion;
      }
      at.given = what.given[static_cast<size_t>(channel) - 1];
    }
    if (contact.addresses[0].address.empty() && contact.addresses[1].address.empty()) return;
    for (const auto& [name, value] : what.fields) {
      if (value) contact.fields[name] = *value;
      if (!value) contact.fields.erase(name);
    }
    if (contact != found->second) contact.updated_at = at_;
    found->second = contact;
  }

  Contact* find(AccountNumber account, ContactId id) {
    const auto found = contacts[account].find(id);
    return found == contacts[account].end() ? nullptr : &found->second;
  }

  void act(const DeleteContacts& what) {
    for (const ContactId id : what.ids) {
      Contact* contact = find(what.account, id);
      Fate& fate = fates_.emplace_back(contact != nullptr ? Fate::unchanged : Fate::not_found);
      if (contact == nullptr) continue;
      for (const Channel channel : all_channels) {
        ContactAddress& at = contact->of(channel);
        if ((what.channels & channel_bit(channel)) == 0 || at.address.empty() || at.deletion) {
          continue;
        }
        at.deletion = Deletion{at_, by_, what.reason, what.step ? what.step->job : 0};
        contact->updated_at = at_;
        fate = Fate::deleted;
      }
    }
  }
  void act(const RestoreContacts& what) {
    for (const ContactId id : what.ids) {
      Contact* contact = find(what.account, id);
      Fate& fate = fates_.emplace_back(contact != nullptr ? Fate::unchanged : Fate::not_found);
      if (contact == nullptr) continue;
      for (const Channel channel : all_channels) {
        std::optional<Deletion>& deletion = contact->of(channel).deletion;
        if ((what.channels & channel_bit(channel)) == 0 || !deletion ||
            (what.deleted_by != 0 && deletion->job != what.deleted_by)) {
          continue;
        }
        deletion.reset();
        contact->updated_at = at_;
        fate = Fate::restored;
      }
    }
  }
  void act(const CreateSegment& what) {
    segments[what.account].insert(static_cast<SegmentId>(segments[what.account].size() + 1));
  }
  void act(const ChangeMembers& what) {
    for (const ContactId id : what.ids) {
      Contact* contact = find(what.account, id);
      Fate& fate = fates_.emplace_back(contact != nullptr ? Fate::unchanged : Fate::not_found);
      if (contact == nullptr) continue;
      const bool changed =
          what.add ? join(*contact, what.id) : std::erase(contact->segments, what.id) != 0;
      if (changed) fate = Fate::updated;
    }
  }

  void act(const AddEvents& what) {
    for (const AddEvents::Row& event : what.rows) {
      AddSuppressions::Row row;
      row.channel = event.channel;
      row.address = event.address;
      row.cause = {Reason::none, "campaign", event.at, by_, event.detail, event.campaign};
      if (event.kind == ActivityKind::bounced) row.cause.reason = Reason::hard_bounce;
      if (event.kind == ActivityKind::complained) row.cause.reason = Reason::complaint;
      if (event.kind == ActivityKind::unsubscribed) row.cause.reason = Reason::unsubscribe;
      if (row.cause.reason != Reason::none) suppress(what.account, row);
      if (event.kind == ActivityKind::bounced) {
        std::set<AccountNumber>& claims = claims_[{0, event.channel, event.address}];
        if (!what.trusted && what.claims_needed != 0) claims.insert(what.account);
        const bool agreed = what.claims_needed != 0 && claims.size() >= what.claims_needed;
        if (what.trusted || agreed) suppress(platform_number, row);
      }
      const ContactId id = owner(what.account, event.channel, event.address);
      if (id != 0) saw(contacts[what.account][id].of(event.channel).engagement, event);
    }
  }
  static void saw(Engagement& it, const AddEvents::Row& event) {
    using Kind = ActivityKind;
    if (event.kind == Kind::complained || event.kind == Kind::unsubscribed) return;
    it.first_sent = it.first_sent == 0 ? event.at : std::min(it.first_sent, event.at);
    it.last_sent = std::max(it.last_sent, event.at);
    it.sent += event.kind == Kind::sent;
    it.soft_bounces += event.kind == Kind::soft_bounced;
    it.hard_bounces += event.kind == Kind::bounced;
    const bool engaged = event.kind == Kind::opened || event.kind == Kind::clicked;
    const bool delivered = engaged || event.kind == Kind::delivered;
    if (delivered) {
      it.last_delivered = std::max(it.last_delivered, event.at);
      if (event.at >= it.last_soft_bounce) it.last_soft_bounce = 0;
    }
    if (engaged || (delivered && event.channel == Channel::phone)) {
      it.last_engaged = std::max(it.last_engaged, event.at);
    }
    if (event.kind == Kind::soft_bounced && event.at > it.last_delivered) {
      it.last_soft_bounce = std::max(it.last_soft_bounce, event.at);
    }
  }

  template <class Other>
  void act(const Other&) {}

  TimeMs at_ = 0;
  std::string by_;
  std::vector<Fate> fates_;
  std::map<AccountNumber, ContactId> last_;
  std::map<AddressKey, std::set<AccountNumber>> claims_;
};

/// Changes that meet: few addresses, few accounts, days rather than moments.
class RandomContacts {
 public:
  static constexpr AccountNumber accounts = 3;  // 1 to 3
  static constexpr size_t segments = 3;         // of each

  explicit RandomContacts(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }
  bool one_in(size_t bound) { return below(bound) == 0; }
  AccountNumber account() { return static_cast<AccountNumber>(1 + below(accounts)); }
  Channel channel() { return one_in(3) ? Channel::phone : Channel::email; }
  TimeMs time() { return (10 + below(20)) * day_ms + below(3); }
  std::string address(Channel channel) {
    const std::string number = std::to_string(below(40));
    if (channel == Channel::phone) return "+38044" + number;
    return "a" + number + "@" + (one_in(3) ? "example.org" : "example.com");
  }
  std::string field_name() { return one_in(2) ? "city" : "note"; }
  std::string field_value() {
    const std::array<std::string, 6> values = {"Kyiv", "KYOTO",    "kyiv region",
                                               "",     "\xff\xff", std::string(70, 'x') + number()};
    return values[below(values.size())];
  }
  std::string campaign() { return one_in(2) ? "spring" : "summer"; }
  SegmentId segment() { return static_cast<SegmentId>(1 + below(segments)); }
  std::string number() { return std::to_string(below(3)); }

  Change next() {
    switch (below(10)) {
      case 0:
        return change_of(rows(one_in(3) ? platform_number : account()), time());
      case 1: {
        const Channel one = channel();
        return change_of(
            RemoveSuppression{one_in(3) ? platform_number : account(), one, address(one)}, time());
      }
      case 2: {
        const Channel one = channel();
        std::optional<Exemption> exemption;
        if (one_in(2)) exemption = Exemption{time(), "s", ""};
        return change_of(SetExemption{account(), one, address(one), exemption}, time());
      }
      case 3:
        return change_of(edit(), time());
      case 4: {
        DeleteContacts what{account(), ids(), channels(), one_in(2) ? "a reason" : "", ~0ull, {}};
        return change_of(what, time());
      }
      case 5:
        return change_of(RestoreContacts{account(), ids(), channels(), 0, {}}, time());
      case 6: {
        ChangeMembers what;
        what.account = account();
        what.id = segment();
        what.ids = ids();
        what.add = !one_in(3);
        return change_of(what, time());
      }
      case 7:
        return change_of(events(), time());
      default:
        return change_of(put(), time());
    }
  }

 private:
  std::vector<ContactId> ids() {
    std::set<ContactId> ids;
    for (size_t left = 1 + below(4); left != 0; --left) ids.insert(1 + below(45));
    return {ids.begin(), ids.end()};
  }
  uint8_t channels() { return static_cast<uint8_t>(1 + below(3)); }
  AddSuppressions rows(AccountNumber scope) {
    AddSuppressions add{scope, {}};
    for (size_t left = 1 + below(4); left != 0; --left) {
      AddSuppressions::Row& row = add.rows.emplace_back();
      row.channel = channel();
      row.address = address(row.channel);
      row.cause = {static_cast<Reason>(1 + below(8)),
                   one_in(2) ? "api" : "import",
                   time(),
                   "key-1",
                   number(),
                   one_in(3) ? campaign() : ""};
    }
    return add;
  }
  PutContacts put() {
    PutContacts put;
    put.account = account();
    put.source = one_in(2) ? "api" : "import";
    put.restore_deleted = one_in(4);
    for (size_t left = 1 + below(4); left != 0; --left) {
      PutContacts::Row& row = put.rows.emplace_back();
      const size_t which = 1 + below(3);
      if (which & 1) row.addresses[0] = address(Channel::email);
      if (which & 2) row.addresses[1] = address(Channel::phone);
      if ((which & 1) && one_in(3)) row.given[0] = "A" + row.addresses[0].substr(1);
      if (one_in(2)) row.fields[field_name()] = field_value();
      if (one_in(3)) row.segment = segment();
    }
    return put;
  }
  EditContact edit() {
    EditContact edit;
    edit.account = account();
    edit.id = 1 + below(45);
    for (const Channel channel : all_channels) {
      std::optional<std::string>& to = edit.addresses[static_cast<size_t>(channel) - 1];
      if (one_in(3)) to = one_in(3) ? "" : address(channel);
    }
    if (one_in(2)) edit.fields[field_name()] = field_value();
    if (one_in(3)) edit.fields[field_name()] = std::nullopt;
    return edit;
  }
  AddEvents events() {
    AddEvents events;
    events.account = account();
    events.trusted = one_in(4);
    events.claims_needed = 2;
    for (size_t left = 1 + below(5); left != 0; --left) {
      AddEvents::Row& row = events.rows.emplace_back();
      const auto first = static_cast<size_t>(ActivityKind::sent);
      row.kind = static_cast<ActivityKind>(first + below(8));
      row.channel = channel();
      row.address = address(row.channel);
      row.at = time();
      row.campaign = campaign();
    }
    return events;
  }

  std::mt19937_64 random_;
};

}  // namespace suppressd
