#include "persistence/contact_table.hpp"

#include <algorithm>
#include <cassert>

#include "persistence/contact_codec.hpp"
#include "persistence/contact_index.hpp"

namespace suppressd {
namespace {

ContactId read_number(std::string_view value) {
  ByteReader from(value);
  const uint64_t number = from.u64();
  if (!from.finished()) throw StorageFailure("a stored number is damaged");
  return number;
}

/// What ContactFilter can tell of one address, but for what follows from the rest.
bool looks_alike(const ContactAddress& a, const ContactAddress& b) {
  return a.address == b.address && a.state() == b.state() && a.group() == b.group() &&
         a.active_day() == b.active_day() && a.standing == b.standing && a.deletion == b.deletion &&
         a.state_since() == b.state_since();
}

/// Of which parts lists and counts may hold something else; a part that is alike is left alone.
uint8_t differing_parts(const std::optional<Contact>& before, const std::optional<Contact>& now) {
  if (!before || !now) return all_parts;
  const bool everywhere =
      before->segments != now->segments || before->created_at != now->created_at;
  uint8_t parts = before->fields != now->fields ? fields_part : uint8_t{0};
  for (const Channel channel : all_channels) {
    if (everywhere || !looks_alike(before->of(channel), now->of(channel))) {
      parts |= channel_bit(channel);
    }
  }
  return parts;
}

}  // namespace

bool ContactTable::any_in(AccountNumber scope) {
  return created_in_.contains(scope) || count(scope, 0, CountOf::contacts) != 0;
}

ContactTable::Held& ContactTable::hold(const std::string& key, AccountNumber account,
                                       ContactId id) {
  Held& held = contacts_.try_emplace(key).first->second;
  if (held.id != 0) return held;
  held.account = account;
  held.id = id;
  order_.push_back(&held);
  return held;
}

ContactTable::Held& ContactTable::held(AccountNumber account, ContactId id) {
  const std::string key = contact_key(account, id);
  if (const auto at = contacts_.find(key); at != contacts_.end()) return at->second;
  Held& held = hold(key, account, id);
  if (const std::string* bytes = overlay_.find(Family::contacts, key)) {
    Contact& contact = held.now.emplace();
    if (!decode(*bytes, contact)) throw StorageFailure("a stored contact is damaged");
    contact.id = id;
    held.stored = true;
  }
  return held;
}

bool ContactTable::keep_before(Held& contact) {
  if (!contact.stored || contact.before) return false;
  contact.before = contact.now;
  return true;
}

const Contact* ContactTable::find(AccountNumber account, ContactId id) {
  const Held& contact = held(account, id);
  return contact.now ? &*contact.now : nullptr;
}

ContactId ContactTable::owner(AccountNumber account, Channel channel, std::string_view address) {
  const std::string* value = overlay_.find(Family::owners, owner_key(account, channel, address));
  return value != nullptr ? read_number(*value) : 0;
}

std::vector<std::pair<AccountNumber, ContactId>> ContactTable::owners(Channel channel,
                                                                      std::string_view address) {
  const std::string prefix = owner_prefix(channel, address);
  std::vector<std::pair<AccountNumber, ContactId>> found;
  for (const std::string& key : overlay_.keys_with(Family::owners, prefix)) {
    ByteReader from(std::string_view(key).substr(prefix.size()));
    const AccountNumber account = from.u32();
    if (!from.finished()) throw StorageFailure("a stored owner is damaged");
    found.emplace_back(account, read_number(*overlay_.find(Family::owners, key)));
  }
  return found;
}

void ContactTable::own(AccountNumber account, const Contact* before, const Contact* after) {
  const std::string none;
  for (const Channel channel : all_channels) {
    const std::string& left = before != nullptr ? before->of(channel).address : none;
    const std::string& taken = after != nullptr ? after->of(channel).address : none;
    if (left == taken) continue;
    if (!left.empty()) overlay_.erase(Family::owners, owner_key(account, channel, left));
    if (taken.empty()) continue;
    assert(owner(account, channel, taken) == 0);
    overlay_.put(Family::owners, owner_key(account, channel, taken), contact_number(after->id));
  }
}

const Contact& ContactTable::create(AccountNumber account, Contact contact, uint64_t sequence) {
  contact.id = next_number(account, 'c');
  for (ContactAddress& address : contact.addresses) address.sequence = sequence;
  // Its number was never given: there is nothing to read.
  Held& fresh = hold(contact_key(account, contact.id), account, contact.id);
  fresh.now = std::move(contact);
  fresh.changed = true;
  created_in_.insert({account, platform_number});
  own(account, nullptr, &*fresh.now);
  return *fresh.now;
}

bool ContactTable::edit(AccountNumber account, ContactId id, uint64_t sequence,
                        const std::function<void(Contact&)>& change) {
  Held& contact = held(account, id);
  assert(contact.now);
  const bool first = keep_before(contact);
  const Contact copy = first ? Contact() : *contact.now;
  const Contact& earlier = first ? *contact.before : copy;
  Contact& now = *contact.now;
  change(now);
  if (now == earlier) return false;
  const bool everywhere = now.segments != earlier.segments || now.fields != earlier.fields;
  for (size_t i = 0; i < channels; ++i) {
    if (everywhere || !looks_alike(now.addresses[i], earlier.addresses[i])) {
      now.addresses[i].sequence = sequence;
    }
  }
  own(account, &earlier, &now);
  contact.changed = true;
  return true;
}

void ContactTable::remove(AccountNumber account, ContactId id) {
  Held& contact = held(account, id);
  if (!contact.now) return;
  keep_before(contact);
  own(account, &*contact.now, nullptr);
  contact.now.reset();
  contact.changed = true;
}

void ContactTable::add_activity(AccountNumber account, ContactId id, const Activity& activity) {
  std::string bytes;
  encode(activity, bytes);
  overlay_.put_unread(Family::activity, activity_key(account, id, activity.sequence, ++activities_),
                      std::move(bytes));
}

uint64_t ContactTable::next_number(AccountNumber account, char which) {
  const std::string key = count_key(account, 0, CountOf::last_number, std::string_view(&which, 1));
  const std::string* last = overlay_.find(Family::counts, key);
  const uint64_t number = (last != nullptr ? read_number(*last) : 0) + 1;
  overlay_.put(Family::counts, key, contact_number(number));
  return number;
}

uint64_t ContactTable::count(AccountNumber account, uint8_t channel, CountOf what,
                             std::string_view value) {
  const std::string key = count_key(account, channel, what, value);
  const std::string* stored = overlay_.find(Family::counts, key);
  const auto added = counts_.find(key);
  return (stored != nullptr ? read_number(*stored) : 0) +
         (added != counts_.end() ? added->second.value : 0);
}

void ContactTable::prefetch(AccountNumber account, const std::vector<ContactId>& ids) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const ContactId id : ids) keys.push_back(contact_key(account, id));
  overlay_.prefetch(Family::contacts, std::move(keys));
}

