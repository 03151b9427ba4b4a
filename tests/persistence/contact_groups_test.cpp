// Random changes of everything that concerns contacts, in random groups, few addresses and many
// meetings; and a kill in the middle of a job's parts. Afterwards lists, counts and verdicts are
// what the records say, and a job did every row once.
#include <sched.h>
#include <signal.h>

#include "persistence/contact_reader.hpp"
#include "stored_contacts.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

/// Changes that often meet: few accounts, addresses, segments, jobs and requests.
class RandomWork {
 public:
  explicit RandomWork(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }

  Change next() {
    switch (below(16)) {
      case 0:
        return change_of(edit(), time());
      case 1:
        return change_of(DeleteContacts{account(), ids(), mask(), "", shown_at(), step()}, time());
      case 2:
        return change_of(RestoreContacts{account(), ids(), mask(), below(3), step()}, time());
      case 3:
        return change_of(CreateSegment{account(), name()}, time());
      case 4:
        return change_of(RenameSegment{account(), segment(), name()}, time());
      case 5:
        return change_of(
            ChangeMembers{account(), segment(), ids(), below(3) != 0, 0, ~0ull, "", {}}, time());
      case 6:
        return change_of(
            ChangeMembers{account(), segment(), ids(), false, mask(), shown_at(), "", step()},
            time());
      case 7:
        return change_of(DeleteSegment{account(), segment(), *step()}, time());
      case 8:
        return change_of(create_job(), time());
      case 9:
        return change_of(SetJobState{account(), 1 + below(4), job_state(), ""}, time());
      case 10:
        return change_of(file(), time());
      case 11:
        return change_of(decide(), time());
      case 12:
        return suppress();
      case 13:
        return lift();
      case 14:
        return change_of(events(), time());
      default:
        return change_of(put(), time());
    }
  }

 private:
  AccountNumber account() { return static_cast<AccountNumber>(1 + below(3)); }
  SegmentId segment() { return static_cast<SegmentId>(1 + below(4)); }
  TimeMs time() { return (1 + below(5)) * 86'400'000; }
  uint8_t mask() { return static_cast<uint8_t>(1 + below(3)); }
  uint64_t shown_at() { return below(2) ? ~0ull : below(300); }
  std::string name() { return "s" + std::to_string(below(4)); }
  Channel channel() { return below(3) == 0 ? Channel::phone : Channel::email; }
  Reason reason() { return static_cast<Reason>(1 + below(8)); }
  std::string address(Channel channel) {
    const std::string number = std::to_string(below(12));
    return channel == Channel::phone ? "+" + number : "a" + number + "@d" + number[0] + ".y";
  }
  std::vector<ContactId> ids() {
    std::vector<ContactId> ids(1 + below(5));
    for (ContactId& id : ids) id = 1 + below(14);
    return ids;
  }
  std::optional<JobStep> step() {
    JobStep step = step_of(account(), 1 + below(4), "", "", below(3) == 0);
    step.rows = 1;
    return step;
  }
  JobState job_state() { return static_cast<JobState>(1 + below(3)); }

  PutContacts put() {
    PutContacts what = put_of(account(), {});
    what.restore_deleted = below(3) == 0;
    for (size_t left = 1 + below(4); left != 0; --left) {
      PutContacts::Row& row = what.rows.emplace_back();
      if (below(4) != 0) row.addresses[0] = address(Channel::email);
      if (below(2) != 0) row.addresses[1] = address(Channel::phone);
      if (below(3) == 0) row.given[0] = "given";
      if (below(3) == 0) row.fields["city"] = std::string(1 + below(3), 'K');
      if (below(3) == 0) row.segment = segment();
    }
    return what;
  }
  EditContact edit() {
    EditContact what{account(), 1 + below(14), {}, {}, {}};
    for (const Channel channel : all_channels) {
      if (below(2) == 0) continue;
      what.addresses[static_cast<size_t>(channel) - 1] = below(4) ? address(channel) : "";
    }
    if (below(2) == 0) what.fields["city"] = below(2) ? std::optional("Lviv") : std::nullopt;
    return what;
  }
  CreateJob create_job() {
    CreateJob what{account(), {}, below(2) ? segment() : SegmentId{0}};
    what.job.kind = what.deletes_segment ? JobKind::delete_segment : JobKind::delete_contacts;
    return what;
  }
  FileRequest file() {
    FileRequest what{account(), {}};
    what.request.kind = static_cast<RequestKind>(1 + below(3));
    for (size_t left = 1 + below(3); left != 0; --left) {
      const Channel to = channel();
      what.request.targets.push_back({to, address(to), 0});
    }
    return what;
  }
  DecideRequest decide() {
    DecideRequest what{account(), 1 + below(6), RequestState::approved, {}, "", {}};
    if (below(3) == 0) what.state = RequestState::rejected;
    if (below(3) == 0) {
      what.state = RequestState::approved_in_part;
      what.approved = {0};
    }
    return what;
  }
  Change suppress() {
    std::vector<AddSuppressions::Row> rows;
    for (size_t left = 1 + below(3); left != 0; --left) {
      const Channel to = channel();
      rows.push_back({to, address(to), "", {}, cause_of(reason(), time())});
      rows.back().cause.campaign = "c" + std::to_string(below(2));
    }
    return add_rows(static_cast<AccountNumber>(below(4)), std::move(rows));
  }
  Change lift() {
    const Channel of = channel();
    if (below(2) == 0) {
      return change_of(RemoveSuppression{static_cast<AccountNumber>(below(4)), of, address(of)});
    }
    const auto exemption = below(3) ? std::optional(Exemption{1, "s", ""}) : std::nullopt;
    return change_of(SetExemption{account(), of, address(of), exemption});
  }
  AddEvents events() {
    AddEvents what{account(), {}, below(4) == 0, static_cast<uint32_t>(below(3))};
    for (size_t left = 1 + below(5); left != 0; --left) {
      const Channel to = channel();
      const auto kind = static_cast<ActivityKind>(4 + below(8));
      what.rows.push_back({kind, to, address(to), "", {}, time(), "c1", "detail", ""});
    }
    return what;
  }

