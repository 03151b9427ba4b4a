// What a commit does to records, to the set, and to what later changes see.
#include "store_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

TEST_CASE("a committed suppression is found, counted and there after a restart") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    Outcome outcome = one.commit(add_one(7, "a@example.com", cause_of(Reason::manual)));
    REQUIRE(outcome.status == Status::committed);
    REQUIRE(outcome.sequence == 1);
    REQUIRE(outcome.added == 1);
    REQUIRE(one.in_set(7, Channel::email, "a@example.com") == slot_state(Reason::manual));
    REQUIRE(one.store->suppression_count() == 1);
  }
  LoadedStore again(directory.path());
  REQUIRE(again.store->sequence() == 1);
  REQUIRE(again.store->suppression_count() == 1);
  REQUIRE(again.in_set(7, Channel::email, "a@example.com") == slot_state(Reason::manual));
  std::optional<Suppression> found = again.store->find(7, Channel::email, "a@example.com");
  REQUIRE(found);
  REQUIRE(found->scope == 7);
  REQUIRE(found->address == "a@example.com");
  REQUIRE(found->causes == std::vector<Cause>{cause_of(Reason::manual)});
  REQUIRE_FALSE(again.store->find(8, Channel::email, "a@example.com"));
  REQUIRE_FALSE(again.store->find(7, Channel::phone, "a@example.com"));
}

TEST_CASE("an equal cause changes nothing, another one joins") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  one.commit(add_one(7, "a@example.com", cause_of(Reason::manual)));

  Outcome same = one.commit(add_one(7, "a@example.com", cause_of(Reason::manual, 2'000)));
  REQUIRE(same.status == Status::committed);
  REQUIRE(same.sequence == 1);
  REQUIRE(same.unchanged == 1);
  REQUIRE(same.added + same.updated == 0);

  Outcome weaker = one.commit(add_one(7, "a@example.com", cause_of(Reason::unsubscribe)));
  REQUIRE(weaker.updated == 1);
  REQUIRE(weaker.sequence == 2);
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == slot_state(Reason::manual));

  Outcome stronger = one.commit(add_one(7, "a@example.com", cause_of(Reason::legal)));
  REQUIRE(stronger.updated == 1);
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == slot_state(Reason::legal));
  REQUIRE(one.store->find(7, Channel::email, "a@example.com")->causes.size() == 3);
  REQUIRE(one.store->suppression_count() == 1);
}

TEST_CASE("changes of one group see those before them") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  std::vector<Outcome> outcomes = one.commit(
      {add_one(7, "a@example.com", cause_of(Reason::manual)),
       add_one(7, "a@example.com", cause_of(Reason::manual)),
       change_of(RemoveSuppression{7, Channel::email, "a@example.com"}),
       change_of(RemoveSuppression{7, Channel::email, "a@example.com"}),
       change_of(CreateAccount{{0, "acme", "Acme", {}, 5}}),
       change_of(CreateAccount{{0, "acme", "Other", {}, 6}}),
       add_rows(7, {{Channel::email, "b@example.com", "B@example.com", {}, cause_of(Reason::legal)},
                    {Channel::email, "b@example.com", "b", {}, cause_of(Reason::legal)}})});
  REQUIRE(outcomes[0].added == 1);
  REQUIRE(outcomes[1].unchanged == 1);
  REQUIRE(outcomes[2].status == Status::committed);
  REQUIRE(outcomes[3].status == Status::not_found);
  REQUIRE(outcomes[4].status == Status::committed);
  REQUIRE(outcomes[4].account == 1);
  REQUIRE(outcomes[5].status == Status::already_exists);
  REQUIRE(outcomes[6].added == 1);
  REQUIRE(outcomes[6].unchanged == 1);
  REQUIRE(outcomes[6].sequence == 4);
  REQUIRE_FALSE(one.store->find(7, Channel::email, "a@example.com"));
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == SlotState::absent);
  REQUIRE(one.store->find(7, Channel::email, "b@example.com")->given == "B@example.com");
  REQUIRE(one.store->suppression_count() == 1);
}

TEST_CASE("an exemption stays beside causes, which win, and outlives them") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const Exemption exemption{3, "support-key", "exists, says the owner"};
  auto exempt = [&](std::optional<Exemption> what) {
    return one.commit(change_of(SetExemption{7, Channel::email, "a@example.com", what})).status;
  };
  REQUIRE(exempt(std::nullopt) == Status::not_found);
  REQUIRE(exempt(exemption) == Status::committed);
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == SlotState::exempt);

  Outcome added = one.commit(add_one(7, "a@example.com", cause_of(Reason::complaint)));
  REQUIRE(added.added == 1);
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == slot_state(Reason::complaint));
  REQUIRE(one.store->find(7, Channel::email, "a@example.com")->exemption == exemption);

  one.commit(change_of(RemoveSuppression{7, Channel::email, "a@example.com"}));
  REQUIRE(one.in_set(7, Channel::email, "a@example.com") == SlotState::exempt);
  REQUIRE(exempt(std::nullopt) == Status::committed);
  REQUIRE_FALSE(one.store->find(7, Channel::email, "a@example.com"));
  REQUIRE(one.set.entries() == 0);
  REQUIRE(one.store->suppression_count() == 0);
}

