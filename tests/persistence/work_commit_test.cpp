// Segments, jobs and requests: what their changes do and refuse, each part of a job in a commit of
// its own.
#include "stored_contacts.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

Job job_of(JobKind kind) {
  Job job;
  job.kind = kind;
  job.plan = "{}";
  return job;
}

ChangeMembers members_of(SegmentId segment, std::vector<ContactId> ids, bool add = true) {
  return {1, segment, std::move(ids), add, 0, ~0ull, "", std::nullopt};
}

FileRequest request_of(RequestKind kind, const std::vector<std::string>& emails) {
  FileRequest file;
  file.account = 1;
  file.request.kind = kind;
  file.request.statement = "it exists";
  for (const std::string& email : emails) {
    file.request.targets.push_back({Channel::email, email, 0});
  }
  return file;
}

DecideRequest decision(RequestId id, RequestState state, std::vector<uint32_t> approved = {}) {
  return {1, id, state, std::move(approved), "note", std::nullopt};
}

}  // namespace

TEST_CASE("a segment's name is one segment's, and there are as many as there may be") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    std::vector<Change> changes{
        change_of(CreateSegment{1, "vip"}),    change_of(CreateSegment{1, "vip"}),
        change_of(CreateSegment{2, "vip"}),    change_of(RenameSegment{1, 1, "best"}),
        change_of(CreateSegment{1, "vip"}),    change_of(RenameSegment{1, 2, "best"}),
        change_of(RenameSegment{1, 2, "vip"}), change_of(RenameSegment{1, 3, "none"})};
    const std::vector<Outcome> outcomes = one.commit(changes);
    const std::vector<Status> expected{
        Status::committed, Status::already_exists, Status::committed, Status::committed,
        Status::committed, Status::already_exists, Status::committed, Status::not_found};
    for (size_t i = 0; i < expected.size(); ++i) {
      INFO(i);
      REQUIRE(outcomes[i].status == expected[i]);
    }
    REQUIRE((outcomes[0].id == 1 && outcomes[2].id == 1 && outcomes[4].id == 2));
    changes.clear();
    for (size_t i = 2; i <= segments_max; ++i) {
      changes.push_back(change_of(CreateSegment{1, "s" + std::to_string(i)}));
    }
    const std::vector<Outcome> many = one.commit(changes);
    REQUIRE(many[segments_max - 3].status == Status::committed);
    REQUIRE(many[segments_max - 2].status == Status::conflict);
    REQUIRE(one.commit(change_of(CreateSegment{1, "more"})).status == Status::conflict);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.count(1, 0, CountOf::segments) == segments_max);
  REQUIRE(stored.segment(1, 1)->name == "best");
}

TEST_CASE("contacts join and leave a segment; one that is being deleted takes nobody") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y", "+1"), row_of("b@x.y")})),
                change_of(CreateSegment{1, "vip"})});
    const Outcome joined = one.commit(change_of(members_of(1, {1, 2, 3, 1})));
    REQUIRE(fate_of(joined, 0) == Fate::updated);
    REQUIRE(fate_of(joined, 2) == Fate::not_found);
    REQUIRE(fate_of(joined, 3) == Fate::unchanged);
    REQUIRE(one.commit(change_of(members_of(2, {1}))).status == Status::not_found);
    CreateJob deletes{1, job_of(JobKind::delete_segment), 1};
    REQUIRE(one.commit(change_of(deletes)).id == 1);
    REQUIRE(one.commit(change_of(deletes)).status == Status::not_found);
    REQUIRE(one.commit(change_of(members_of(1, {1}))).status == Status::not_found);
    REQUIRE(one.commit(change_of(RenameSegment{1, 1, "x"})).status == Status::not_found);
    REQUIRE(one.commit(change_of(put_of(1, {row_of("c@x.y", "", {}, 1)}))).status ==
            Status::not_found);
    const DeleteSegment last{1, 1, step_of(1, 1, "p", "end", true)};
    REQUIRE(one.commit(change_of(last)).status == Status::stopped);
    ChangeMembers part = members_of(1, {1, 2}, false);
    part.step = step_of(1, 1, "", "p");
    part.delete_channels = channel_bit(Channel::email);
    DeleteSegment early = last;
    early.step.from = "";
    REQUIRE(one.commit(change_of(early)).status == Status::conflict);
    const Outcome emptied = one.commit(change_of(part));
    REQUIRE(fate_of(emptied, 0) == Fate::deleted);
    REQUIRE(one.commit(change_of(part)).status == Status::stopped);
    REQUIRE(one.commit(change_of(last)).status == Status::committed);
    REQUIRE(one.commit(change_of(CreateSegment{1, "vip"})).id == 2);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE_FALSE(stored.segment(1, 1));
  REQUIRE(stored.one(1, 1).of(Channel::email).deletion->job == 1);
  REQUIRE(stored.one(1, 1).of(Channel::phone).state() == ContactState::active);
  REQUIRE(stored.one(1, 1).segments.empty());
  REQUIRE(stored.job(1, 1).state == JobState::done);
  REQUIRE(stored.job(1, 1).changed == 2);
}

