// Jobs: work on many contacts, a part a commit. A part and the job's place after it are one change,
// so a job that a crash interrupts goes on where it was: no row twice, none left out.
#include "persistence/commit_group.hpp"
#include "persistence/contact_codec.hpp"

namespace suppressd {
std::optional<Job> CommitGroup::find_job(AccountNumber account, JobId id) {
  const std::string* bytes = overlay_.find(Family::jobs, job_key(account, id));
  if (bytes == nullptr) return std::nullopt;
  std::optional<Job> job = decode_job(*bytes);
  if (!job) throw StorageFailure("a stored job is damaged");
  return job;
}

void CommitGroup::put_job(AccountNumber account, const Job& job) {
  std::string bytes;
  encode(job, bytes);
  overlay_.put(Family::jobs, job_key(account, job.id), std::move(bytes));
  const std::string running = running_job_key(account, job.id);
  if (job.state == JobState::running) {
    overlay_.put(Family::jobs, running, "");
  } else {
    overlay_.erase(Family::jobs, running);
  }
}

JobId CommitGroup::create_job(const Change& change, AccountNumber account, Job job) {
  job.id = contacts_.next_number(account, 'j');
  if (job.state != JobState::uploading) job.state = JobState::running;
  job.created_at = job.updated_at = change.at;
  job.by = change.by;
  put_job(account, job);
  LoggedAct act;
  act.account = account;
  act.subject = job.id;
  act.code = static_cast<uint8_t>(job.kind);
  if (job.state == JobState::uploading) act.number = static_cast<uint64_t>(job.state);
  log_act(change, ChangeKind::job_created, act);
  return job.id;
}

Outcome CommitGroup::act(const Change& change, const CreateJob& what) {
  if (what.deletes_segment != 0) {
    std::optional<Segment> segment = find_segment(what.account, what.deletes_segment);
    if (!segment || segment->deleting) return refuse(Outcome::Status::not_found);
    segment->deleting = true;
    put_segment(what.account, *segment);
  }
  const JobId id = create_job(change, what.account, what.job);
  if (what.deletes_segment != 0) {
    overlay_.put(Family::jobs, deleted_segment_key(what.account, id),
                 contact_number(what.deletes_segment));
  }
  Outcome outcome = unchanged();
  outcome.id = id;
  return outcome;
}

void CommitGroup::release_segment(AccountNumber account, JobId id) {
  const std::string key = deleted_segment_key(account, id);
  const std::string* number = overlay_.find(Family::jobs, key);
  if (number == nullptr) return;
  std::optional<Segment> segment =
      find_segment(account, static_cast<SegmentId>(ByteReader(*number).u64()));
  overlay_.erase(Family::jobs, key);
  if (!segment) return;
  segment->deleting = false;
  put_segment(account, *segment);
}

Outcome CommitGroup::act(const Change& change, const SetJobState& what) {
  std::optional<Job> job = find_job(what.account, what.id);
  if (!job) return refuse(Outcome::Status::not_found);
  if (job->state == what.state) return unchanged();
  // What was uploaded begins only with a plan for it, and cannot pause before; a plan has its time.
  const bool uploading = job->state == JobState::uploading;
  if (uploading && !ended(what.state) && what.plan.empty()) {
    return refuse(Outcome::Status::stopped);
  }
  const bool confirms = job->state == JobState::paused && what.state == JobState::running;
  if (!what.plan.empty() && !uploading && !confirms) return refuse(Outcome::Status::stopped);
  const bool ends = ended(what.state);
  const bool begun = job->kind == JobKind::erase_contact && !job->position.empty();
  if (ended(job->state) || (ends && begun)) return refuse(Outcome::Status::stopped);
  if (ends) job->position.clear();
  job->state = what.state;
  job->updated_at = change.at;
  if (!what.plan.empty()) job->plan = what.plan;
  if (!what.result.empty() || what.state == JobState::running) job->result = what.result;
  put_job(what.account, *job);
  if (ended(what.state)) release_segment(what.account, what.id);
  LoggedAct act;
  act.account = what.account;
  act.subject = job->id;
  act.code = static_cast<uint8_t>(job->kind);
  act.number = static_cast<uint64_t>(what.state);
  Outcome outcome = log_act(change, ChangeKind::job_state_set, act);
  outcome.id = what.id;
  return outcome;
}

bool CommitGroup::may_step(const std::optional<JobStep>& step) {
  if (!step) return true;
  const std::optional<Job> job = find_job(step->account, step->job);
  return job && job->state == JobState::running && job->position == step->from;
}

void CommitGroup::take_step(const Change& change, const std::optional<JobStep>& step,
                            uint64_t changed, uint64_t skipped) {
  if (!step) return;
  Job job = *find_job(step->account, step->job);
  job.position = step->position;
  job.done += step->rows;
  job.changed += changed;
  job.skipped += skipped + step->skipped;
  if (step->total != 0) job.total = step->total;
  job.updated_at = change.at;
  if (step->finished) {
    job.state = JobState::done;
    job.position.clear();
    job.result = step->result;
  }
  put_job(step->account, job);
  if (!step->finished) return;
  LoggedAct act;
  act.account = step->account;
  act.subject = job.id;
  act.code = static_cast<uint8_t>(job.kind);
  act.number = static_cast<uint64_t>(job.state);
  log_act(change, ChangeKind::job_finished, act);
}

Outcome CommitGroup::act(const Change& change, const MoveJob& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  if (what.step.import) keep_import_rows(change, what.step, what.step.import->rows);
  take_step(change, what.step, what.changed, 0);
  Outcome outcome = unchanged();
  outcome.id = what.step.job;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const AdjustCounts& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  for (const auto& [key, difference] : what.differences) contacts_.add_to_count(key, difference);
  if (!what.differences.empty()) {
    LoggedAct act;
    act.account = what.account;
    act.number = what.differences.size();
    log_act(change, ChangeKind::counts_adjusted, act);
  }
  take_step(change, what.step, what.differences.size(), 0);
  return unchanged();
}

}  // namespace suppressd
