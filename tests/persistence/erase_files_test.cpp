// What was erased is in no file: every file of the data directory is searched for it, before (so
// that the search is known to find it) and after. And a kill at any moment of the job loses nothing.
#include <signal.h>

#include <thread>

#include "erase_harness.hpp"
#include "raw_database.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

// Words that nothing else in the directory shares a few octets with, so that neither compression nor
// shared starts of keys can hide them from a search.
const std::string local = "qxzvjkwq-81903";
const std::string email = local + "@xkcdw.example";
const std::string given = "GVXN.KWZ.27@XKDQ.EXMPL";
const std::string phone = "+380937461528";
const std::string evidence = "550-jvqyzzkf-ddwr";
const std::string field = "wmzgqhvt-lpqx";
const std::string old_field = "pfxqzzbd-wvnk";
const std::string statement = "kzqwvvny-mmxp";
const std::string note = "bqqzxvgm-jjrt";
const std::string campaign = "zvhhqkxw-ccdb";
const std::string reason = "xxqhvjzm-ttfg";
const std::vector<std::string> personal = {email,     local, given,    phone,  evidence, field,
                                           old_field, note,  campaign, reason, statement};

constexpr AccountNumber account = 1;

Change event(ActivityKind kind, TimeMs at) {
  AddEvents events;
  events.account = account;
  events.trusted = true;
  events.claims_needed = 3;
  AddEvents::Row& row = events.rows.emplace_back();
  row.kind = kind;
  row.address = email;
  row.given = given;
  row.at = at;
  row.campaign = campaign;
  row.detail = evidence;
  row.id = std::string(name_of(kind)) + " " + email;
  events.soft_bounces.limit = 1;
  return change_of(events);
}

Change segment_of(const ContactId id, const char* name, LoadedStore& one) {
  ChangeMembers members;
  members.account = account;
  members.id =
      static_cast<SegmentId>(one.commit(change_of(CreateSegment{account, std::string(name)})).id);
  members.ids = {id};
  return change_of(members);
}

