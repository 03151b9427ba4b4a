// What suppressions, exemptions and campaigns' events mean for the contacts that have the address,
// within one group and across groups.
#include "stored_contacts.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

AddEvents::Row event_row(ActivityKind kind, std::string address, TimeMs at,
                         Channel channel = Channel::email) {
  return {kind, channel, std::move(address), "", {}, at, "spring", "550 5.1.1", ""};
}

Change events_of(AccountNumber account, std::vector<AddEvents::Row> rows, uint32_t needed = 0,
                 bool trusted = false) {
  return change_of(AddEvents{account, std::move(rows), trusted, needed});
}

const ContactAddress& email_of(const StoredContacts& stored, AccountNumber account,
                               ContactId id = 1) {
  return stored.one(account, id).of(Channel::email);
}

}  // namespace

TEST_CASE(
    "the platform's suppression reaches every account's contact, made in the same group too") {
  TemporaryDirectory directory;
  Cause dead = cause_of(Reason::hard_bounce, 50, "550");
  dead.campaign = "another account's";
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y")})), change_of(put_of(2, {row_of("a@x.y")})),
                add_one(platform_number, "a@x.y", dead), change_of(put_of(3, {row_of("a@x.y")}))});
    one.commit(change_of(put_of(4, {row_of("a@x.y"), row_of("b@x.y")})));
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  for (AccountNumber account = 1; account <= 4; ++account) {
    const Standing& standing = email_of(stored, account).standing;
    REQUIRE(standing.reason == Reason::hard_bounce);
    REQUIRE(standing.scope == Scope::platform);
    REQUIRE((standing.at == 50 && standing.source == "api" && standing.campaign.empty()));
  }
  const Activity newest = stored.activity(1, 1).front();
  REQUIRE((newest.kind == ActivityKind::suppressed && newest.sequence == 3 && newest.by.empty()));
  REQUIRE(stored.activity(3, 1).size() == 1);
}

TEST_CASE("an exemption and the end of a suppression reach the contact, and a new cause again") {
  TemporaryDirectory directory;
  const Channel email = Channel::email;
  const auto state_after = [&directory](const std::vector<Change>& changes) {
    {
      LoadedStore one(directory.path());
      for (const Outcome& outcome : one.commit(changes)) {
        REQUIRE(outcome.status == Status::committed);
      }
    }
    StoredContacts stored(directory.path());
    stored.require_sound();
    return email_of(stored, 1).state();
  };
  REQUIRE(state_after({change_of(put_of(1, {row_of("a@x.y")})),
                       add_one(platform_number, "a@x.y", cause_of(Reason::spam_trap)),
                       add_one(1, "a@x.y", cause_of(Reason::unsubscribe))}) ==
          ContactState::unsubscribed);
  REQUIRE(state_after({change_of(RemoveSuppression{1, email, "a@x.y"})}) ==
          ContactState::blacklisted);
  REQUIRE(state_after({change_of(SetExemption{1, email, "a@x.y", Exemption{1, "s", "asked"}})}) ==
          ContactState::active);
  REQUIRE(state_after({add_one(1, "a@x.y", cause_of(Reason::manual))}) ==
          ContactState::blacklisted);
  REQUIRE(state_after({change_of(RemoveSuppression{1, email, "a@x.y"}),
                       change_of(RemoveSuppression{platform_number, email, "a@x.y"})}) ==
          ContactState::active);
  REQUIRE(state_after({change_of(SetExemption{1, email, "a@x.y", std::nullopt}),
                       add_one(platform_number, "a@x.y", cause_of(Reason::legal)),
                       change_of(edit_of(1, 1, email, "b@x.y"))}) == ContactState::active);
}

TEST_CASE("a weaker cause hides nothing, a stronger one is shown; a deleted contact follows too") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y")})),
                add_one(1, "a@x.y", cause_of(Reason::manual, 10)),
                change_of(DeleteContacts{1, {1}, both_channels, "", ~0ull, {}}),
                add_one(1, "a@x.y", cause_of(Reason::unsubscribe, 20)),
                add_one(1, "a@x.y", cause_of(Reason::complaint, 5)),
                add_one(1, "a@x.y", cause_of(Reason::complaint, 30, "later"))});
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  const ContactAddress& email = email_of(stored, 1);
  REQUIRE(email.state() == ContactState::deleted);
  REQUIRE((email.standing.reason == Reason::complaint && email.standing.at == 5));
}

