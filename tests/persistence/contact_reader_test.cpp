// Reads of contacts, one behaviour a test; all lists against a plain model are in
// contact_lists_test.cpp.
#include "contact_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

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
