// Jobs on the wire, and the changes that make them. Thread safety: pure functions, but for the
// exchanges, which are the caller's thread's.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "persistence/change.hpp"
#include "server/call.hpp"
#include "server/idempotency.hpp"
#include "server/job_plan.hpp"
#include "server/json_body.hpp"

namespace suppressd {

/// {"id","kind","state","total","done","changed","skipped","progress","rows_per_second",…}.
nlohmann::ordered_json job_json(const Job& job);

/// 409: why a job that is there cannot take the state it was to take.
Problem stopped_job_problem(const Job& job);

/// Who asks for a change, kept from the call for what comes after its handler returned.
struct JobAuthor {
  explicit JobAuthor(const Call& call)
      : parts(call.parts), wake(call.wake), account(call.scope()), key_id(call.key->id) {}
  const AppParts& parts;
  Wake wake;
  AccountNumber account;
  std::string key_id;
  IdempotencyKey idempotency;

  /// A change of theirs, now. `content` is what a repetition must equal, where one may come.
  Change change(decltype(Change::what) what, std::string_view content = {}) const;
};

/// A body of JSON, no query, perhaps an Idempotency-Key; then `next`, with the body's text.
using JsonBodyHandler = std::function<std::unique_ptr<Exchange>(const JobAuthor&, JsonMembers&,
                                                                const std::string& body)>;
std::unique_ptr<Exchange> json_body_exchange(Call& call, uint64_t octets_max, JsonBodyHandler next);

/// A new job of that kind and plan.
CreateJob new_job(AccountNumber account, JobKind kind, const JobPlan& plan, uint64_t total = 0);

/// Commits a change that makes a job, or changes one, and answers with what the job is then:
/// {"sequence","job":{…}} and 202, or the job itself and 200. `more` joins the former.
std::unique_ptr<Exchange> job_made_exchange(const JobAuthor& author, Change change,
                                            nlohmann::ordered_json more);
std::unique_ptr<Exchange> job_changed_exchange(const JobAuthor& author, Change change);

}  // namespace suppressd
