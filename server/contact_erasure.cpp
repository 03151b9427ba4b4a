// Erasing a contact: asked for by staff, confirmed by its id, done by a job.
#include <nlohmann/json.hpp>

#include "server/confirmation.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/sequel_exchange.hpp"

namespace suppressd {
namespace {

constexpr size_t id_octets_max = 32;

std::unique_ptr<Exchange> erase(const JobAuthor& author, ContactId id, JsonMembers& members,
                                const std::string& body) {
  const std::string confirmed = members.text("confirm", id_octets_max).value_or("");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return read_then(author.parts, author.wake, [author, id, confirmed, body] {
    // A repetition comes when the contact is gone.
    const Change repeated = author.change(CreateJob(), body);
    const bool known =
        repeated.idempotency && author.parts.store.remembered(*repeated.idempotency, repeated.at);
    if (!known && !author.parts.store.contacts().contact(author.account, id)) {
      return problem_exchange(unknown_contact_problem());
    }
    if (confirmed != contact_id_text(id)) return problem_exchange(wrong_name_problem());
    JobPlan plan;
    plan.contact = id;
    const CreateJob job = new_job(author.account, JobKind::erase_contact, plan);
    return job_made_exchange(author, author.change(job, body), nlohmann::ordered_json::object());
  });
}

}  // namespace

std::unique_ptr<Exchange> post_contact_erase(Call& call) {
  const ContactId id = parse_contact_id(call.path.id).value_or(0);
  return json_body_exchange(
      call, control_body_bytes_max,
      [id](const JobAuthor& author, JsonMembers& members, const std::string& body) {
        return erase(author, id, members, body);
      });
}

}  // namespace suppressd