TEST_CASE("a segment whose deletion is cancelled is a segment like any other again") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y")})), change_of(CreateSegment{1, "vip"}),
                change_of(CreateJob{1, job_of(JobKind::delete_segment), 1}),
                change_of(SetJobState{1, 1, JobState::cancelled, ""})});
    REQUIRE(one.commit(change_of(members_of(1, {1}))).updated == 1);
    REQUIRE(one.commit(change_of(RenameSegment{1, 1, "best"})).status == Status::committed);
    REQUIRE(one.commit(change_of(CreateJob{1, job_of(JobKind::delete_segment), 1})).id == 2);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.segment(1, 1)->deleting);
}

TEST_CASE("a part of a job takes effect once, where the job stands, while it runs") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y"), row_of("b@x.y"), row_of("c@x.y")})),
                change_of(CreateJob{1, job_of(JobKind::delete_contacts), 0})});
    const auto part = [](ContactId id, std::string from, std::string to, bool finished = false) {
      DeleteContacts what{1, {id}, both_channels, "", ~0ull, {}};
      what.step = step_of(1, 1, std::move(from), std::move(to), finished);
      what.step->rows = 2;
      what.step->skipped = 1;
      return change_of(what);
    };
    const auto set = [&one](JobState state) {
      return one.commit(change_of(SetJobState{1, 1, state, ""})).status;
    };
    // The same part twice in one group, and one that begins elsewhere.
    const std::vector<Outcome> outcomes =
        one.commit({part(1, "", "1"), part(1, "", "1"), part(3, "2", "3")});
    REQUIRE(outcomes[0].updated == 1);
    REQUIRE((outcomes[1].status == Status::stopped && outcomes[2].status == Status::stopped));
    REQUIRE(set(JobState::paused) == Status::committed);
    REQUIRE(one.commit(part(2, "1", "2")).status == Status::stopped);
    REQUIRE(set(JobState::running) == Status::committed);
    REQUIRE(one.commit(part(2, "1", "2", true)).updated == 1);
    REQUIRE(set(JobState::paused) == Status::stopped);
    REQUIRE(one.commit(part(3, "2", "3")).status == Status::stopped);
    REQUIRE(one.commit(change_of(SetJobState{1, 2, JobState::paused, ""})).status ==
            Status::not_found);
    const Outcome undone =
        one.commit(change_of(RestoreContacts{1, {1, 2, 3}, both_channels, 1, {}}));
    REQUIRE((undone.updated == 2 && fate_of(undone, 2) == Fate::unchanged));
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  const Job job = stored.job(1, 1);
  REQUIRE((job.state == JobState::done && job.position.empty()));  // it names places in lists
  REQUIRE((job.done == 4 && job.changed == 2 && job.skipped == 2));
  REQUIRE(stored.one(1, 1).of(Channel::email).state() == ContactState::active);
}

