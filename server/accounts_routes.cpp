// Accounts: create, list, look at, change. Lists come from memory; changes go through the
// committer.
#include <nlohmann/json.hpp>

#include "server/account_json.hpp"
#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/idempotency.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view patch_types = "application/merge-patch+json, application/json";

Problem owners_policies_problem() {
  return {403,
          "forbidden",
          "The key's role does not allow this.",
          "An account's policies are set by support.",
          {},
          {},
          {}};
}

/// What is given of name, default region and policies; null clears the region.
UpdateAccount read_settings(JsonMembers& members, const std::string& id) {
  UpdateAccount settings{id, members.text("name", account_name_octets_max), {}, {}};
  JsonMembers policies;
  if (members.object("policies", policies)) {
    read_policies(policies, settings);
    members.take_errors("policies", policies);
  }
  if (members.is_null("default_region")) {
    settings.default_region = Region{};
  } else if (const auto text = members.text("default_region", 2)) {
    settings.default_region = parse_region(*text);
    if (!settings.default_region) members.fail("default_region", "unknown_region");
  }
  return settings;
}

/// The account as it is after the change, which is in the directory by now.
const Account& stored_account(const AppParts& parts, Worker& worker, const std::string& id) {
  return *parts.directory.refresh(worker.directory).account(std::string_view(id));
}

void write_account(const Account& account, int status, const Outcome& outcome, Answer& answer) {
  nlohmann::ordered_json json = account_json(account);
  json["sequence"] = outcome.sequence;
  add_outcome_fields(outcome, answer);
  if (status == 201) answer.fields.emplace_back("Location", "/v1/accounts/" + account.id);
  write_json(json, status, answer);
}

Problem account_exists_problem() {
  return {409,
          "account-exists",
          "There is an account with this id.",
          "Choose another id, or change the account with PATCH.",
          {},
          {},
          {}};
}

/// What the handlers of bodies keep from the call.
struct Author {
  const AppParts& parts;
  Worker& worker;
  Wake wake;
  std::string key_id;
  Role role;
  IdempotencyKey idempotency;
};

std::unique_ptr<Exchange> create_account(const Author& author, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  Account account;
  account.id = members.text("account", 64).value_or("");
  if (!valid_account_id(account.id)) members.fail("account", "bad_account_id");
  read_settings(members, account.id).apply_to(account);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  account.created_at = now_ms();
  Change change{CreateAccount{account}, author.key_id, account.created_at,
                author.idempotency.for_change(body)};
  const auto finish = [author, id = account.id](const Outcome& outcome, Answer& answer) {
    if (outcome.status == Outcome::Status::already_exists) {
      return write_problem(account_exists_problem(), answer);
    }
    // A replay created nothing: what is shown then is the first one's account.
    write_account(stored_account(author.parts, author.worker, id), 201, outcome, answer);
  };
  return commit_exchange(author.parts, author.wake, std::move(change), finish);
}

std::unique_ptr<Exchange> update_account(const Author& author, const std::string& id,
                                         const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  if (author.role == Role::owner && members.has("policies")) {
    return problem_exchange(owners_policies_problem());
  }
  Change change{read_settings(members, id), author.key_id, now_ms(), std::nullopt};
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return commit_exchange(author.parts, author.wake, std::move(change),
                         [author, id](const Outcome& outcome, Answer& answer) {
                           write_account(stored_account(author.parts, author.worker, id), 200,
                                         outcome, answer);
                         });
}

}  // namespace

std::unique_ptr<Exchange> post_account(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, json_type)) return problem_exchange(*problem);
  Author author{call.parts, call.worker, call.wake, call.key->id, call.key->role, {}};
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, control_body_bytes_max,
                       [author](std::string body) { return create_account(author, body); });
}

std::unique_ptr<Exchange> patch_account(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, patch_types)) return problem_exchange(*problem);
  Author author{call.parts, call.worker, call.wake, call.key->id, call.key->role, {}};
  return body_exchange(call.head, control_body_bytes_max,
                       [author, id = call.account->id](std::string body) {
                         return update_account(author, id, body);
                       });
}

std::unique_ptr<Exchange> get_account(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  nlohmann::ordered_json json = account_json(*call.account);
  json["sequence"] = call.parts.committer.visible_sequence();
  return json_exchange(json);
}

std::unique_ptr<Exchange> get_accounts(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  const auto found = call.directory.accounts_after(query.get("cursor").value_or(""), limit + 1);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}, {"next", nullptr}};
  for (const Account* account : found) {
    if (json["items"].size() == limit) {
      json["next"] = json["items"].back()["account"];
      break;
    }
    json["items"].push_back(account_json(*account));
  }
  json["sequence"] = call.parts.committer.visible_sequence();
  return json_exchange(json);
}

}  // namespace suppressd
