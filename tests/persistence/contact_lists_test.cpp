// Every list, count and record of contacts against a plain model, through random changes.
#include "contact_model.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

std::string folded(std::string text) {
  text.resize(std::min(text.size(), field_index_octets_max));
  std::transform(text.begin(), text.end(), text.begin(), [](char octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + 32) : octet;
  });
  return text;
}

/// ContactFilter::passes in other words.
bool wanted(const Contact& contact, const ContactFilter& filter) {
  const ContactAddress& at = contact.of(filter.channel);
  if (at.address.empty()) return false;
  const bool suppressed = at.standing.reason != Reason::none;
  std::set<ContactState> states = {ContactState::active, ContactState::soft_bounced,
                                   ContactState::unsubscribed, ContactState::blacklisted};
  if (filter.state) states = {*filter.state};
  if (filter.state == ContactState::active) states.insert(ContactState::soft_bounced);
  std::vector<bool> all = {states.contains(at.state()), at.address.starts_with(filter.prefix)};
  if (filter.reason) all.push_back(at.standing.reason == *filter.reason);
  if (filter.scope) all.push_back(suppressed && at.standing.scope == *filter.scope);
  if (filter.cause_day) {
    all.push_back(suppressed && at.standing.at / day_ms == *filter.cause_day);
  }
  if (!filter.source.empty()) all.push_back(at.standing.source == filter.source);
  if (!filter.campaign.empty()) all.push_back(at.standing.campaign == filter.campaign);
  if (!filter.domain.empty()) all.push_back(at.address.ends_with("@" + filter.domain));
  const TimeMs listed = contact.listed_at(filter.channel);
  all.push_back(filter.since <= listed && listed < filter.until);
  const std::set<SegmentId> segments(contact.segments.begin(), contact.segments.end());
  if (filter.segment != 0) all.push_back(segments.contains(filter.segment));
  if (filter.group != ContactGroup::none) all.push_back(at.group() == filter.group);
  if (filter.group == ContactGroup::reached) {
    all.push_back(filter.active_from_day <= at.active_day() &&
                  at.active_day() < filter.active_before_day);
  }
  if (!filter.field.empty()) {
    const auto field = contact.fields.find(filter.field);
    all.push_back(field != contact.fields.end() &&
                  folded(field->second).starts_with(folded(filter.field_prefix)));
  }
  if (filter.deleted_by != 0) {
    all.push_back(at.deletion && at.deletion->job == filter.deleted_by);
  }
  all.push_back(at.sequence <= filter.shown_at);
  return std::find(all.begin(), all.end(), false) == all.end();
}

/// What the list is ordered by.
std::tuple<uint64_t, std::string, ContactId> place_of(const Contact& contact,
                                                      const ContactFilter& filter,
                                                      ContactSort sort) {
  const ContactAddress& at = contact.of(filter.channel);
  if (sort == ContactSort::time) return {~contact.listed_at(filter.channel), "", contact.id};
  const bool by_group = filter.segment == 0 && filter.group != ContactGroup::none;
  if (by_group && filter.group == ContactGroup::reached) return {at.active_day(), at.address, 0};
  if (filter.segment == 0 && !by_group && !filter.field.empty()) {
    // An octet 0 ends the value.
    return {0, folded(contact.fields.at(filter.field)) + '\0', contact.id};
  }
  return {0, at.address, 0};
}

std::vector<Contact> expected_list(const std::map<ContactId, Contact>& contacts,
                                   const ContactFilter& filter, ContactSort sort) {
  std::vector<Contact> list;
  for (const auto& [id, contact] : contacts) {
    if (wanted(contact, filter)) list.push_back(contact);
  }
  std::sort(list.begin(), list.end(), [&](const Contact& a, const Contact& b) {
    return place_of(a, filter, sort) < place_of(b, filter, sort);
  });
  return list;
}

std::vector<Contact> all_pages(const Store& store, AccountNumber account,
                               const ContactFilter& filter, ContactSort sort, size_t limit) {
  std::vector<Contact> all;
  std::string cursor;
  do {
    ContactPage page = store.contacts().list(account, filter, sort, cursor, limit);
    REQUIRE(page.items.size() <= limit);
    REQUIRE(page.sequence == store.sequence());
    all.insert(all.end(), page.items.begin(), page.items.end());
    cursor = page.next;
  } while (!cursor.empty());
  return all;
}

