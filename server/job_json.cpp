#include "server/job_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/json_answer.hpp"
#include "server/query.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr double ms_per_second = 1000;

Json progress_json(const Job& job) {
  if (job.state == JobState::done) return 1.0;
  if (job.total == 0) return nullptr;
  const double share = static_cast<double>(job.done) / static_cast<double>(job.total);
  return std::min(std::round(share * 10'000) / 10'000, 1.0);
}

/// Over its whole life so far, pauses included.
Json rate_json(const Job& job) {
  if (job.done == 0 || job.updated_at <= job.created_at) return nullptr;
  const double seconds = static_cast<double>(job.updated_at - job.created_at) / ms_per_second;
  return std::round(static_cast<double>(job.done) / seconds);
}

/// 409: it begins with the end of its upload.
Problem upload_incomplete_problem() {
  return {409,
          "upload-incomplete",
          "The import's file is not complete.",
          "Send what is missing, or cancel it.",
          {},
          {},
          {}};
}

/// 409 for a job that is over.
Problem job_ended_problem() {
  return {409,
          "job-ended",
          "The job is over.",
          "It is done, cancelled or failed: it can neither stop nor go on.",
          {},
          {},
          {}};
}

/// 409: what an erasure has done cannot be taken back, so it goes on to its end.
Problem erasure_begun_problem() {
  return {409,
          "erasure-begun",
          "An erasure that has begun cannot be cancelled.",
          "What it erased is gone. It can be paused, and must go on to its end.",
          {},
          {},
          {}};
}

using JobAnswer = std::function<void(const Job&, const Outcome&, Answer&)>;

/// Commits, then reads the job, then has it written. `known` 0: the change makes it.
std::unique_ptr<Exchange> commit_and_show(const JobAuthor& author, Change change, JobId known,
                                          JobAnswer write) {
  const auto show = [author, known, write = std::move(write)](const Outcome& outcome) {
    if (outcome.status == Outcome::Status::not_found) {
      return problem_exchange(known == 0 ? unknown_segment_problem() : unknown_job_problem());
    }
    const auto read = [author, known, write, outcome](Answer& answer) {
      const JobId id = known != 0 ? known : outcome.id;
      const auto job = author.parts.store.contacts().job(author.account, id);
      if (!job) return write_problem(unknown_job_problem(), answer);
      if (outcome.status == Outcome::Status::stopped) {
        return write_problem(stopped_job_problem(*job), answer);
      }
      add_outcome_fields(outcome, answer);
      write(*job, outcome, answer);
    };
    return read_exchange(author.parts, author.wake, read);
  };
  return commit_then(author.parts, author.wake, std::move(change), show);
}

}  // namespace

Problem stopped_job_problem(const Job& job) {
  if (ended(job.state)) return job_ended_problem();
  return job.state == JobState::uploading ? upload_incomplete_problem() : erasure_begun_problem();
}

Json job_json(const Job& job) {
  Json json{{"id", job_id_text(job.id)}};
  json["kind"] = name_of(job.kind);
  json["state"] = name_of(job.state);
  json["total"] = job.total;
  json["done"] = job.done;
  json["changed"] = job.changed;
  json["skipped"] = job.skipped;
  json["progress"] = progress_json(job);
  json["rows_per_second"] = rate_json(job);
  json["created_at"] = time_text(job.created_at);
  json["updated_at"] = time_text(job.updated_at);
  json["by"] = job.by;
  json["result"] = job.result.empty() ? Json(nullptr) : Json::parse(job.result, nullptr, false);
  return json;
}

Change JobAuthor::change(decltype(Change::what) what, std::string_view content) const {
  return {std::move(what), key_id, now_ms(), idempotency.for_change(content)};
}

std::unique_ptr<Exchange> json_body_exchange(Call& call, uint64_t octets_max,
                                             JsonBodyHandler next) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  JobAuthor author(call);
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, octets_max,
                       [author, next = std::move(next)](const std::string& body) {
                         JsonMembers members;
                         if (auto problem = JsonMembers::parse(body, members)) {
                           return problem_exchange(std::move(*problem));
                         }
                         return next(author, members, body);
                       });
}

CreateJob new_job(AccountNumber account, JobKind kind, const JobPlan& plan, uint64_t total) {
  CreateJob create;
  create.account = account;
  create.job.kind = kind;
  create.job.plan = job_plan_text(plan);
  create.job.total = total;
  return create;
}

std::unique_ptr<Exchange> job_made_exchange(const JobAuthor& author, Change change, Json more) {
  const auto write = [more = std::move(more)](const Job& job, const Outcome& outcome,
                                              Answer& answer) {
    Json json{{"sequence", outcome.sequence}, {"job", job_json(job)}};
    json.update(more);
    write_json(json, 202, answer);
  };
  return commit_and_show(author, std::move(change), 0, write);
}

std::unique_ptr<Exchange> job_changed_exchange(const JobAuthor& author, Change change) {
  const JobId id = std::get<SetJobState>(change.what).id;
  const auto write = [](const Job& job, const Outcome& outcome, Answer& answer) {
    Json json = job_json(job);
    json["sequence"] = outcome.sequence;
    write_json(json, 200, answer);
  };
  return commit_and_show(author, std::move(change), id, write);
}

}  // namespace suppressd
