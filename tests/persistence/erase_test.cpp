// Erasure of a contact: what goes, what stays, and what is told to whoever names the address again.
#include "erase_harness.hpp"
#include "persistence/change_row.hpp"
#include "raw_database.hpp"
#include "run_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;
using Fate = ContactOutcome::Fate;

namespace {

const std::string email = "erika@example.com";
const std::string phone = "+380441234567";

SlotState suppressed(Reason reason) {
  return slot_state(reason);
}

void create_accounts(LoadedStore& one) {
  one.commit(change_of(CreateAccount{{0, "acme", "", {}, 5}}));
  one.commit(change_of(CreateAccount{{0, "other", "", {}, 5}}));
}

ContactId put(LoadedStore& one, AccountNumber account, const std::string& mail,
              const std::string& number = "") {
  return one.commit(put_contact(account, mail, number, {{"city", "Kyiv"}})).id;
}

/// Suppressed in the account for two reasons, by the platform for a third; the phone is exempt.
ContactId blacklisted(LoadedStore& one) {
  create_accounts(one);
  const ContactId id = put(one, 1, email, phone);
  one.commit(add_one(1, email, cause_of(Reason::unsubscribe, 2'000)));
  one.commit(add_one(1, email, cause_of(Reason::complaint, 3'000, "said so")));
  one.commit(add_one(platform_number, email, cause_of(Reason::hard_bounce, 4'000, "550")));
  one.commit(add_rows(platform_number,
                      {{Channel::phone, phone, "", {}, cause_of(Reason::hard_bounce, 4'000)}}));
  one.commit(change_of(SetExemption{1, Channel::phone, phone, Exemption{4'500, "s", "because"}}));
  return id;
}

void same_answers(const LoadedStore& one, const Digest& digest, uint64_t entries) {
  REQUIRE(one.set.digest() == digest);
  REQUIRE(one.set.entries() == entries);
  REQUIRE(one.store->suppression_count() == entries);
  REQUIRE(one.in_set(1, Channel::email, email) == suppressed(Reason::complaint));
  REQUIRE(one.in_set(platform_number, Channel::email, email) == suppressed(Reason::hard_bounce));
  REQUIRE(one.in_set(1, Channel::phone, phone) == SlotState::exempt);
}

Standing standing_of(const LoadedStore& one, AccountNumber account, ContactId id) {
  return one.store->contacts().contact(account, id)->of(Channel::email).standing;
}

}  // namespace

TEST_CASE("an erased contact is gone, and its addresses are as suppressed as before") {
  TemporaryDirectory directory;
  Digest digest;
  uint64_t entries = 0;
  {
    LoadedStore one(directory.path());
    const ContactId id = blacklisted(one);
    put(one, 1, "stays@example.com");
    std::vector<AddSuppressions::Row> others;
    for (int i = 0; i < 5'000; ++i) {
      others.push_back(
          {Channel::email, std::to_string(i) + "@example.com", "", {}, cause_of(Reason::manual)});
    }
    one.commit(add_rows(1, std::move(others)));
    digest = one.set.digest();
    entries = one.set.entries();
    const JobId job = erase(one, 1, id);
    same_answers(one, digest, entries);
    REQUIRE_FALSE(one.store->contacts().contact(1, id));
    REQUIRE_FALSE(one.store->contacts().contact_of(1, Channel::email, email));
    REQUIRE(one.store->contacts().count_of(1, 0, CountOf::contacts) == 1);
    REQUIRE(one.store->contacts().recount(1, [](uint64_t) { return true; }).empty());
    REQUIRE(one.store->contacts().activity(1, id, "", 10).items.empty());
    REQUIRE(job_of(one, 1, job).changed == 5);  // rows of the log
    REQUIRE(job_of(one, 1, job).done == job_of(one, 1, job).total);
  }
  // RocksDB's defaults compress otherwise: then its iterators read the tables.
  const bool rewritten = GENERATE(false, true);
  if (rewritten) RawDatabase(directory.path()).spread();
  {
    LoadedStore again(directory.path());
    REQUIRE(again.loaded.tables_read == !rewritten);
    same_answers(again, digest, entries);
  }
  REQUIRE(RawDatabase(directory.path()).count("erased") == 4);
}

TEST_CASE("what is left of an erased suppression is reason, date and exemption") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  erase(one, 1, blacklisted(one));
  const std::optional<Suppression> mine = one.store->find(1, Channel::email, email);
  REQUIRE(mine);
  REQUIRE(mine->address == email);
  REQUIRE(mine->given.empty());
  REQUIRE(mine->causes == std::vector<Cause>{{Reason::complaint, "erased", 3'000, "", "", ""}});
  REQUIRE_FALSE(mine->exemption);
  const std::optional<Suppression> all = one.store->find(platform_number, Channel::email, email);
  REQUIRE(all);
  REQUIRE(all->causes == std::vector<Cause>{{Reason::hard_bounce, "erased", 4'000, "", "", ""}});
  const std::optional<Suppression> exempt = one.store->find(1, Channel::phone, phone);
  REQUIRE(exempt);
  REQUIRE(exempt->causes.empty());
  REQUIRE(exempt->exemption == Exemption{4'500, "", ""});
  REQUIRE_FALSE(one.store->find(2, Channel::email, email));
  REQUIRE(one.store->list(1, {}, "", 10).items.empty());  // no address to show
}

TEST_CASE("adding an erased address again recognizes it") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  erase(one, 1, blacklisted(one));
  const Outcome outcome = one.commit(put_contact(1, email, phone));
  REQUIRE(outcome.contacts->front().fate == Fate::created);
  const Standing& told = outcome.contacts->front().standings[0];
  REQUIRE(told == Standing{Reason::complaint, Scope::account, false, 3'000, "erased", ""});
  REQUIRE(outcome.contacts->front().standings[1].exempt);
  REQUIRE(standing_of(one, 1, outcome.id) == told);
}

TEST_CASE("a cause that joins what is left of an erased suppression never hides it") {
  TemporaryDirectory directory;
  Digest digest;
  {
    LoadedStore one(directory.path());
    erase(one, 1, blacklisted(one));
    const uint64_t entries = one.set.entries();
    const Cause weaker = cause_of(Reason::manual, 9'000);
    const Outcome joined =
        one.commit(add_rows(1, {{Channel::email, email, "Erika@Example.com", {}, weaker}}));
    REQUIRE(joined.updated == 1);
    REQUIRE(one.in_set(1, Channel::email, email) == suppressed(Reason::complaint));
    const std::optional<Suppression> record = one.store->find(1, Channel::email, email);
    REQUIRE(record->causes ==
            std::vector<Cause>{{Reason::complaint, "erased", 3'000, "", "", ""}, weaker});
    REQUIRE(record->given == "Erika@Example.com");
    REQUIRE(one.store->list(1, {}, "", 10).items.size() == 1);  // a record like any other
    one.commit(add_one(platform_number, email, cause_of(Reason::legal, 9'000)));
    REQUIRE(one.in_set(platform_number, Channel::email, email) == suppressed(Reason::legal));
    REQUIRE(one.set.entries() == entries);
    digest = one.set.digest();
  }
  REQUIRE(RawDatabase(directory.path()).count("erased") == 2);  // those of the phone
  LoadedStore again(directory.path());
  REQUIRE(again.set.digest() == digest);
  // Made active again it is gone from everywhere.
  again.commit(change_of(RemoveSuppression{1, Channel::email, email}));
  REQUIRE(again.in_set(1, Channel::email, email) == SlotState::absent);
  REQUIRE_FALSE(again.store->find(1, Channel::email, email));
}

TEST_CASE("what is left of an erased suppression can be removed, and exempted") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    erase(one, 1, blacklisted(one));
    one.commit(change_of(RemoveSuppression{1, Channel::email, email}));
    REQUIRE(one.in_set(1, Channel::email, email) == SlotState::absent);
    REQUIRE_FALSE(one.store->find(1, Channel::email, email));
    one.commit(change_of(SetExemption{1, Channel::phone, phone, std::nullopt}));
    REQUIRE(one.in_set(1, Channel::phone, phone) == SlotState::absent);
  }
  REQUIRE(LoadedStore(directory.path()).set.entries() == 2);  // which proves count and digest
  REQUIRE(RawDatabase(directory.path()).count("erased") == 2);
}

TEST_CASE("a run of an import recognizes erased addresses") {
  TemporaryDirectory directory;
  Digest digest;
  {
    LoadedStore one(directory.path());
    erase(one, 1, blacklisted(one));
    std::vector<AddSuppressions::Row> rows;
    for (const char* address : {"a@example.com", "erika@example.com", "z@example.com"}) {
      rows.push_back({Channel::email, address, "", {}, cause_of(Reason::manual)});
    }
    const std::optional<Outcome> outcome = commit_run(one, run_of(rows, 1));
    REQUIRE(outcome);
    REQUIRE(outcome->added == 2);
    REQUIRE(outcome->updated == 1);
    REQUIRE(one.store->find(1, Channel::email, email)->strongest() == Reason::complaint);
    REQUIRE(one.store->find(1, Channel::email, email)->causes.size() == 2);
    digest = one.set.digest();
  }
  REQUIRE(LoadedStore(directory.path()).set.digest() == digest);
  REQUIRE(RawDatabase(directory.path()).count("erased") == 3);
}

TEST_CASE("erasure leaves other accounts and other contacts alone") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const ContactId id = blacklisted(one);
  const ContactId theirs = put(one, 2, email);
  one.commit(add_one(2, email, cause_of(Reason::manual, 4'800, "theirs")));
  erase(one, 1, id);
  REQUIRE(one.store->contacts().contact(2, theirs)->fields.at("city") == "Kyiv");
  REQUIRE(one.store->find(2, Channel::email, email)->causes[0].evidence == "theirs");
  // The platform's entry is still needed there; the phone's nobody needs.
  REQUIRE(one.store->find(platform_number, Channel::email, email)->causes[0].evidence == "550");
  REQUIRE(one.store->find(platform_number, Channel::phone, phone)->causes[0].source == "erased");
  REQUIRE(one.store->find(1, Channel::email, email)->causes[0].source == "erased");
  erase(one, 2, theirs);
  REQUIRE(one.store->find(platform_number, Channel::email, email)->causes[0].source == "erased");
  REQUIRE(one.in_set(2, Channel::email, email) == suppressed(Reason::manual));
}

TEST_CASE("requests lose the targets that were erased; one about nobody else is closed") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const auto ask = [&](std::vector<RequestTarget> targets, std::string statement) {
    FileRequest file;
    file.account = 1;
    file.request.kind = RequestKind::reactivate;
    file.request.targets = std::move(targets);
    file.request.statement = std::move(statement);
    return one.commit(change_of(file)).id;
  };
  create_accounts(one);
  // Before there was a contact: it names the address, and no contact names it.
  const RequestId early = ask({{Channel::email, email, 0}}, "she is there");
  const ContactId id = blacklisted(one);
  put(one, 1, "stays@example.com");
  const RequestId alone = ask({{Channel::email, email, 0}}, "her address exists");
  const RequestId both =
      ask({{Channel::email, "stays@example.com", 0}, {Channel::email, email, 0}}, "they exist");
  const RequestId quoting =
      ask({{Channel::email, "stays@example.com", 0}}, "unlike " + email + ", he is there");
  erase(one, 1, id);
  const ContactReader& reader = one.store->contacts();
  for (const RequestId request : {early, alone}) {
    REQUIRE(reader.request(1, request)->state == RequestState::rejected);
    REQUIRE(reader.request(1, request)->targets ==
            std::vector<RequestTarget>{{Channel::email, "", 0}});
    REQUIRE(reader.request(1, request)->statement.empty());
  }
  REQUIRE(reader.request(1, both)->state == RequestState::open);
  REQUIRE(reader.request(1, both)->targets[0].address == "stays@example.com");
  REQUIRE(reader.request(1, both)->targets[1] == RequestTarget{Channel::email, "", 0});
  REQUIRE(reader.request(1, both)->statement == "they exist");
  REQUIRE(reader.request(1, quoting)->statement.empty());
  REQUIRE(reader.request(1, quoting)->state == RequestState::open);
  // Approving what is left passes over the erased one.
  DecideRequest approve;
  approve.account = 1;
  approve.id = both;
  const Outcome approved = one.commit(change_of(approve));
  REQUIRE(approved.status == Status::committed);
  REQUIRE(one.in_set(1, Channel::email, email) == suppressed(Reason::complaint));
}

TEST_CASE("plans of ended jobs lose the address; running ones go on") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const ContactId id = blacklisted(one);
  const auto job_with = [&](const std::string& plan) {
    CreateJob create;
    create.account = 1;
    create.job.plan = plan;
    return one.commit(change_of(create)).id;
  };
  const JobId finished = job_with("{\"prefix\":\"" + email + "\"}");
  const JobId longer = job_with("{\"prefix\":\"f" + email + "\"}");
  const JobId running = job_with("{\"prefix\":\"" + email + "\"}");
  for (const JobId job : {finished, longer}) {
    JobStep step;
    step.account = 1;
    step.job = job;
    step.position = "somewhere";
    one.commit(change_of(MoveJob{step, 0}));
    one.commit(change_of(SetJobState{1, job, JobState::cancelled, ""}));
    REQUIRE(job_of(one, 1, job).position.empty());
  }
  erase(one, 1, id);
  REQUIRE(job_of(one, 1, finished).plan.empty());
  REQUIRE_FALSE(job_of(one, 1, longer).plan.empty());  // another address that ends like it
  REQUIRE_FALSE(job_of(one, 1, running).plan.empty());
}

TEST_CASE("the parts of an erasure come in order, can pause, and cannot be taken back") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const ContactId id = blacklisted(one);
  REQUIRE(one.commit(change_of(EraseContact{1, id, 77})).status == Status::stopped);
  const JobId unknown = create_erasure(one, 1, 999);
  REQUIRE(erase_part(one, 1, unknown, 999).status == Status::not_found);
  REQUIRE(one.commit(change_of(SetJobState{1, unknown, JobState::failed, "{}"})).status ==
          Status::committed);
  const JobId job = create_erasure(one, 1, id);
  REQUIRE(erase_part(one, 1, job, id).status == Status::committed);
  REQUIRE(one.commit(change_of(EraseContact{1, id, job})).status == Status::stopped);
  for (const JobState state : {JobState::cancelled, JobState::failed}) {
    REQUIRE(one.commit(change_of(SetJobState{1, job, state, ""})).status == Status::stopped);
  }
  one.commit(change_of(SetJobState{1, job, JobState::paused, ""}));
  REQUIRE(erase_part(one, 1, job, id).status == Status::stopped);
  one.commit(change_of(SetJobState{1, job, JobState::running, ""}));
  std::atomic<bool> stopping{true};
  REQUIRE_FALSE(one.store->next_part_of_erasure(1, job_of(one, 1, job), id, stopping));
  go_on_erasing(one, 1, job, id);
  // The address added while a job was under way is new, and stays.
  const ContactId second = put(one, 1, email);
  REQUIRE(one.store->contacts().contact(1, second));
}

TEST_CASE("a contact is erased in the group that made it") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    create_accounts(one);
    const JobId job = create_erasure(one, 1, 1);
    const std::vector<Outcome> outcomes = one.commit(std::vector<Change>{
        put_contact(1, email), add_one(1, email, cause_of(Reason::manual, 2'000, "words")),
        change_of(EraseContact{1, 1, job}), put_contact(1, email)});
    for (const Outcome& outcome : outcomes) REQUIRE(outcome.status == Status::committed);
    REQUIRE(outcomes[3].id == 2);
    REQUIRE(outcomes[3].contacts->front().standings[0].source == "erased");
    REQUIRE(one.store->contacts().activity(1, 1, "", 10).items.empty());
    REQUIRE(one.store->find(1, Channel::email, email)->causes[0].evidence.empty());
    go_on_erasing(one, 1, job, 1);
    REQUIRE(one.store->contacts().recount(1, [](uint64_t) { return true; }).empty());
  }
  REQUIRE(LoadedStore(directory.path()).set.entries() == 1);
}

TEST_CASE("an image from before an erasure and the rewritten log after it make the same set") {
  TemporaryDirectory directory;
  Digest digest;
  uint64_t entries = 0;
  const bool late = GENERATE(false, true);
  {
    LoadedStore one(directory.path());
    create_accounts(one);
    REQUIRE(one.write_image());
    const ContactId id = blacklisted(one);
    if (late) REQUIRE(one.write_image());
    erase(one, 1, id);
    one.commit(add_one(1, "later@example.com", cause_of(Reason::manual)));
    digest = one.set.digest();
    entries = one.set.entries();
  }
  LoadedStore again(directory.path());
  REQUIRE(again.loaded.image_refusal.empty());
  REQUIRE(again.loaded.from == Loaded::From::image);
  REQUIRE(again.set.entries() == entries);
  same_answers(again, digest, entries);
}
