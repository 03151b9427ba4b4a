// What changes of contacts do, and what they refuse: putting, editing, deleting, restoring.
#include "stored_contacts.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

std::string address_of(const Contact& contact, Channel channel) {
  return contact.of(channel).address;
}

}  // namespace

TEST_CASE("a row creates a contact, or updates the one that has its email or phone") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    const Outcome first = one.commit(change_of(put_of(
        1, {row_of("a@x.y", "", {{"city", "Kyiv"}}), row_of("", "+1"), row_of("a@x.y", "+2")})));
    REQUIRE(fate_of(first, 0) == Fate::created);
    REQUIRE(fate_of(first, 1) == Fate::created);
    REQUIRE(fate_of(first, 2) == Fate::updated);
    REQUIRE(first.contacts->at(2).id == 1);
    REQUIRE((first.sequence == 1 && first.added == 2 && first.updated == 1));
    const Outcome again = one.commit(change_of(put_of(1, {row_of("a@x.y", "+2")})));
    REQUIRE(fate_of(again) == Fate::unchanged);
    REQUIRE((again.sequence == 1 && again.unchanged == 1 && again.id == 1));
    // The same address in another account is another contact, with a number of that account.
    REQUIRE(one.commit(change_of(put_of(2, {row_of("a@x.y")}))).id == 1);
    // By the phone alone: the email stays, the phone's other form is kept.
    PutContacts::Row by_phone = row_of("", "+2", {{"city", "Lviv"}});
    by_phone.given[1] = "+ 2";
    REQUIRE(fate_of(one.commit(change_of(put_of(1, {by_phone}), 2'000))) == Fate::updated);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.all().size() == 3);
  const Contact& contact = stored.one(1, 1);
  REQUIRE(address_of(contact, Channel::email) == "a@x.y");
  REQUIRE(contact.of(Channel::phone).given == "+ 2");
  REQUIRE(contact.fields == std::map<std::string, std::string>{{"city", "Lviv"}});
  REQUIRE((contact.created_at == 1'000 && contact.updated_at == 2'000));
  REQUIRE(stored.activity(1, 1).front().kind == ActivityKind::edited);
  REQUIRE(stored.activity(1, 1).back().kind == ActivityKind::added);
}

TEST_CASE("a row that names two contacts, nobody, or too much changes nothing") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    std::map<std::string, std::string> fields;
    for (size_t i = 0; i < contact_fields_max; ++i) fields["f" + std::to_string(i)] = "v";
    one.commit(change_of(put_of(1, {row_of("a@x.y", "", fields), row_of("", "+1")})));
    const Outcome refused = one.commit(change_of(
        put_of(1, {row_of("a@x.y", "+1"), row_of(""), row_of("a@x.y", "", {{"one more", ""}})})));
    REQUIRE(fate_of(refused, 0) == Fate::conflict);
    REQUIRE(fate_of(refused, 1) == Fate::conflict);
    REQUIRE(fate_of(refused, 2) == Fate::too_many);
    REQUIRE((refused.sequence == 1 && refused.unchanged == 3));
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.all().size() == 2);
  REQUIRE(stored.one(1, 1).fields.size() == contact_fields_max);
}

TEST_CASE("a contact touched many times in one group is written as it is at the end") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    std::vector<Change> changes;
    for (SegmentId i = 1; i <= contact_segments_max + 1; ++i) {
      changes.push_back(change_of(CreateSegment{1, "s" + std::to_string(i)}));
    }
    std::vector<PutContacts::Row> rows;
    for (SegmentId i = contact_segments_max + 1; i != 0; --i) {
      rows.push_back(row_of("a@x.y", "+" + std::to_string(i), {}, i));
    }
    changes.push_back(change_of(put_of(1, rows)));
    changes.push_back(change_of(DeleteContacts{1, {1}, both_channels, "one", ~0ull, {}}));
    changes.push_back(change_of(RestoreContacts{1, {1}, channel_bit(Channel::phone), 0, {}}));
    changes.push_back(change_of(edit_of(1, 1, Channel::email, "b@x.y")));
    const std::vector<Outcome> outcomes = one.commit(changes);
    const Outcome& put = outcomes[contact_segments_max + 1];
    REQUIRE(fate_of(put, 0) == Fate::created);
    REQUIRE(fate_of(put, 1) == Fate::updated);
    // In as many segments as one may be: the rest of that row is not taken either.
    REQUIRE(fate_of(put, contact_segments_max) == Fate::too_many);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  const Contact& contact = stored.one(1, 1);
  REQUIRE(contact.segments.size() == contact_segments_max);
  REQUIRE(address_of(contact, Channel::phone) == "+2");
  REQUIRE(contact.of(Channel::email).state() == ContactState::deleted);
  REQUIRE(contact.of(Channel::phone).state() == ContactState::active);
  REQUIRE(stored.count(1, 1, CountOf::state, "\x05") == 1);
}

TEST_CASE("an address moves from one contact to another within one group, either way") {
  const bool up = GENERATE(true, false);
  TemporaryDirectory directory;
  const ContactId from = up ? 1 : 2, to = up ? 2 : 1;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(put_of(1, {row_of("one@x.y", "+1"), row_of("two@x.y", "+2")})));
    const std::string moving = from == 1 ? "one@x.y" : "two@x.y";
    const std::vector<Outcome> outcomes =
        one.commit({change_of(edit_of(1, to, Channel::email, moving)),
                    change_of(edit_of(1, from, Channel::email, "new@x.y")),
                    change_of(edit_of(1, to, Channel::email, moving)),
                    // And the other way round, so that they have changed places.
                    change_of(edit_of(1, from, Channel::email, to == 1 ? "one@x.y" : "two@x.y"))});
    REQUIRE(outcomes[0].status == Status::conflict);
    REQUIRE(outcomes[1].status == Status::committed);
    REQUIRE(outcomes[2].status == Status::committed);
    REQUIRE(outcomes[3].status == Status::committed);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(address_of(stored.one(1, 1), Channel::email) == "two@x.y");
  REQUIRE(address_of(stored.one(1, 2), Channel::email) == "one@x.y");
}

