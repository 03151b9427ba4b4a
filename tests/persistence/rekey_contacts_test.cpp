// Contacts when the normalizer's rules changed: they move with their addresses, and show what the
// suppressions say of these now. What is left of erased suppressions stays, and proves.
#include "erase_harness.hpp"
#include "raw_database.hpp"

using namespace suppressd;

namespace {

void age(const fs::path& directory) {
  RawDatabase raw(directory);
  Meta meta = raw.meta();
  meta.normalizer = 0;
  raw.put_meta(meta);
}

const ContactAddress email_of(const LoadedStore& one, ContactId id) {
  return one.store->contacts().contact(1, id)->of(Channel::email);
}

}  // namespace

TEST_CASE("contacts move to the addresses that other rules make of theirs") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(CreateAccount{{0, "acme", "", {}, 5}}));
    // As an older normalizer might have made them: upper case was kept.
    for (const char* address : {"Moves@example.com", "stays@example.com", "Taken@example.com",
                                "taken@example.com", "no longer an address"}) {
      one.commit(put_contact(1, address, "", {{"n", address}}));
    }
    one.commit(add_one(1, "Moves@example.com", cause_of(Reason::legal, 2'000)));
    one.commit(add_one(1, "Taken@example.com", cause_of(Reason::complaint, 3'000)));
    one.commit(add_one(1, "Stays@example.com", cause_of(Reason::manual, 4'000)));
  }
  age(directory.path());
  for (int time = 0; time < 2; ++time) {
    INFO("time " << time);
    {
      LoadedStore one(directory.path());
      const ContactReader& reader = one.store->contacts();
      REQUIRE(email_of(one, 1).address == "moves@example.com");
      REQUIRE(email_of(one, 1).given == "Moves@example.com");
      REQUIRE(email_of(one, 1).standing.reason == Reason::legal);
      REQUIRE(reader.contact_of(1, Channel::email, "moves@example.com")->id == 1);
      REQUIRE_FALSE(reader.contact_of(1, Channel::email, "Moves@example.com"));
      // Its address did not move, but a suppression came to it.
      REQUIRE(email_of(one, 2).standing.reason == Reason::manual);
      // Two have one address now: one stays where it was. Both say what a check says.
      REQUIRE(email_of(one, 3).address == "Taken@example.com");
      REQUIRE(email_of(one, 4).address == "taken@example.com");
      REQUIRE(email_of(one, 3).standing.reason == Reason::complaint);
      REQUIRE(email_of(one, 4).standing.reason == Reason::complaint);
      REQUIRE(email_of(one, 5).address == "no longer an address");
      REQUIRE(reader.recount(1, [](uint64_t) { return true; }).empty());
      ContactFilter blacklisted;
      blacklisted.state = ContactState::blacklisted;
      REQUIRE(reader.list(1, blacklisted, ContactSort::address, "", 10).items.size() == 4);
      REQUIRE(one.in_set(1, Channel::email, "moves@example.com") == slot_state(Reason::legal));
    }
    age(directory.path());  // as if the last batch had not been written
  }
}

TEST_CASE("what is left of an erased suppression outlives new rules, and joins what moves to it") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(CreateAccount{{0, "acme", "", {}, 5}}));
    for (const char* address : {"kept@example.com", "joined@example.com"}) {
      const ContactId id = one.commit(put_contact(1, address)).id;
      one.commit(add_one(1, address, cause_of(Reason::legal, 2'000)));
      erase(one, 1, id);
    }
    one.commit(put_contact(1, "Joined@example.com"));
    one.commit(add_one(1, "Joined@example.com", cause_of(Reason::unsubscribe, 3'000)));
    REQUIRE(one.set.entries() == 3);
  }
  age(directory.path());
  {
    LoadedStore one(directory.path());  // proves the new count and digest
    REQUIRE(one.set.entries() == 2);
    REQUIRE(one.in_set(1, Channel::email, "kept@example.com") == slot_state(Reason::legal));
    REQUIRE(one.in_set(1, Channel::email, "joined@example.com") == slot_state(Reason::legal));
    const std::optional<Suppression> joined =
        one.store->find(1, Channel::email, "joined@example.com");
    REQUIRE(joined->causes.size() == 2);
    REQUIRE(email_of(one, 3).address == "joined@example.com");
    REQUIRE(email_of(one, 3).standing.reason == Reason::legal);
  }
  REQUIRE(RawDatabase(directory.path()).count("erased") == 1);
}
