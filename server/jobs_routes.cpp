// Jobs: list, look at, pause, resume, cancel; and the recount of an account's counts.
#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

/// The path's job, and no query. 0 is nobody's.
std::optional<Problem> read_job(const Call& call, JobId& id) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem;
  id = parse_job_id(call.path.id).value_or(0);
  if (id == 0) return unknown_job_problem();
  return std::nullopt;
}

void write_jobs(const ContactReader& reader, uint64_t sequence, AccountNumber account, JobId before,
                size_t limit, Answer& answer) {
  const std::vector<Job> jobs = reader.jobs(account, before, limit + 1);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}, {"next", nullptr}};
  for (const Job& job : jobs) {
    if (json["items"].size() == limit) {
      json["next"] = json["items"].back()["id"];
      break;
    }
    json["items"].push_back(job_json(job));
  }
  json["sequence"] = sequence;
  write_json(json, 200, answer);
}

std::unique_ptr<Exchange> set_state(Call& call, JobState state) {
  JobId id = 0;
  if (auto problem = read_job(call, id)) return problem_exchange(*problem);
  JobAuthor author(call);
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return job_changed_exchange(author, author.change(SetJobState{author.account, id, state, ""}));
}

}  // namespace

std::unique_ptr<Exchange> get_jobs(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  const auto cursor = query.get("cursor");
  const std::optional<JobId> before = cursor ? parse_job_id(*cursor) : JobId{0};
  if (!before) {
    return problem_exchange(invalid_request_problem("cursor", "bad_value",
                                                    "The cursor is not one that this list gave."));
  }
  return read_exchange(
      call.parts, call.wake,
      [&store = call.parts.store, account = call.scope(), before = *before, limit](Answer& answer) {
        const uint64_t sequence = store.sequence();
        write_jobs(store.contacts(), sequence, account, before, limit, answer);
      });
}

std::unique_ptr<Exchange> get_job(Call& call) {
  JobId id = 0;
  if (auto problem = read_job(call, id)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&store = call.parts.store, account = call.scope(), id](Answer& answer) {
                         const uint64_t sequence = store.sequence();
                         const auto job = store.contacts().job(account, id);
                         if (!job) return write_problem(unknown_job_problem(), answer);
                         nlohmann::ordered_json json = job_json(*job);
                         json["sequence"] = sequence;
                         write_json(json, 200, answer);
                       });
}

std::unique_ptr<Exchange> post_job_pause(Call& call) {
  return set_state(call, JobState::paused);
}

std::unique_ptr<Exchange> post_job_resume(Call& call) {
  return set_state(call, JobState::running);
}

std::unique_ptr<Exchange> post_job_cancel(Call& call) {
  return set_state(call, JobState::cancelled);
}

std::unique_ptr<Exchange> post_counts_recalculate(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  JobAuthor author(call);
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  const CreateJob job = new_job(author.account, JobKind::recalculate_counts, {});
  return job_made_exchange(author, author.change(job), nlohmann::ordered_json::object());
}

}  // namespace suppressd