void ContactTable::prefetch_owners(std::vector<std::string> owner_keys) {
  overlay_.prefetch(Family::owners, std::move(owner_keys));
}

void ContactTable::count(const std::vector<std::string>& keys, uint64_t difference) {
  for (const std::string& key : keys) counts_[key].value += difference;
}

void ContactTable::put_record(const Held& held) {
  const std::string key = contact_key(held.account, held.id);
  if (!held.now) return overlay_.erase(Family::contacts, key);
  std::string bytes;
  encode(*held.now, bytes);
  overlay_.put(Family::contacts, key, std::move(bytes));
}

void ContactTable::finish() {
  std::vector<std::pair<std::string, ContactId>> come;
  for (const Held* held : order_) {
    if (!held->changed) continue;
    const uint8_t parts = differing_parts(held->before, held->now);
    put_record(*held);
    if (parts == 0) continue;
    std::vector<std::string> before, after, gone, fresh;
    if (held->before) before = index_keys(held->account, *held->before, parts);
    if (held->now) after = index_keys(held->account, *held->now, parts);
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::back_inserter(gone));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(fresh));
    for (std::string& key : gone) overlay_.erase_unread(Family::contact_index, std::move(key));
    for (std::string& key : fresh) come.emplace_back(std::move(key), held->id);
    if (held->before) count(count_keys(held->account, *held->before, parts), ~uint64_t{0});
    if (held->now) count(count_keys(held->account, *held->now, parts), 1);
    // The platform's count tells whether its suppressions can concern anybody.
    if (held->before && held->now) continue;
    counts_[count_key(platform_number, 0, CountOf::contacts)].value +=
        uint64_t{held->now.has_value()} - uint64_t{held->before.has_value()};
  }
  // After all that go: an address may have moved from one contact to another.
  for (auto& [key, id] : come) {
    overlay_.put_unread(Family::contact_index, std::move(key), contact_number(id));
  }
  for (const auto& [key, difference] : counts_) {
    if (difference.value == 0) continue;
    const std::string* stored = overlay_.find(Family::counts, key);
    const uint64_t count = (stored != nullptr ? read_number(*stored) : 0) + difference.value;
    if (count == 0) {
      overlay_.erase(Family::counts, key);
    } else {
      overlay_.put(Family::counts, key, contact_number(count));
    }
  }
}

}  // namespace suppressd
