// Requests, jobs and segments as they are read.
#include "contact_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

ModerationRequest asks(RequestKind kind, std::vector<std::string> addresses) {
  ModerationRequest request;
  request.kind = kind;
  for (std::string& address : addresses) {
    request.targets.push_back({Channel::email, std::move(address), 0});
  }
  return request;
}

std::string name_of(const RequestPage::Item& item) {
  return std::to_string(item.account) + "r" + std::to_string(item.request.id);
}

std::vector<std::string> all_requests(const ContactReader& reader, const RequestFilter& filter,
                                      size_t limit) {
  std::vector<std::string> names;
  std::string cursor;
  do {
    const RequestPage page = reader.requests(filter, cursor, limit);
    REQUIRE(page.items.size() <= limit);
    for (const RequestPage::Item& item : page.items) names.push_back(name_of(item));
    cursor = page.next;
  } while (!cursor.empty());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("requests are listed by account, state, kind and contact, oldest first") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  one.commit(put_contact(1, "a@example.com"));
  const auto file = [&one](AccountNumber account, RequestKind kind, const char* address,
                           TimeMs at) {
    return one.commit(change_of(FileRequest{account, asks(kind, {address})}, at)).id;
  };
  REQUIRE(file(1, RequestKind::blacklist, "a@example.com", 5'000) == 1);
  REQUIRE(file(2, RequestKind::unsubscribe, "a@example.com", 3'000) == 1);
  REQUIRE(file(1, RequestKind::reactivate, "b@example.com", 4'000) == 2);
  REQUIRE(file(1, RequestKind::unsubscribe, "a@example.com", 6'000) == 3);
  const ContactReader& reader = one.store->contacts();
  RequestFilter open, mine, about, kind;
  open.state = RequestState::open;
  mine.account = about.account = 1;
  about.contact = 1;
  kind.kind = RequestKind::unsubscribe;
  for (const size_t limit : {1, 2, 10}) {
    REQUIRE(all_requests(reader, open, limit) == Names{"2r1", "1r2", "1r1", "1r3"});
    REQUIRE(all_requests(reader, mine, limit) == Names{"1r1", "1r2", "1r3"});
    REQUIRE(all_requests(reader, about, limit) == Names{"1r1", "1r3"});
    REQUIRE(all_requests(reader, kind, limit) == Names{"1r3", "2r1"});
  }

  DecideRequest decision;
  decision.account = 1;
  decision.id = 1;
  REQUIRE(one.commit(change_of(decision, 7'000)).status == Status::committed);
  REQUIRE(one.commit(change_of(decision, 7'000)).status == Status::already_exists);
  REQUIRE(all_requests(reader, open, 1) == Names{"2r1", "1r2", "1r3"});
  mine.state = RequestState::approved;
  REQUIRE(all_requests(reader, mine, 1) == Names{"1r1"});
  const std::optional<ModerationRequest> decided = reader.request(1, 1);
  REQUIRE(decided);
  REQUIRE(decided->applied == 1);
  REQUIRE(decided->decided_at == 7'000);
  REQUIRE_FALSE(reader.request(2, 2));
  REQUIRE(reader.contact(1, 1)->of(Channel::email).state() == ContactState::blacklisted);
  const std::string cursor = reader.requests(open, "", 1).next;
  REQUIRE_THROWS_AS(reader.requests(mine, cursor, 1), std::invalid_argument);
}

TEST_CASE("jobs are listed newest first, and those that run across all accounts") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (const AccountNumber account : {1u, 2u, 1u, 1u}) {
    CreateJob create;
    create.account = account;
    create.job.kind = JobKind::delete_contacts;
    create.job.plan = "{}";
    one.commit(change_of(create));
  }
  const ContactReader& reader = one.store->contacts();
  const auto numbers = [](const std::vector<Job>& jobs) {
    std::vector<JobId> ids;
    for (const Job& job : jobs) ids.push_back(job.id);
    return ids;
  };
  REQUIRE(numbers(reader.jobs(1, 0, 10)) == std::vector<JobId>{3, 2, 1});
  REQUIRE(numbers(reader.jobs(1, 0, 2)) == std::vector<JobId>{3, 2});
  REQUIRE(numbers(reader.jobs(1, 2, 2)) == std::vector<JobId>{1});
  REQUIRE(reader.jobs(1, 1, 2).empty());
  REQUIRE(numbers(reader.jobs(2, 0, 10)) == std::vector<JobId>{1});
  REQUIRE(reader.jobs(3, 0, 10).empty());
  REQUIRE(reader.running_jobs().size() == 4);
  one.commit(change_of(SetJobState{1, 2, JobState::cancelled, ""}));
  one.commit(change_of(SetJobState{2, 1, JobState::paused, ""}));
  const std::vector<RunningJob> running = reader.running_jobs();
  REQUIRE(running.size() == 2);
  REQUIRE((running[0].account == 1 && running[0].job.id == 1));
  REQUIRE((running[1].account == 1 && running[1].job.id == 3));
  REQUIRE(reader.job(1, 2)->state == JobState::cancelled);
  REQUIRE_FALSE(reader.job(2, 2));
}

TEST_CASE("a job deletes what it was shown, and its list holds exactly what it deleted") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
    one.commit(put_contact(1, address));
  }
  const uint64_t shown_at = one.store->sequence();
  one.commit(add_one(1, "b@example.com", cause_of(Reason::manual)));
  one.commit(change_of(DeleteContacts{1, {3}, both_channels, "by hand", ~uint64_t{0}, {}}));
  CreateJob create;
  create.account = 1;
  const JobId job = one.commit(change_of(create)).id;
  DeleteContacts part{1, {1, 2, 3, 4}, both_channels, "cleaning", shown_at, JobStep{}};
  part.step->account = 1;
  part.step->job = job;
  part.step->position = "end";
  part.step->rows = 4;
  part.step->finished = true;
  const Outcome outcome = one.commit(change_of(part));
  using Fate = ContactOutcome::Fate;
  REQUIRE(outcome.contacts);
  std::vector<Fate> fates;
  for (const ContactOutcome& contact : *outcome.contacts) fates.push_back(contact.fate);
  REQUIRE(fates == std::vector<Fate>{Fate::deleted, Fate::changed, Fate::changed, Fate::not_found});
  REQUIRE(one.commit(change_of(part)).status == Status::stopped);
  const ContactReader& reader = one.store->contacts();
  REQUIRE(reader.job(1, job)->state == JobState::done);
  REQUIRE(reader.job(1, job)->changed == 1);
  REQUIRE(reader.job(1, job)->skipped == 3);
  REQUIRE(reader.running_jobs().empty());
  ContactFilter filter;
  filter.state = ContactState::deleted;
  REQUIRE(reader.count(1, filter) == 2);
  filter.deleted_by = job;
  REQUIRE(reader.count(1, filter) == 1);
  const ContactPage page = reader.list(1, filter, ContactSort::address, "", 10);
  REQUIRE(addresses_of(page.items) == std::vector<std::string>{"a@example.com"});
  one.commit(change_of(RestoreContacts{1, {1, 2, 3}, both_channels, job, {}}));
  REQUIRE(reader.count(1, filter) == 0);
  filter.deleted_by = 0;
  REQUIRE(reader.count(1, filter) == 1);
}

TEST_CASE("a segment is emptied before it goes, and nothing joins it meanwhile") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  one.commit(put_contact(1, "a@example.com"));
  one.commit(put_contact(1, "b@example.com"));
  const auto id = static_cast<SegmentId>(one.commit(change_of(CreateSegment{1, "vip"})).id);
  REQUIRE(one.commit(change_of(CreateSegment{1, "vip"})).status == Status::already_exists);
  REQUIRE(one.commit(change_of(CreateSegment{2, "vip"})).status == Status::committed);
  ChangeMembers members;
  members.account = 1;
  members.id = id;
  members.ids = {1, 2};
  one.commit(change_of(members));
  const ContactReader& reader = one.store->contacts();
  REQUIRE(reader.segments(1).size() == 1);
  REQUIRE(reader.segment(1, id)->name == "vip");
  ContactFilter filter;
  filter.segment = id;
  REQUIRE(reader.count(1, filter) == 2);
  const std::string value = contact_number(id).substr(sizeof(ContactId) - sizeof id);
  REQUIRE(reader.count_of(1, 1, CountOf::segment, value) == 2);

  CreateJob create;
  create.account = 1;
  create.job.kind = JobKind::delete_segment;
  create.deletes_segment = id;
  const JobId job = one.commit(change_of(create)).id;
  members.ids = {1};
  REQUIRE(one.commit(change_of(members)).status == Status::not_found);
  JobStep step;
  step.account = 1;
  step.job = job;
  step.position = "emptied";
  REQUIRE(one.commit(change_of(DeleteSegment{1, id, step})).status == Status::conflict);
  members.ids = {1, 2};
  members.add = false;
  members.delete_channels = both_channels;
  members.step = step;
  REQUIRE(one.commit(change_of(members)).contacts->at(0).fate == ContactOutcome::Fate::deleted);
  step.from = step.position;
  step.finished = true;
  REQUIRE(one.commit(change_of(DeleteSegment{1, id, step})).status == Status::committed);
  REQUIRE(reader.segments(1).empty());
  REQUIRE(reader.count_of(1, 0, CountOf::segments) == 0);
  REQUIRE(reader.count(1, filter) == 0);
  REQUIRE(reader.contact(1, 1)->of(Channel::email).deletion->job == job);
  REQUIRE(one.commit(change_of(CreateSegment{1, "vip"})).id == id + 1);
  REQUIRE(reader.recount(1, [](uint64_t) { return true; }).empty());
}
