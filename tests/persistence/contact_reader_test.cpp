// Reads of contacts, one behaviour a test; all lists against a plain model are in
// contact_lists_test.cpp.
#include <set>

#include "contact_harness.hpp"
#include "raw_database.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

void put_many(LoadedStore& one, AccountNumber account, size_t many) {
  for (size_t i = 0; i < many;) {
    PutContacts put;
    put.account = account;
    put.source = "import";
    for (; i < many && put.rows.size() < change_rows_max; ++i) {
      put.rows.emplace_back().addresses[0] = "n" + std::to_string(i) + "@example.com";
    }
    one.commit(change_of(put));
  }
}

void put_three(const fs::path& directory) {
  LoadedStore one(directory);
  for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
    one.commit(put_contact(1, address));
  }
}

}  // namespace

TEST_CASE("a contact is found by its number and by each of its addresses, in its account only") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const Outcome put = one.commit(put_contact(1, "a@example.com", "+380441234567"));
  REQUIRE(put.status == Status::committed);
  const ContactReader& reader = one.store->contacts();
  const std::optional<Contact> contact = reader.contact(1, put.id);
  REQUIRE(contact);
  REQUIRE(contact->of(Channel::email).address == "a@example.com");
  REQUIRE(reader.contact_of(1, Channel::email, "a@example.com") == contact);
  REQUIRE(reader.contact_of(1, Channel::phone, "+380441234567") == contact);
  REQUIRE_FALSE(reader.contact(2, put.id));
  REQUIRE_FALSE(reader.contact(1, put.id + 1));
  REQUIRE_FALSE(reader.contact_of(2, Channel::email, "a@example.com"));
  REQUIRE_FALSE(reader.contact_of(1, Channel::phone, "a@example.com"));
}

TEST_CASE("many contacts are found at once in the order asked for, whatever it is") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
    one.commit(put_contact(1, address));
  }
  const auto found = one.store->contacts().contacts(1, {3, 1, 9, 3});
  REQUIRE(found.size() == 4);
  REQUIRE(found[0]->of(Channel::email).address == "c@example.com");
  REQUIRE(found[1]->of(Channel::email).address == "a@example.com");
  REQUIRE_FALSE(found[2]);
  REQUIRE(found[3] == found[0]);
}

TEST_CASE("a list is read page by page and by a scan") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (const char* address : {"c@example.com", "a@example.com", "b@example.com"}) {
    one.commit(put_contact(1, address));
  }
  const ContactReader& reader = one.store->contacts();
  const ContactPage first = reader.list(1, {}, ContactSort::address, "", 2);
  REQUIRE(addresses_of(first.items) == std::vector<std::string>{"a@example.com", "b@example.com"});
  REQUIRE(first.sequence == 3);
  const ContactPage second = reader.list(1, {}, ContactSort::address, first.next, 2);
  REQUIRE(addresses_of(second.items) == std::vector<std::string>{"c@example.com"});
  REQUIRE(second.next.empty());
  REQUIRE(reader.count(1, {}) == 3);
  const auto scan = reader.scan(1, {}, ContactSort::time);
  REQUIRE(scan->next(10).size() == 3);
  REQUIRE(scan->next(10).empty());
}