/// Broken off after `first` contacts and gone on with by another scan.
std::vector<Contact> scanned(const Store& store, AccountNumber account, const ContactFilter& filter,
                             ContactSort sort, size_t first) {
  const auto scan = store.contacts().scan(account, filter, sort);
  std::vector<Contact> all = scan->next(first);
  const auto rest = store.contacts().scan(account, filter, sort, scan->position());
  for (std::vector<Contact> some = rest->next(3); !some.empty(); some = rest->next(3)) {
    all.insert(all.end(), some.begin(), some.end());
  }
  REQUIRE(scan->sequence() == store.sequence());
  return all;
}

class RandomFilters {
 public:
  explicit RandomFilters(RandomContacts& random) : random_(random) {}

  /// One that gives about `parts` of what a filter can give.
  ContactFilter next(size_t parts) {
    ContactFilter filter;
    filter.channel = random_.channel();
    for (; parts != 0; --parts) add_part(filter, random_.below(part_kinds));
    return filter;
  }
  static constexpr size_t part_kinds = 17;

  void add_part(ContactFilter& filter, size_t kind) {
    switch (kind) {
      case 0:
      case 1:
      case 2:
        filter.state = static_cast<ContactState>(1 + random_.below(5));
        break;
      case 3:
        filter.reason = static_cast<Reason>(random_.below(9));
        break;
      case 4:
        filter.source = random_.one_in(2) ? "campaign" : "api";
        break;
      case 5:
        filter.campaign = random_.campaign();
        break;
      case 6:
        filter.domain = random_.one_in(2) ? "example.com" : "example.org";
        break;
      case 7:
        filter.cause_day = static_cast<uint32_t>(random_.time() / day_ms);
        break;
      case 8:
        filter.scope = random_.one_in(2) ? Scope::account : Scope::platform;
        break;
      case 9:
        filter.since = random_.one_in(9) ? 0 : random_.time();
        break;
      case 10:
        filter.until = random_.one_in(9) ? 0 : random_.time() + 5 * day_ms;
        break;
      case 11:
        filter.segment = random_.segment();
        break;
      case 12:
      case 13:
        filter.group = static_cast<ContactGroup>(1 + random_.below(3));
        if (random_.one_in(2)) filter.active_from_day = days();
        if (random_.one_in(2)) filter.active_before_day = days() + 5;
        break;
      case 14:
        filter.prefix = filter.channel == Channel::email ? "a" : "+38044";
        filter.prefix += random_.number();
        break;
      case 15:
        filter.field = random_.field_name();
        filter.field_prefix = random_.field_value().substr(0, random_.below(80));
        break;
      default:
        filter.shown_at = shown_at;
    }
  }
  uint64_t shown_at = 0;

 private:
  uint32_t days() { return static_cast<uint32_t>(random_.time() / day_ms); }

  RandomContacts& random_;
};

/// What is drawn by hand is the store's: sequences of single addresses. They must tell exactly which
/// addresses look otherwise than before.
void take_sequences(const LoadedStore& one, ContactModel& model, const ContactModel& earlier,
                    uint64_t sequence_before) {
  for (auto& [account, contacts] : model.contacts) {
    for (auto& [id, contact] : contacts) {
      const std::optional<Contact> stored = one.store->contacts().contact(account, id);
      REQUIRE(stored);
      const auto all = earlier.contacts.find(account);
      const Contact* before = nullptr;
      if (all != earlier.contacts.end() && all->second.contains(id)) before = &all->second.at(id);
      for (const Channel channel : all_channels) {
        ContactAddress& at = contact.of(channel);
        const uint64_t sequence = stored->of(channel).sequence;
        const uint64_t old = before != nullptr ? before->of(channel).sequence : 0;
        if (at.address.empty()) continue;
        if (before != nullptr && *before == contact) REQUIRE(sequence == old);
        const bool moved = before == nullptr || before->fields != contact.fields ||
                           before->segments != contact.segments ||
                           before->of(channel).state() != at.state() ||
                           before->of(channel).group() != at.group() ||
                           before->of(channel).standing != at.standing ||
                           before->of(channel).address != at.address ||
                           before->listed_at(channel) != contact.listed_at(channel);
        if (moved) REQUIRE(sequence > sequence_before);
        REQUIRE((sequence == old || sequence > sequence_before));
        REQUIRE(sequence <= one.store->sequence());
        at.sequence = sequence;
      }
    }
  }
}

