// Decisions of support: a request is approved, whole or in part, or rejected, once. What follows
// for its addresses is part of the commit; for a segment's contacts a job is made, which does it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/idempotency.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/query.hpp"
#include "server/request_json.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

/// What deciding keeps from the call.
struct Decider {
  const AppParts& parts;
  Wake wake;
  Account account;
  std::string key_id;
  RequestId request = 0;
  IdempotencyKey idempotency;
};

struct Decision {
  RequestState state = RequestState::approved;
  std::string note;
  std::optional<std::vector<uint32_t>> only;  // positions, ascending
};

Problem already_decided_problem(RequestState state) {
  return {409,
          "already-decided",
          "Somebody has decided this request.",
          "A request is decided once; look at its state and note.",
          {},
          {},
          {{"state", '"' + std::string(name_of(state)) + '"'}}};
}

Problem segment_gone_problem() {
  return {409,
          "segment-gone",
          "The request's segment is gone.",
          "Reject the request: there is nobody whom it could be applied to.",
          {},
          {},
          {}};
}

std::optional<ModerationRequest> stored(const Decider& decider) {
  return decider.parts.store.contacts().request(decider.account.number, decider.request);
}

std::unique_ptr<Exchange> answer_decided(const Decider& decider, const Outcome& outcome) {
  return read_exchange(decider.parts, decider.wake, [decider, outcome](Answer& answer) {
    const auto request = stored(decider);
    if (!request) return write_problem(unknown_request_problem(), answer);
    if (outcome.status == Outcome::Status::already_exists) {
      return write_problem(already_decided_problem(request->state), answer);
    }
    nlohmann::ordered_json json = request_json(*request, decider.account.id);
    json["sequence"] = outcome.sequence;
    add_outcome_fields(outcome, answer);
    write_json(json, 200, answer);
  });
}

/// Which positions are approved, or why they cannot be. All of them is the whole request.
std::optional<Problem> apply_only(const ModerationRequest& request, const Decision& decision,
                                  DecideRequest& decide) {
  if (!decision.only) return std::nullopt;
  const auto refuse = [](std::string error, std::string detail) {
    return invalid_body_problem({{std::nullopt, "only", std::move(error)}}, std::move(detail));
  };
  if (request.segment != 0) {
    return refuse("not_of_a_segment", "A segment's request is approved as a whole.");
  }
  if (decision.only->empty()) {
    return refuse("required", "Name the positions to approve, or reject the request.");
  }
  if (decision.only->back() >= request.targets.size()) {
    return refuse("no_such_position", "Positions count the request's " +
                                          std::to_string(request.targets.size()) +
                                          " addresses from 0.");
  }
  if (decision.only->size() == request.targets.size()) return std::nullopt;
  decide.state = RequestState::approved_in_part;
  decide.approved = *decision.only;
  return std::nullopt;
}

Job apply_job(const ModerationRequest& request) {
  Job job;
  job.kind = JobKind::apply_request;
  nlohmann::ordered_json plan{{"request", request_id_text(request.id)},
                              {"segment", segment_id_text(request.segment)},
                              {"channel", nullptr}};
  if (request.segment_channel) plan["channel"] = name_of(*request.segment_channel);
  job.plan = plan.dump();
  return job;
}

/// On a pool thread: what the request is tells what its decision comes to. Whether it is still open
/// the commit finds out, so that of two deciders one wins, and a repetition gets its first answer.
std::unique_ptr<Exchange> decide(const Decider& decider, const Decision& decision,
                                 const std::optional<Idempotency>& idempotency) {
  const auto request = stored(decider);
  if (!request) return problem_exchange(unknown_request_problem());
  DecideRequest decide{decider.account.number, decider.request, decision.state, {},
                       decision.note,          std::nullopt};
  if (auto problem = apply_only(*request, decision, decide)) return problem_exchange(*problem);
  if (request->segment != 0 && decision.state == RequestState::approved) {
    const auto segment =
        decider.parts.store.contacts().segment(decider.account.number, request->segment);
    if (request->state == RequestState::open && (!segment || segment->deleting)) {
      return problem_exchange(segment_gone_problem());
    }
    decide.job = apply_job(*request);
  }
  Change change{std::move(decide), decider.key_id, now_ms(), idempotency};
  return commit_then(
      decider.parts, decider.wake, std::move(change),
      [decider](const Outcome& outcome) { return answer_decided(decider, outcome); });
}

void read_only_positions(JsonMembers& members, Decision& decision) {
  auto positions = members.numbers("only", request_targets_max, UINT32_MAX);
  if (!positions) return;
  std::sort(positions->begin(), positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
  decision.only.emplace(positions->begin(), positions->end());
}

std::unique_ptr<Exchange> read_decision(const Decider& decider, RequestState state,
                                        const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body.empty() ? "{}" : body, members)) {
    return problem_exchange(*problem);
  }
  Decision decision;
  decision.state = state;
  decision.note = members.text("note", statement_octets_max).value_or("");
  if (state == RequestState::rejected) {
    if (decision.note.find_first_not_of(" \t\r\n") == std::string::npos) {
      members.fail("note", "required");
    }
  } else {
    read_only_positions(members, decision);
  }
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return read_then(decider.parts, decider.wake,
                   [decider, decision, idempotency = decider.idempotency.for_change(body)] {
                     return decide(decider, decision, idempotency);
                   });
}

std::unique_ptr<Exchange> begin_decision(Call& call, RequestState state) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (call.head.has_body()) {
    if (auto problem = check_media_type(call.head, "application/json")) {
      return problem_exchange(*problem);
    }
  }
  Decider decider{call.parts, call.wake, *call.account, call.key->id, 0, {}};
  if (auto problem = IdempotencyKey::read(call, decider.idempotency)) {
    return problem_exchange(*problem);
  }
  decider.request = parse_request_id(call.path.id).value_or(0);
  if (decider.request == 0) return problem_exchange(unknown_request_problem());
  return body_exchange(
      call.head, control_body_bytes_max,
      [decider, state](const std::string& body) { return read_decision(decider, state, body); });
}

}  // namespace

std::unique_ptr<Exchange> post_request_approve(Call& call) {
  return begin_decision(call, RequestState::approved);
}

std::unique_ptr<Exchange> post_request_reject(Call& call) {
  return begin_decision(call, RequestState::rejected);
}

}  // namespace suppressd