TEST_CASE("an edit changes what it names, and keeps the last address and the owner's right") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y", "+1", {{"city", "Kyiv"}, {"name", "A"}}),
                                     row_of("b@x.y")})),
                add_one(1, "c@x.y", cause_of(Reason::complaint))});
    REQUIRE(one.commit(change_of(edit_of(1, 9, Channel::email, "z@x.y"))).status ==
            Status::not_found);
    REQUIRE(one.commit(change_of(edit_of(2, 1, Channel::email, "z@x.y"))).status ==
            Status::not_found);
    REQUIRE(one.commit(change_of(edit_of(1, 1, Channel::email, "b@x.y"))).status ==
            Status::conflict);
    REQUIRE(one.commit(change_of(edit_of(1, 2, Channel::email, ""))).status == Status::conflict);
    const Outcome same = one.commit(change_of(edit_of(1, 1, Channel::email, "a@x.y")));
    REQUIRE((same.status == Status::committed && same.unchanged == 1 && same.sequence == 2));
    EditContact edit = edit_of(1, 1, Channel::email, "c@x.y");
    edit.addresses[1] = "";
    edit.fields = {{"city", std::nullopt}, {"name", "B"}};
    REQUIRE(one.commit(change_of(edit)).updated == 1);
    for (size_t i = 0; i <= contact_fields_max; ++i) edit.fields["f" + std::to_string(i)] = "";
    REQUIRE(one.commit(change_of(edit)).status == Status::conflict);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  const Contact& contact = stored.one(1, 1);
  REQUIRE(contact.of(Channel::email).state() == ContactState::blacklisted);
  REQUIRE(address_of(contact, Channel::phone).empty());
  REQUIRE(contact.fields == std::map<std::string, std::string>{{"name", "B"}});
}

TEST_CASE("deleted contacts are recognized, stay deleted, and what was given is a change") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit(
        {add_one(1, "a@x.y", cause_of(Reason::hard_bounce)),
         change_of(put_of(1, {row_of("a@x.y", "+1")})),
         change_of(DeleteContacts{1, {1, 7}, channel_bit(Channel::email), "old", ~0ull, {}})});
    const Outcome same = one.commit(change_of(put_of(1, {row_of("a@x.y")})));
    REQUIRE(fate_of(same) == Fate::kept_deleted);
    REQUIRE(same.contacts->front().standings[0].reason == Reason::hard_bounce);
    REQUIRE((same.sequence == 3 && same.unchanged == 1));
    const Outcome more = one.commit(change_of(put_of(1, {row_of("a@x.y", "", {{"f", "v"}})})));
    REQUIRE(fate_of(more) == Fate::kept_deleted);
    REQUIRE((more.sequence == 4 && more.updated == 1));
    PutContacts revive = put_of(1, {row_of("a@x.y")});
    REQUIRE(one.commit(change_of(revive)).sequence == 4);
    revive.restore_deleted = true;
    REQUIRE(fate_of(one.commit(change_of(revive))) == Fate::restored);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.sequence() == 5);
  REQUIRE(stored.one(1, 1).of(Channel::email).state() == ContactState::blacklisted);
  REQUIRE(stored.activity(1, 1).front().kind == ActivityKind::restored);
}

TEST_CASE("what the lists show otherwise than when it was shown is not deleted") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(put_of(1, {row_of("a@x.y", "+1"), row_of("b@x.y"), row_of("c@x.y")})));
    one.commit(add_one(1, "b@x.y", cause_of(Reason::manual)));
    // How often it was sent to is not shown: that does not count.
    AddEvents events{1, {}, false, 0};
    for (const TimeMs at : {500, 600}) {
      events.rows.push_back({ActivityKind::sent, Channel::email, "c@x.y", "", {}, at, "", "", ""});
    }
    const uint64_t shown_at = one.commit(change_of(events)).sequence;
    one.commit(change_of(events));
    one.commit(add_one(1, "a@x.y", cause_of(Reason::complaint)));
    const Outcome outcome = one.commit(
        change_of(DeleteContacts{1, {1, 2, 3, 4}, channel_bit(Channel::email), "", shown_at, {}}));
    REQUIRE(fate_of(outcome, 0) == Fate::changed);
    REQUIRE(fate_of(outcome, 1) == Fate::deleted);
    REQUIRE(fate_of(outcome, 2) == Fate::deleted);
    REQUIRE(fate_of(outcome, 3) == Fate::not_found);
    REQUIRE((outcome.updated == 2 && outcome.unchanged == 2));
    const Outcome again =
        one.commit(change_of(DeleteContacts{1, {2}, both_channels, "", ~0ull, {}}));
    REQUIRE(fate_of(again) == Fate::unchanged);
    REQUIRE(again.sequence == outcome.sequence);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.one(1, 1).of(Channel::email).state() == ContactState::blacklisted);
  REQUIRE(stored.one(1, 2).of(Channel::email).deletion->by == "key-1");
}