TEST_CASE("a hard bounce counts for the platform once enough accounts say so, or is trusted") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    const ActivityKind bounced = ActivityKind::bounced;
    one.commit(change_of(put_of(9, {row_of("a@x.y"), row_of("b@x.y"), row_of("c@x.y")})));
    // One account may say it as often as it likes.
    for (int i = 0; i < 3; ++i) {
      one.commit({events_of(1, {event_row(bounced, "a@x.y", 5)}, 3),
                  events_of(1, {event_row(bounced, "a@x.y", 6)}, 3)});
    }
    one.commit(events_of(2, {event_row(bounced, "a@x.y", 7), event_row(bounced, "b@x.y", 7)}, 3));
    REQUIRE(one.in_set(platform_number, Channel::email, "a@x.y") == SlotState::absent);
    one.commit({events_of(3, {event_row(bounced, "a@x.y", 8)}, 3),
                events_of(4, {event_row(bounced, "b@x.y", 8)}, 0),
                events_of(5, {event_row(bounced, "c@x.y", 8)}, 0, true),
                events_of(6, {event_row(ActivityKind::complained, "b@x.y", 8)}, 1, true)});
    REQUIRE(one.in_set(platform_number, Channel::email, "a@x.y") ==
            slot_state(Reason::hard_bounce));
    REQUIRE(one.in_set(platform_number, Channel::email, "b@x.y") == SlotState::absent);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(email_of(stored, 9, 1).standing.scope == Scope::platform);
  REQUIRE(email_of(stored, 9, 1).standing.at == 8);
  REQUIRE(email_of(stored, 9, 2).state() == ContactState::active);
  REQUIRE(email_of(stored, 9, 3).state() == ContactState::blacklisted);
}

TEST_CASE("events tell apart who was reached, when, and who only bounced for a while") {
  TemporaryDirectory directory;
  const uint64_t day = 86'400'000;
  {
    LoadedStore one(directory.path());
    one.commit(change_of(put_of(1, {row_of("a@x.y", "+1"), row_of("b@x.y"), row_of("c@x.y")})));
    one.commit(events_of(1, {event_row(ActivityKind::sent, "a@x.y", 5 * day),
                             event_row(ActivityKind::opened, "a@x.y", 9 * day),
                             event_row(ActivityKind::delivered, "a@x.y", 7 * day),
                             event_row(ActivityKind::sent, "a@x.y", 6 * day),
                             event_row(ActivityKind::soft_bounced, "b@x.y", 4 * day),
                             event_row(ActivityKind::delivered, "b@x.y", 3 * day),
                             event_row(ActivityKind::unsubscribed, "c@x.y", 3 * day),
                             event_row(ActivityKind::delivered, "+1", 2 * day, Channel::phone),
                             event_row(ActivityKind::opened, "nobody@x.y", day)}));
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  const Engagement& a = email_of(stored, 1).engagement;
  REQUIRE((a.first_sent == 5 * day && a.last_sent == 9 * day && a.sent == 2));
  REQUIRE((a.last_delivered == 9 * day && a.last_engaged == 9 * day));
  REQUIRE(email_of(stored, 1).active_day() == 9);
  REQUIRE(stored.one(1, 1).of(Channel::phone).active_day() == 2);
  REQUIRE(email_of(stored, 1, 2).state() == ContactState::soft_bounced);
  REQUIRE(email_of(stored, 1, 2).active_day() == 3);
  REQUIRE(email_of(stored, 1, 3).state() == ContactState::unsubscribed);
  REQUIRE(email_of(stored, 1, 3).group() == ContactGroup::never_sent);
  const std::vector<Activity> told = stored.activity(1, 3);
  REQUIRE(told[0].kind == ActivityKind::unsubscribed);
  REQUIRE((told[1].kind == ActivityKind::suppressed && told[1].campaign == "spring"));
}
