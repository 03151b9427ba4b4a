// POST …/policies/simulate: what other policies would have made of what is remembered; changes
// nothing. POST …/policies/expire: ends now what the account's policies say is over, as the server
// does every few minutes (policy_keeper.hpp).
#include <nlohmann/json.hpp>

#include "persistence/bounce_reader.hpp"
#include "server/account_json.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/policy_keeper.hpp"
#include "server/query.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr uint64_t simulated_days_max = 90;  // bounces are kept for so long
constexpr uint64_t simulated_rows_max = 1'000;
constexpr uint64_t simulated_rows_default = 100;

nlohmann::ordered_json simulation_json(const PolicySimulation& simulation,
                                       const Policies& policies) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const PolicySimulation::Row& row : simulation.rows) {
    rows.push_back({{"channel", name_of(row.channel)},
                    {"address", row.address},
                    {"effect", name_of(row.effect)}});
  }
  return {{"sequence", simulation.sequence},      {"policies", policies_json(policies)},
          {"bouncing", simulation.bouncing},      {"would_be_suppressed", simulation.suppressed},
          {"would_be_clear", simulation.cleared}, {"would_expire", simulation.expired},
          {"partial", simulation.partial},        {"addresses", std::move(rows)}};
}

std::unique_ptr<Exchange> simulate(const AppParts& parts, const Wake& wake, const Account& account,
                                   const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  UpdateAccount settings;
  JsonMembers policies;
  if (members.object("policies", policies)) {
    read_policies(policies, settings);
    members.take_errors("policies", policies);
  }
  PolicyTrial trial;
  trial.days = members.number("days", simulated_days_max).value_or(trial.days);
  if (trial.days == 0) members.fail("days", "must_be_positive");
  trial.rows_max = members.number("limit", simulated_rows_max).value_or(simulated_rows_default);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  Account changed = account;
  settings.apply_to(changed);
  trial.now = account.policies;
  trial.then = changed.policies;
  trial.at = now_ms();
  return read_exchange(parts, wake, [&parts, trial, number = account.number](Answer& answer) {
    const BounceReader reader(parts.store.contacts());
    write_json(simulation_json(reader.simulate(number, trial), trial.then), 200, answer);
  });
}

void write_expired(const Outcome& outcome, bool more, Answer& answer) {
  add_outcome_fields(outcome, answer);
  write_json({{"sequence", outcome.sequence},
              {"cleared", outcome.added},
              {"lessened", outcome.updated},
              {"more", more}},
             200, answer);
}

}  // namespace

std::unique_ptr<Exchange> post_policies_simulate(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, control_body_bytes_max,
                       [&parts = call.parts, wake = call.wake, account = *call.account](
                           std::string body) { return simulate(parts, wake, account, body); });
}

std::unique_ptr<Exchange> post_policies_expire(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  const AppParts& parts = call.parts;
  return read_then(
      parts, call.wake,
      [&parts, wake = call.wake, number = call.account->number, by = call.key->id,
       days = call.account->policies.expire_after_days] {
        const TimeMs now = now_ms();
        const BounceReader reader(parts.store.contacts());
        ExpiredCauses found = reader.expired(number, days, now, {}, expiry_looked_at_max);
        const bool more = !found.next.empty();
        Change change{ExpireCauses{number, days, std::move(found.rows)}, by, now, std::nullopt};
        return commit_exchange(parts, wake, std::move(change),
                               [more](const Outcome& outcome, Answer& answer) {
                                 write_expired(outcome, more, answer);
                               });
      });
}

}  // namespace suppressd