TEST_CASE("a request takes effect when it is approved, in the part that is, and is decided once") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y"), row_of("b@x.y")})),
                add_one(1, "b@x.y", cause_of(Reason::manual)),
                add_one(platform_number, "p@x.y", cause_of(Reason::hard_bounce)),
                add_one(1, "p@x.y", cause_of(Reason::complaint))});
    const RequestId id =
        one.commit(change_of(request_of(RequestKind::blacklist, {"a@x.y", "b@x.y", "n@x.y"}))).id;
    REQUIRE(one.in_set(1, Channel::email, "a@x.y") == SlotState::absent);
    REQUIRE(one.commit(change_of(decision(2, RequestState::approved))).status == Status::not_found);
    REQUIRE(one.commit(change_of(decision(id, RequestState::approved_in_part, {3}))).status ==
            Status::conflict);
    const std::vector<Outcome> both =
        one.commit({change_of(decision(id, RequestState::approved_in_part, {0, 1})),
                    change_of(decision(id, RequestState::rejected))});
    REQUIRE((both[0].updated == 1 && both[0].unchanged == 1));
    REQUIRE(both[1].status == Status::already_exists);
    REQUIRE(one.in_set(1, Channel::email, "a@x.y") == slot_state(Reason::manual));
    REQUIRE(one.in_set(1, Channel::email, "n@x.y") == SlotState::absent);
    one.commit(change_of(request_of(RequestKind::reactivate, {"p@x.y", "a@x.y", "n@x.y"})));
    const Outcome back = one.commit(change_of(decision(2, RequestState::approved)));
    REQUIRE((back.updated == 2 && back.unchanged == 1));
    REQUIRE(one.in_set(1, Channel::email, "p@x.y") == SlotState::exempt);
    REQUIRE(one.in_set(1, Channel::email, "a@x.y") == SlotState::absent);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE(stored.request(1, 1).targets[0].contact == 1);
  REQUIRE(stored.request(1, 1).note == "note");
  REQUIRE((stored.request(1, 2).applied == 2 && stored.request(1, 2).already == 1));
  REQUIRE(stored.activity(1, 1).front().kind == ActivityKind::reactivated);
}

TEST_CASE("a request for a segment is approved by a job, a part a commit") {
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    one.commit({change_of(put_of(1, {row_of("a@x.y", "+1"), row_of("b@x.y")})),
                change_of(CreateSegment{1, "vip"}), change_of(members_of(1, {1, 2}))});
    FileRequest file = request_of(RequestKind::unsubscribe, {});
    file.request.segment = 2;
    REQUIRE(one.commit(change_of(file)).status == Status::not_found);
    file.request.segment = 1;
    REQUIRE(one.commit(change_of(file)).id == 1);
    DecideRequest approve = decision(1, RequestState::approved);
    approve.job = job_of(JobKind::apply_request);
    REQUIRE(one.commit(change_of(approve)).id == 1);
    const ApplyRequest part{
        1, 1, {{Channel::email, "a@x.y", 1}, {Channel::phone, "+1", 1}}, step_of(1, 1, "", "1")};
    const ApplyRequest rest{1, 1, {{Channel::email, "b@x.y", 2}}, step_of(1, 1, "1", "2", true)};
    REQUIRE(one.commit(change_of(part)).updated == 2);
    REQUIRE(one.commit(change_of(part)).status == Status::stopped);
    REQUIRE(one.commit(change_of(rest)).updated == 1);
  }
  StoredContacts stored(directory.path());
  stored.require_sound();
  REQUIRE((stored.request(1, 1).applied == 3 && stored.request(1, 1).job == 1));
  REQUIRE(stored.one(1, 1).of(Channel::phone).state() == ContactState::unsubscribed);
  REQUIRE(stored.job(1, 1).state == JobState::done);
}