TEST_CASE("a page's work is bounded, and the next one goes on where it ended") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  put_many(one, 1, 45'000);
  ContactFilter filter;
  filter.domain = "example.org";
  const ContactReader& reader = one.store->contacts();
  std::string cursor;
  for (size_t page = 0; page < 2; ++page) {
    const ContactPage short_one = reader.list(1, filter, ContactSort::address, cursor, 100);
    REQUIRE(short_one.items.empty());
    REQUIRE_FALSE(short_one.next.empty());
    cursor = short_one.next;
  }
  REQUIRE(reader.list(1, filter, ContactSort::address, cursor, 100).next.empty());
  REQUIRE(reader.count(1, filter) == 0);
  REQUIRE(reader.count(1, {}) == 45'000);
  const auto scan = reader.scan(1, {}, ContactSort::address);
  std::set<ContactId> found;
  for (auto some = scan->next(4'000); !some.empty(); some = scan->next(4'000)) {
    for (const Contact& contact : some) REQUIRE(found.insert(contact.id).second);
  }
  REQUIRE(found.size() == 45'000);
}

TEST_CASE("a cursor of contacts is good for the account, filter and sort that gave it") {
  TemporaryDirectory directory;
  put_three(directory.path());
  LoadedStore one(directory.path());
  const ContactReader& reader = one.store->contacts();
  const std::string cursor = reader.list(1, {}, ContactSort::address, "", 1).next;
  REQUIRE_FALSE(cursor.empty());
  REQUIRE(reader.list(1, {}, ContactSort::address, cursor, 5).items.size() == 2);
  const auto refused = [&](AccountNumber account, const ContactFilter& filter, ContactSort sort) {
    REQUIRE_THROWS_AS(reader.list(account, filter, sort, cursor, 1), std::invalid_argument);
  };
  refused(2, {}, ContactSort::address);
  refused(1, {}, ContactSort::time);
  std::vector<ContactFilter> others(18);
  others[0].channel = Channel::phone;
  others[1].state = ContactState::active;
  others[2].reason = Reason::none;
  others[3].source = "a";
  others[4].campaign = "a";
  others[5].domain = "a";
  others[6].cause_day = 0;
  others[7].scope = Scope::account;
  others[8].since = 1;
  others[9].until = 1;
  others[10].segment = 1;
  others[11].group = ContactGroup::lost;
  others[12].active_from_day = 1;
  others[13].active_before_day = 1;
  others[14].prefix = "a";
  others[15].field = "a";
  others[16].deleted_by = 1;
  others[17].shown_at = 1;
  for (const ContactFilter& other : others) refused(1, other, ContactSort::address);
  for (size_t i = 0; i < cursor.size(); ++i) {
    std::string altered = cursor;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    REQUIRE_THROWS_AS(reader.list(1, {}, ContactSort::address, altered, 1), std::invalid_argument);
  }
  REQUIRE_THROWS_AS(reader.activity(1, 1, cursor, 1), std::invalid_argument);
  REQUIRE_THROWS_AS(reader.requests({}, cursor, 1), std::invalid_argument);
  REQUIRE_THROWS_AS(one.store->list(1, {}, cursor, 1), std::invalid_argument);
}

TEST_CASE("a list that names a contact that is not there is damage, and so is one out of place") {
  TemporaryDirectory directory;
  put_three(directory.path());
  const auto refused = [&directory](ContactSort sort) {
    const LoadedStore one(directory.path());
    const ContactReader& reader = one.store->contacts();
    REQUIRE_THROWS_AS(reader.list(1, {}, sort, "", 10), StorageFailure);
    REQUIRE_THROWS_AS(reader.scan(1, {}, sort)->next(10), StorageFailure);
  };
  std::string record;
  {
    RawDatabase raw(directory.path());
    record = raw.get("contacts", contact_key(1, 2));
    raw.remove("contacts", contact_key(1, 2));
  }
  refused(ContactSort::address);
  refused(ContactSort::time);
  {
    RawDatabase raw(directory.path());
    raw.put("contacts", contact_key(1, 2), record);
    raw.put("contact_index",
            index_by_address(1, Channel::email, ContactState::blacklisted, "b@example.com"),
            contact_number(2));
    std::string key = index_by_time(1, Channel::email, ContactState::active, 5);
    ByteWriter(key).u64(2);
    raw.put("contact_index", key, contact_number(2));
  }
  refused(ContactSort::address);
  refused(ContactSort::time);
}

TEST_CASE("a recount tells which counts are not what the records say, and can be ended") {
  TemporaryDirectory directory;
  put_three(directory.path());
  const std::string active = count_key(1, Channel::email, CountOf::state, "\x01");
  const std::string reason = count_key(1, Channel::phone, CountOf::reason, "\x05");
  const std::string day = count_key(1, Channel::email, CountOf::cause_day, "none");
  {
    RawDatabase raw(directory.path());
    raw.put("counts", active, contact_number(7));
    raw.put("counts", day, contact_number(1));
    raw.remove("counts", count_key(1, 0, CountOf::contacts));
  }
  LoadedStore one(directory.path());
  const ContactReader& reader = one.store->contacts();
  const auto found = reader.recount(1, [](uint64_t) { return true; });
  REQUIRE(found.size() == 3);
  REQUIRE(found[0].key == count_key(1, 0, CountOf::contacts));
  REQUIRE((found[0].stored == 0 && found[0].counted == 3));
  REQUIRE(found[1].key == active);
  REQUIRE((found[1].stored == 7 && found[1].counted == 3));
  REQUIRE(found[2].key == day);
  REQUIRE((found[2].stored == 1 && found[2].counted == 0));
  REQUIRE(reader.recount(1, [](uint64_t) { return false; }).empty());
  AdjustCounts repair;
  repair.account = 1;
  for (const CountDifference& difference : found) {
    repair.differences.emplace_back(difference.key, difference.counted - difference.stored);
  }
  one.commit(change_of(repair));
  REQUIRE(reader.recount(1, [](uint64_t) { return true; }).empty());
  REQUIRE(reader.count_of(1, 1, CountOf::state, "\x01") == 3);
}

TEST_CASE("counts of a kind come in order, a part at a time") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (const char* name : {"a@x.org", "b@y.org", "c@y.org", "d@z.org"}) {
    one.commit(put_contact(1, name));
    one.commit(add_one(1, name, cause_of(Reason::manual)));
  }
  const ContactReader& reader = one.store->contacts();
  const auto first = reader.counts(1, Channel::email, CountOf::domain, "", 2);
  REQUIRE(first.size() == 2);
  REQUIRE((first[1].value == "y.org" && first[1].count == 2));
  const auto rest = reader.counts(1, Channel::email, CountOf::domain, first.back().value);
  REQUIRE(rest.size() == 1);
  REQUIRE(rest[0].value == "z.org");
  REQUIRE(reader.counts(1, Channel::phone, CountOf::domain).empty());
}

TEST_CASE("the activity of a contact comes newest first, page by page, while it goes on") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  one.commit(put_contact(1, "a@example.com"));
  one.commit(event_of(1, ActivityKind::sent, "a@example.com", 2'000));
  one.commit(event_of(1, ActivityKind::unsubscribed, "a@example.com", 3'000));
  const ContactReader& reader = one.store->contacts();
  std::vector<ActivityKind> kinds;
  std::string cursor;
  uint64_t last = ~uint64_t{0};
  do {
    const ActivityPage page = reader.activity(1, 1, cursor, 1);
    REQUIRE(page.items.size() == 1);
    REQUIRE(page.items[0].sequence <= last);
    last = page.items[0].sequence;
    kinds.push_back(page.items[0].kind);
    cursor = page.next;
    one.commit(event_of(1, ActivityKind::opened, "a@example.com", 4'000));
  } while (!cursor.empty());
  REQUIRE(kinds == std::vector<ActivityKind>{ActivityKind::unsubscribed, ActivityKind::suppressed,
                                             ActivityKind::sent, ActivityKind::added});
  REQUIRE(reader.activity(1, 2, "", 10).items.empty());
  const std::string next = reader.activity(1, 1, "", 1).next;
  REQUIRE_THROWS_AS(reader.activity(2, 1, next, 1), std::invalid_argument);
}