void commit_both(LoadedStore& one, ContactModel& model, const Change& change) {
  const ContactModel earlier = model;
  const uint64_t before = one.store->sequence();
  const Outcome outcome = one.commit(change);
  const std::vector<ContactOutcome::Fate> fates = model.apply(change);
  if (outcome.contacts) {
    REQUIRE(outcome.contacts->size() == fates.size());
    for (size_t i = 0; i < fates.size(); ++i) {
      INFO("row " << i);
      REQUIRE(name_of((*outcome.contacts)[i].fate) == name_of(fates[i]));
    }
  }
  take_sequences(one, model, earlier, before);
}

void compare_records(const Store& store, ContactModel& model) {
  for (const auto& [account, contacts] : model.contacts) {
    for (const auto& [id, contact] : contacts) {
      REQUIRE(store.contacts().contact(account, id) == contact);
      for (const Channel channel : all_channels) {
        const std::string& address = contact.of(channel).address;
        if (!address.empty()) {
          REQUIRE(store.contacts().contact_of(account, channel, address) == contact);
        }
      }
    }
  }
}

void compare_counts(const Store& store, ContactModel& model) {
  for (const auto& [account, contacts] : model.contacts) {
    std::map<std::string, uint64_t> expected;
    for (const auto& [id, contact] : contacts) {
      for (const std::string& key : count_keys(account, contact)) {
        ++expected[key.substr(sizeof account)];
      }
    }
    expected[count_key(account, 0, CountOf::segments).substr(sizeof account)] =
        model.segments[account].size();
    uint64_t sequence = 0;
    REQUIRE(store.contacts().all_counts(account, sequence) == expected);
    REQUIRE(sequence == store.sequence());
    REQUIRE(store.contacts().recount(account, [](uint64_t) { return true; }).empty());
    REQUIRE(store.contacts().count_of(account, 0, CountOf::contacts) == contacts.size());
    for (const Channel channel : all_channels) {
      for (const CountRow& row : store.contacts().counts(account, channel, CountOf::state)) {
        const auto state = static_cast<ContactState>(row.value.at(0));
        const auto in_state = [&](const auto& entry) {
          return entry.second.of(channel).state() == state;
        };
        const auto counted = std::count_if(contacts.begin(), contacts.end(), in_state);
        REQUIRE(row.count == static_cast<uint64_t>(counted));
      }
    }
  }
}

void compare_list(const Store& store, ContactModel& model, AccountNumber account,
                  const ContactFilter& filter, size_t size) {
  for (const ContactSort sort : {ContactSort::address, ContactSort::time}) {
    const std::vector<Contact> expected = expected_list(model.contacts[account], filter, sort);
    REQUIRE(all_pages(store, account, filter, sort, size) == expected);
    REQUIRE(scanned(store, account, filter, sort, size) == expected);
    REQUIRE(store.contacts().count(account, filter) == expected.size());
  }
}

void fill(LoadedStore& one, ContactModel& model, RandomContacts& random, size_t changes) {
  for (AccountNumber account = 1; account <= RandomContacts::accounts; ++account) {
    for (size_t i = 0; i < RandomContacts::segments; ++i) {
      commit_both(one, model, change_of(CreateSegment{account, "s" + std::to_string(i)}));
    }
  }
  for (; changes != 0; --changes) commit_both(one, model, random.next());
}

}  // namespace

TEST_CASE("records, owners and counts of contacts are what a plain model says") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomContacts random(seed);
  ContactModel model;
  std::optional<LoadedStore> one(directory.path());
  fill(*one, model, random, 0);
  for (size_t round = 0; round < 10 * test_size(); ++round) {
    for (size_t i = 0; i < 30; ++i) commit_both(*one, model, random.next());
    compare_records(*one->store, model);
    compare_counts(*one->store, model);
    if (round % 4 == 3) {
      one.reset();
      one.emplace(directory.path());
      compare_records(*one->store, model);
    }
  }
}

