#include "server/confirmation.hpp"

#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {

Confirmation read_confirmation(JsonMembers& members) {
  for (const char* name : {"shown_at", "expected"}) {
    if (!members.has(name)) members.fail(name, "required");
  }
  Confirmation confirmation;
  confirmation.shown_at = members.number("shown_at", ~uint64_t{0}).value_or(0);
  confirmation.expected = members.number("expected", ~uint64_t{0}).value_or(0);
  return confirmation;
}

std::optional<Problem> check_reached(const Store& store, const Confirmation& confirmation) {
  const uint64_t stored = store.contacts().count_lists(platform_number, {}).sequence;
  if (confirmation.shown_at <= stored) return std::nullopt;
  return invalid_request_problem("shown_at", "not_reached",
                                 "No list can have shown this sequence yet.");
}

Problem wrong_number_problem(uint64_t expected, uint64_t found) {
  return {409,
          "wrong-confirmation",
          "What was confirmed is not what there is.",
          "Nothing was done. Look at the list again, and confirm the number it shows.",
          {},
          {},
          {{"expected", std::to_string(expected)}, {"found", std::to_string(found)}}};
}

Problem wrong_name_problem() {
  return {409,
          "wrong-confirmation",
          "What was confirmed is not what there is.",
          "Nothing was done. Confirm by what the thing is called.",
          {},
          {},
          {}};
}

Problem nothing_matches_problem() {
  return {409,
          "nothing-matches",
          "No contact is what the filter asks for.",
          "Nothing was done. What was shown may have changed since.",
          {},
          {},
          {}};
}

std::unique_ptr<Exchange> confirmed_job_exchange(const JobAuthor& author, CreateJob job,
                                                 std::string_view content,
                                                 const Confirmation& confirmation,
                                                 std::function<uint64_t()> found) {
  const auto count = [author, change = author.change(std::move(job), content), confirmation,
                      found = std::move(found)]() mutable -> std::unique_ptr<Exchange> {
    const bool repeated = change.idempotency &&
                          author.parts.store.remembered(*change.idempotency, change.at).has_value();
    if (!repeated) {
      if (auto problem = check_reached(author.parts.store, confirmation)) {
        return problem_exchange(*problem);
      }
      const uint64_t number = found();
      if (number == 0) return problem_exchange(nothing_matches_problem());
      if (number != confirmation.expected) {
        return problem_exchange(wrong_number_problem(confirmation.expected, number));
      }
      std::get<CreateJob>(change.what).job.total = number;
    }
    return job_made_exchange(author, std::move(change), nlohmann::ordered_json::object());
  };
  return read_then(author.parts, author.wake, count);
}

}  // namespace suppressd