  std::mt19937_64 random_;
};

constexpr ContactId crash_contacts = 3'000;
constexpr size_t crash_part = 50;

}  // namespace

TEST_CASE("whatever happens in whichever groups: lists, counts and verdicts are what records say") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  RandomWork random(seed);
  for (size_t round = 0; round < 2 * test_size(); ++round) {
    TemporaryDirectory directory;
    for (size_t restart = 0; restart < 10; ++restart) {
      {
        LoadedStore one(directory.path());
        for (size_t groups = 1 + random.below(6); groups != 0; --groups) {
          std::vector<Change> changes;
          for (size_t left = 1 + random.below(12); left != 0; --left) {
            changes.push_back(random.next());
          }
          for (const Outcome& outcome : one.commit(changes)) {
            REQUIRE(outcome.status != Status::refused);
            REQUIRE(outcome.status != Status::unknown);
          }
        }
      }
      StoredContacts(directory.path()).require_sound();
    }
  }
}

// Goes on with the job where it stands, a part a commit, and tells each part that was acknowledged.
TEST_CASE("child works on a job until it is killed", "[.]") {
  LoadedStore one(child_directory());
  const std::optional<Job> job = one.store->contacts().job(1, 1);
  if (!job) ::_exit(3);
  uint64_t at = job->position.empty() ? 0 : std::stoull(job->position);
  while (at < crash_contacts) {
    DeleteContacts part{1, {}, both_channels, "by a job", ~0ull, std::nullopt};
    for (size_t i = 1; i <= crash_part; ++i) part.ids.push_back(at + i);
    const std::string from = at == 0 ? "" : std::to_string(at);
    at += crash_part;
    part.step = step_of(1, 1, from, std::to_string(at), at == crash_contacts);
    part.step->rows = crash_part;
    const Outcome outcome = one.commit(change_of(part));
    if (outcome.status != Status::committed || outcome.updated != crash_part) ::_exit(4);
    if (::write(child_pipe(), &at, sizeof at) < 0) ::_exit(5);
  }
  ::_exit(0);
}

TEST_CASE(
    "killed in the middle of a job's parts: it goes on where it was, no row twice or left out") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  {
    LoadedStore one(directory.path());
    std::vector<PutContacts::Row> rows;
    for (ContactId id = 1; id <= crash_contacts; ++id) {
      rows.push_back(row_of("a" + std::to_string(id) + "@x.y"));
    }
    one.commit({change_of(put_of(1, std::move(rows))), change_of(CreateJob{1, {}, 0})});
  }
  for (bool done = false; !done;) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child =
        start_child("child works on a job until it is killed", directory.path(), ends[1]);
    ::close(ends[1]);
    uint64_t told = 0, last = 0, parts = 1 + random() % 25;
    while (::read(ends[0], &told, sizeof told) == sizeof told) {
      last = told;
      if (--parts != 0) continue;
      for (uint64_t yields = random() % 1'000; yields != 0; --yields) ::sched_yield();
      ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    const int code = exit_code_of(child);
    REQUIRE((code == -1 || code == 0));
    done = code == 0;
    StoredContacts stored(directory.path());
    stored.require_sound();
    const Job job = stored.job(1, 1);
    REQUIRE(job.done >= last);
    REQUIRE(job.done == job.changed);
    REQUIRE(stored.count(1, 1, CountOf::state, "\x05") == job.done);
    const bool somewhere = job.done != 0 && job.state == JobState::running;
    REQUIRE(job.position == (somewhere ? std::to_string(job.done) : ""));
    REQUIRE((job.state == JobState::done) == (job.done == crash_contacts));
    if (job.state == JobState::done) done = true;
  }
}