TEST_CASE("changes of contacts in one group end as they do one by one") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory grouped, single;
  RandomContacts random(seed);
  LoadedStore group(grouped.path()), one(single.path());
  ContactModel model;
  fill(one, model, random, 0);
  for (AccountNumber account = 1; account <= RandomContacts::accounts; ++account) {
    for (size_t i = 0; i < RandomContacts::segments; ++i) {
      group.commit(change_of(CreateSegment{account, "s" + std::to_string(i)}));
    }
  }
  for (size_t round = 0; round < 30 * test_size(); ++round) {
    std::vector<Change> changes(1 + random.below(12));
    for (Change& change : changes) change = random.next();
    const std::vector<Outcome> outcomes = group.commit(changes);
    for (size_t i = 0; i < changes.size(); ++i) {
      commit_both(one, model, changes[i]);
      REQUIRE(outcomes[i].sequence == one.store->sequence());
    }
  }
  compare_records(*group.store, model);
  compare_counts(*group.store, model);
  for (AccountNumber account = 1; account <= RandomContacts::accounts; ++account) {
    compare_list(*group.store, model, account, {}, 7);
  }
}

TEST_CASE("every filter and sort finds what a look at every contact finds, on pages of any size") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomContacts random(seed);
  RandomFilters filters(random);
  ContactModel model;
  LoadedStore one(directory.path());
  fill(one, model, random, 250);
  filters.shown_at = one.store->sequence();
  for (size_t i = 0; i < 20; ++i) commit_both(one, model, random.next());
  for (size_t kind = 0; kind < RandomFilters::part_kinds; ++kind) {
    for (const Channel channel : all_channels) {
      ContactFilter filter;
      filter.channel = channel;
      filters.add_part(filter, kind);
      INFO("part " << kind);
      compare_list(*one.store, model, random.account(), filter, 1 + random.below(9));
    }
  }
  for (size_t i = 0; i < 150 * test_size(); ++i) {
    const ContactFilter filter = filters.next(random.below(5));
    INFO("filter " << i);
    const AccountNumber account = random.account();
    for (const auto& [id, contact] : model.contacts[account]) {
      REQUIRE(filter.passes(contact) == wanted(contact, filter));
    }
    compare_list(*one.store, model, account, filter, 1 + random.below(9));
  }
}

TEST_CASE("pages taken while contacts move show all that stays in its place, once") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomContacts random(seed);
  RandomFilters filters(random);
  ContactModel model;
  LoadedStore one(directory.path());
  fill(one, model, random, 200);
  for (size_t round = 0; round < 40 * test_size(); ++round) {
    const ContactFilter filter = filters.next(random.below(3));
    const ContactSort sort = random.one_in(2) ? ContactSort::time : ContactSort::address;
    const AccountNumber account = random.account();
    const size_t limit = 1 + random.below(5);
    std::map<ContactId, size_t> seen;
    std::map<ContactId, std::tuple<uint64_t, std::string, ContactId>> stayed;
    for (const Contact& contact : expected_list(model.contacts[account], filter, sort)) {
      stayed[contact.id] = place_of(contact, filter, sort);
    }
    std::string cursor;
    do {
      const ContactPage page = one.store->contacts().list(account, filter, sort, cursor, limit);
      for (const Contact& contact : page.items) ++seen[contact.id];
      cursor = page.next;
      for (size_t i = random.below(3); i != 0; --i) commit_both(one, model, random.next());
      std::erase_if(stayed, [&](const auto& entry) {
        const Contact& contact = model.contacts[account].at(entry.first);
        return !wanted(contact, filter) || place_of(contact, filter, sort) != entry.second;
      });
    } while (!cursor.empty());
    for (const auto& [id, place] : stayed) {
      INFO("round " << round << ", contact " << id);
      REQUIRE(seen[id] == 1);
    }
  }
}

TEST_CASE("a scan stays at its moment while contacts change, and a later one goes on after it") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  TemporaryDirectory directory;
  RandomContacts random(seed);
  ContactModel model;
  LoadedStore one(directory.path());
  fill(one, model, random, 100);
  for (const ContactSort sort : {ContactSort::address, ContactSort::time}) {
    const ContactModel then = model;
    const auto scan = one.store->contacts().scan(1, {}, sort);
    const uint64_t sequence = one.store->sequence();
    std::vector<Contact> found = scan->next(5);
    const auto twin = one.store->contacts().scan(1, {}, sort, scan->position());
    for (size_t i = 0; i < 50; ++i) commit_both(one, model, random.next());
    for (auto some = scan->next(7); !some.empty(); some = scan->next(7)) {
      found.insert(found.end(), some.begin(), some.end());
    }
    REQUIRE(found == expected_list(then.contacts.at(1), {}, sort));
    REQUIRE(scan->sequence() == sequence);
    REQUIRE(twin->next(1'000) == std::vector<Contact>(found.begin() + 5, found.end()));
  }
}