TEST_CASE("a full record gives up the oldest of its weakest causes, never a stronger one") {
  Suppression record;
  for (size_t i = 0; i < causes_max; ++i) {
    REQUIRE(record.merge(cause_of(i == 0 ? Reason::legal : Reason::manual, 100 + i,
                                  "evidence " + std::to_string(i))));
  }
  REQUIRE_FALSE(record.merge(cause_of(Reason::unsubscribe, 9'999, "weaker")));
  REQUIRE_FALSE(record.merge(cause_of(Reason::manual, 50, "older")));
  REQUIRE(record.merge(cause_of(Reason::manual, 9'999, "newer")));
  REQUIRE(record.causes.size() == causes_max);
  REQUIRE(record.strongest() == Reason::legal);
  REQUIRE(std::none_of(record.causes.begin(), record.causes.end(),
                       [](const Cause& cause) { return cause.evidence == "evidence 1"; }));
}

TEST_CASE("accounts are numbered from one, keep their number, and are there after a restart") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    REQUIRE(one.commit(change_of(CreateAccount{{0, "acme", "Acme", {}, 5}})).account == 1);
    REQUIRE(one.commit(change_of(CreateAccount{{0, "beta", "Beta", {}, 6}})).account == 2);
    // Each names one thing: neither takes the other back.
    Outcome renamed = one.commit(change_of(UpdateAccount{"acme", "Acme Ltd", {}, {}}));
    REQUIRE(renamed.status == Status::committed);
    REQUIRE(renamed.account == 1);
    REQUIRE(one.commit(change_of(UpdateAccount{"acme", {}, Region{{'U', 'A'}}, {}})).status ==
            Status::committed);
    REQUIRE(one.commit(change_of(UpdateAccount{"nobody", "", {}, {}})).status == Status::not_found);
  }
  LoadedStore again(directory.path());
  REQUIRE(again.store->accounts() ==
          std::vector<Account>{{1, "acme", "Acme Ltd", Region{{'U', 'A'}}, 5},
                               {2, "beta", "Beta", {}, 6}});
  REQUIRE(again.commit(change_of(CreateAccount{{0, "third", "", {}, 5}})).account == 3);
}

TEST_CASE("a key is created once and stays revoked") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  ApiKey key{"key-9", Role::sender, 1, "pipeline", {}, 5, 0};
  key.hash.fill(0xab);
  REQUIRE(one.commit(change_of(CreateKey{key})).status == Status::committed);
  REQUIRE(one.commit(change_of(CreateKey{key})).status == Status::already_exists);
  REQUIRE(one.store->keys() == std::vector<ApiKey>{key});
  REQUIRE(one.commit(change_of(RevokeKey{"nobody"})).status == Status::not_found);
  REQUIRE(one.commit(change_of(RevokeKey{"key-9"}, 50)).status == Status::committed);
  REQUIRE(one.commit(change_of(RevokeKey{"key-9"}, 60)).status == Status::committed);
  key.revoked_at = 50;
  REQUIRE(one.store->keys() == std::vector<ApiKey>{key});
}

TEST_CASE("a repeated request gets the first outcome, another request under its key does not") {
  TemporaryDirectory directory;
  Change change = add_one(7, "a@example.com", cause_of(Reason::manual));
  change.at = 10 * idempotency_kept_ms + 5;
  change.idempotency = Idempotency{"key-1/abc", {}};
  Change other = add_one(7, "b@example.com", cause_of(Reason::manual));
  other.at = change.at;
  other.idempotency = change.idempotency;
  other.idempotency->request_hash.fill(1);
  {
    LoadedStore one(directory.path());
    std::vector<Outcome> outcomes = one.commit({change, change, other});
    REQUIRE(outcomes[0].status == Status::committed);
    REQUIRE(outcomes[1].status == Status::replayed);
    REQUIRE(outcomes[1].added == 1);
    REQUIRE(outcomes[1].sequence == 1);
    REQUIRE(outcomes[2].status == Status::idempotency_mismatch);
    REQUIRE(one.store->suppression_count() == 1);
  }
  LoadedStore again(directory.path());
  change.at += idempotency_kept_ms;  // the next day: still remembered
  REQUIRE(again.commit(change).status == Status::replayed);
  other.at = change.at;
  REQUIRE(again.commit(other).status == Status::idempotency_mismatch);
  change.at += 2 * idempotency_kept_ms;  // long after: a new request
  Outcome late = again.commit(change);
  REQUIRE(late.status == Status::committed);
  REQUIRE(late.unchanged == 1);
}
