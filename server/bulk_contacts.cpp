// Deleting and restoring many contacts: a selection at once, or what a filter or an earlier job
// names by a job of its own.
#include <nlohmann/json.hpp>

#include "server/confirmation.hpp"
#include "server/contact_filter.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/contact_selection.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/json_answer.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

constexpr size_t id_octets_max = 32;

std::unique_ptr<Exchange> change_selection(const JobAuthor& author, Change change,
                                           ContactSelection selection, std::string_view counted) {
  const auto write = [selection = std::move(selection), counted](const Outcome& outcome,
                                                                 Answer& answer) {
    add_outcome_fields(outcome, answer);
    nlohmann::ordered_json json{{"sequence", outcome.sequence}};
    add_results(selection, outcome, counted, json);
    write_json(json, 200, answer);
  };
  return commit_exchange(author.parts, author.wake, std::move(change), write);
}

std::unique_ptr<Exchange> delete_by_filter(const JobAuthor& author, JsonMembers& members,
                                           const std::string& body) {
  JobPlan plan;
  read_contact_filter(members, "filter", plan.filter);
  plan.reason = members.text("reason", deletion_reason_octets_max).value_or("");
  const Confirmation confirmation = read_confirmation(members);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  plan.filter.shown_at = confirmation.shown_at;
  const CreateJob job = new_job(author.account, JobKind::delete_contacts, plan);
  const auto found = [&reader = author.parts.store.contacts(), account = author.account,
                      filter = plan.filter] { return reader.count(account, filter); };
  return confirmed_job_exchange(author, job, body, confirmation, found);
}

std::unique_ptr<Exchange> delete_contacts(const JobAuthor& author, JsonMembers& members,
                                          const std::string& body) {
  if (members.has("filter")) return delete_by_filter(author, members, body);
  ContactSelection selection = read_selection(members);
  DeleteContacts change{author.account, selection.ids, read_channels(members), "",
                        ~uint64_t{0},   std::nullopt};
  change.reason = members.text("reason", deletion_reason_octets_max).value_or("");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return change_selection(author, author.change(std::move(change), body), std::move(selection),
                          "deleted");
}

/// 409: what that job did cannot be undone, or not yet.
Problem wrong_job_problem() {
  return {409,
          "wrong-job",
          "What this job did cannot be restored.",
          "It must be one that deletes contacts, and be over.",
          {},
          {},
          {}};
}

bool deletes(const Job& job) {
  return job.kind == JobKind::delete_contacts || job.kind == JobKind::delete_segment;
}

bool over(const Job& job) {
  return ended(job.state);
}

std::unique_ptr<Exchange> restore_by_job(const JobAuthor& author, JsonMembers& members,
                                         const std::string& body) {
  const auto text = members.text("job", id_octets_max);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  const JobId id = parse_job_id(*text).value_or(0);
  return read_then(author.parts, author.wake, [author, id, body] {
    const auto deleter = author.parts.store.contacts().job(author.account, id);
    if (!deleter) return problem_exchange(unknown_job_problem());
    if (!deletes(*deleter) || !over(*deleter)) return problem_exchange(wrong_job_problem());
    JobPlan plan;
    plan.deleted_by = id;
    // Of the other kind the number counts who left the segment, too.
    const bool exact = deleter->kind == JobKind::delete_contacts;
    const CreateJob job =
        new_job(author.account, JobKind::restore_contacts, plan, exact ? deleter->changed : 0);
    return job_made_exchange(author, author.change(job, body), nlohmann::ordered_json::object());
  });
}

std::unique_ptr<Exchange> restore_contacts(const JobAuthor& author, JsonMembers& members,
                                           const std::string& body) {
  if (members.has("job")) return restore_by_job(author, members, body);
  ContactSelection selection = read_selection(members);
  RestoreContacts change{author.account, selection.ids, read_channels(members), 0, std::nullopt};
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return change_selection(author, author.change(std::move(change), body), std::move(selection),
                          "restored");
}

}  // namespace

std::unique_ptr<Exchange> post_delete_contacts(Call& call) {
  return json_body_exchange(call, selection_body_bytes_max, delete_contacts);
}

std::unique_ptr<Exchange> post_restore_contacts(Call& call) {
  return json_body_exchange(call, selection_body_bytes_max, restore_contacts);
}

}  // namespace suppressd
