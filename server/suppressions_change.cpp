// Changes of one entry: delete a suppression, give or lift an exemption from the platform's.
#include <nlohmann/json.hpp>

#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/path_address.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

void write_sequence(const Outcome& outcome, Answer& answer) {
  if (outcome.status == Outcome::Status::not_found) {
    return write_problem(unknown_suppression_problem(), answer);
  }
  add_outcome_fields(outcome, answer);
  write_json({{"sequence", outcome.sequence}}, 200, answer);
}

/// The path's address, and no query.
std::optional<Problem> read_target(const Call& call, NamedAddress& address) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem;
  return read_path_address(call, address);
}

std::unique_ptr<Exchange> exempt(const AppParts& parts, Wake wake, Change change,
                                 const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body.empty() ? "{}" : body, members)) {
    return problem_exchange(*problem);
  }
  Exemption exemption{change.at, change.by, ""};
  exemption.note = members.text("note", evidence_octets_max).value_or("");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  std::get<SetExemption>(change.what).exemption = exemption;
  return commit_exchange(parts, wake, std::move(change), write_sequence);
}

}  // namespace

std::unique_ptr<Exchange> delete_suppression(Call& call) {
  NamedAddress address;
  if (auto problem = read_target(call, address)) return problem_exchange(*problem);
  Change change{RemoveSuppression{call.scope(), address.channel, address.text}, call.key->id,
                now_ms(), std::nullopt};
  return commit_exchange(call.parts, call.wake, std::move(change), write_sequence);
}

std::unique_ptr<Exchange> put_exemption(Call& call) {
  NamedAddress address;
  if (auto problem = read_target(call, address)) return problem_exchange(*problem);
  if (call.head.has_body()) {
    if (auto problem = check_media_type(call.head, "application/json")) {
      return problem_exchange(*problem);
    }
  }
  Change change{SetExemption{call.scope(), address.channel, address.text, std::nullopt},
                call.key->id, now_ms(), std::nullopt};
  return body_exchange(call.head, control_body_bytes_max,
                       [&parts = call.parts, wake = call.wake, change](const std::string& body) {
                         return exempt(parts, wake, change, body);
                       });
}

std::unique_ptr<Exchange> delete_exemption(Call& call) {
  NamedAddress address;
  if (auto problem = read_target(call, address)) return problem_exchange(*problem);
  Change change{SetExemption{call.scope(), address.channel, address.text, std::nullopt},
                call.key->id, now_ms(), std::nullopt};
  return commit_exchange(call.parts, call.wake, std::move(change), write_sequence);
}

}  // namespace suppressd