/// A life that leaves traces everywhere, among others that stay.
ContactId live(LoadedStore& one) {
  one.commit(change_of(CreateAccount{{0, "acme", "", {}, 5}}));
  std::vector<Change> others;
  for (int i = 0; i < 50; ++i) {
    const std::string other = std::to_string(7919 * i) + "@stays.example";
    others.push_back(put_contact(account, other, "", {{"street", std::to_string(i) + " road"}}));
    others.push_back(add_one(account, other, cause_of(Reason::manual, 1'000, "stays")));
  }
  one.commit(others);
  Change put = put_contact(account, email, phone, {{"street", old_field}});
  std::get<PutContacts>(put.what).rows[0].given[0] = given;
  const ContactId id = one.commit(put).id;
  one.commit(put_contact(account, email, phone, {{"street", field}}));
  one.commit(segment_of(id, "all", one));
  for (const ActivityKind kind : {ActivityKind::sent, ActivityKind::opened,
                                  ActivityKind::soft_bounced, ActivityKind::bounced}) {
    one.commit(event(kind, 2'000));
  }
  one.commit(add_rows(
      account, {{Channel::email,
                 "first@stays.example",
                 "",
                 {},
                 cause_of(Reason::complaint, 3'000, evidence)},
                {Channel::email, email, given, {}, cause_of(Reason::complaint, 3'000, evidence)}}));
  one.commit(change_of(SetExemption{account, Channel::email, email, Exemption{3'000, "s", note}}));
  FileRequest file;
  file.account = account;
  file.request.kind = RequestKind::reactivate;
  file.request.targets = {{Channel::email, email, 0}, {Channel::phone, phone, 0}};
  file.request.statement = statement;
  const RequestId request = one.commit(change_of(file)).id;
  DecideRequest decide;
  decide.account = account;
  decide.id = request;
  decide.state = RequestState::rejected;
  decide.note = note;
  one.commit(change_of(decide));
  DeleteContacts remove;
  remove.account = account;
  remove.ids = {id};
  remove.reason = reason;
  one.commit(change_of(remove));
  return id;
}

/// All but the evidence, which the log tells of another address too.
void check_nothing_left(const fs::path& directory) {
  for (const std::string& text : personal) {
    if (text == evidence) continue;
    INFO(text);
    const std::vector<std::string> files = files_with(directory, text);
    CAPTURE(files);
    REQUIRE(files.empty());
  }
}

void check_all_there(const fs::path& directory) {
  for (const std::string& text : personal) {
    INFO(text);
    REQUIRE_FALSE(files_with(directory, text).empty());
  }
}

}  // namespace

TEST_CASE("what was erased is in no file, while the store is open and after") {
  TemporaryDirectory directory;
  ContactId id = 0;
  Digest digest;
  {
    LoadedStore one(directory.path());
    id = live(one);
    check_all_there(directory.path());  // in the write-ahead log
  }
  check_all_there(directory.path());  // in tables
  {
    LoadedStore one(directory.path());
    // Newer rows of what older tables hold: both must go.
    one.commit(event(ActivityKind::complained, 4'000));
    REQUIRE(one.write_image());
    one.commit(change_of(RemoveSuppression{account, Channel::email, "first@stays.example"}));
    digest = one.set.digest();
    erase(one, account, id);
    REQUIRE(one.set.digest() == digest);
    check_nothing_left(directory.path());
  }
  check_nothing_left(directory.path());
  {
    LoadedStore again(directory.path());
    REQUIRE(again.set.digest() == digest);
    REQUIRE(again.in_set(account, Channel::email, email) == slot_state(Reason::complaint));
  }
  RawDatabase raw(directory.path());
  size_t mentions_found = 0;
  for (const char* family :
       {"default", "suppressions", "changes", "contacts", "owners", "contact_index", "counts",
        "activity", "segments", "requests", "jobs", "erased", "claims", "bounces", "event_ids"}) {
    for (const auto& [key, value] : raw.rows(family)) {
      for (const std::string& text : personal) {
        const bool found = (key + '\n' + value).find(text) != std::string::npos;
        mentions_found += found;
        if (text != evidence) REQUIRE_FALSE(found);
      }
    }
  }
  REQUIRE(mentions_found == 1);  // what the log says of first@stays.example
}

// Erases until it is killed, and says so before each part.
TEST_CASE("child erases until it is killed", "[.]") {
  LoadedStore one(child_directory());
  const JobId job = create_erasure(one, account, 51);
  std::atomic<bool> stopping{false};
  for (uint64_t part = 1;; ++part) {
    const Job now = job_of(one, account, job);
    if (now.state != JobState::running) ::_exit(0);
    std::optional<Change> change = one.store->next_part_of_erasure(account, now, 51, stopping);
    if (!change) ::_exit(3);
    if (::write(child_pipe(), &part, sizeof part) != sizeof part) ::_exit(4);
    if (one.commit(*change).status != Status::committed) ::_exit(5);
  }
}

TEST_CASE("an erasure that was killed goes on where it was, and nothing is left of the contact") {
  for (uint64_t parts = 1; parts <= 6; ++parts) {
    INFO("killed at part " << parts);
    TemporaryDirectory directory;
    Digest digest;
    {
      LoadedStore one(directory.path());
      REQUIRE(live(one) == 51);
      one.commit(change_of(RemoveSuppression{account, Channel::email, "first@stays.example"}));
      digest = one.set.digest();
    }
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = start_child("child erases until it is killed", directory.path(), ends[1]);
    ::close(ends[1]);
    uint64_t part = 0;
    while (::read(ends[0], &part, sizeof part) == sizeof part) {
      if (part == parts) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    REQUIRE(exit_code_of(child) == -1);
    {
      LoadedStore one(directory.path());
      REQUIRE(one.set.digest() == digest);
      const std::vector<RunningJob> running = one.store->contacts().running_jobs();
      if (!running.empty()) go_on_erasing(one, account, running.front().job.id, 51);
      REQUIRE(one.set.digest() == digest);
      REQUIRE(one.store->contacts().recount(account, [](uint64_t) { return true; }).empty());
    }
    check_nothing_left(directory.path());
    REQUIRE(LoadedStore(directory.path()).set.digest() == digest);
  }
}

TEST_CASE("an erasure waits for reads that began before it") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const ContactId id = live(one);
  ContactFilter filter;
  filter.state = ContactState::deleted;
  auto scan = one.store->contacts().scan(account, filter, ContactSort::address);
  const JobId job = create_erasure(one, account, id);
  const auto now = [&] { return one.store->contacts().job(account, job).value_or(Job{}); };
  std::atomic<bool> stopping{false}, done{false};
  std::thread erasing([&] {
    while (now().state == JobState::running) {
      one.commit(*one.store->next_part_of_erasure(account, now(), id, stopping));
    }
    done = true;
  });
  // It is held up at the files: until then the contact can be read as it was.
  while (now().total == 0 || now().done < now().total) std::this_thread::yield();
  const std::vector<Contact> seen = scan->next(10);
  const bool early = done;
  scan.reset();
  erasing.join();
  REQUIRE_FALSE(early);
  REQUIRE(seen.size() == 1);
  REQUIRE(seen[0].fields.at("street") == field);
  REQUIRE(now().state == JobState::done);
  REQUIRE(files_with(directory.path(), field).empty());
}
