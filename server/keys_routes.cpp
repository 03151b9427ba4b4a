// API keys: make (the text is shown once), list, revoke. Administrators only.
#include <nlohmann/json.hpp>

#include "server/account_json.hpp"
#include "server/auth.hpp"
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

constexpr size_t key_name_octets_max = 256;

/// What the handler of the body keeps from the call.
struct Author {
  const AppParts& parts;
  Worker& worker;
  Wake wake;
  std::string key_id;
  IdempotencyKey idempotency;
};

/// The role, and the account that it needs or may not have.
void read_binding(JsonMembers& members, const Directory::Snapshot& directory, ApiKey& key,
                  std::optional<Account>& account) {
  const auto role = parse_role(members.text("role", 16).value_or(""));
  if (!role) members.fail("role", "unknown_role");
  key.role = role.value_or(Role::checker);
  const bool bound = key.role != Role::admin && key.role != Role::support;
  const auto id = members.text("account", 64);
  if (id && !bound) members.fail("account", "role_has_no_account");
  if (!id && bound && role) members.fail("account", "role_needs_account");
  if (!id || !bound) return;
  if (const Account* found = directory.account(*id)) {
    account = *found;
    key.account = found->number;
  } else {
    members.fail("account", "unknown_account");
  }
}

Problem key_exists_problem() {
  return {409,
          "key-exists",
          "A key was made with this Idempotency-Key long ago.",
          "Send the request with another Idempotency-Key.",
          {},
          {},
          {}};
}

void write_new_key(const ApiKey& key, const std::optional<Account>& account,
                   const std::string& text, const Outcome& outcome, Answer& answer) {
  const bool replayed = outcome.status == Outcome::Status::replayed;
  nlohmann::ordered_json json = key_json(key, account ? &*account : nullptr);
  if (!replayed) json["key"] = text;
  json["sequence"] = outcome.sequence;
  add_outcome_fields(outcome, answer);
  answer.fields.emplace_back("Cache-Control", "no-store");
  write_json(json, replayed ? 200 : 201, answer);
}

std::unique_ptr<Exchange> create_key(const Author& author, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  ApiKey key;
  std::optional<Account> account;
  read_binding(members, author.parts.directory.refresh(author.worker.directory), key, account);
  key.name = members.text("name", key_name_octets_max).value_or("");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  const std::string text = make_key_text(key.role);
  key.hash = hash_key(text);
  key.id = author.idempotency.given() ? "k_" + author.idempotency.stable_id() : make_key_id();
  key.created_at = now_ms();
  Change change{CreateKey{key}, author.key_id, key.created_at, author.idempotency.for_change(body)};
  const auto finish = [author, key, account, text](const Outcome& outcome, Answer& answer) {
    if (outcome.status == Outcome::Status::already_exists) {
      return write_problem(key_exists_problem(), answer);
    }
    // A replay made no key: what is shown then is the first one's record.
    const auto& directory = author.parts.directory.refresh(author.worker.directory);
    const ApiKey* stored = directory.key(std::string_view(key.id));
    write_new_key(stored ? *stored : key, account, text, outcome, answer);
  };
  return commit_exchange(author.parts, author.wake, std::move(change), finish);
}

Problem unknown_key_problem() {
  return {404, "unknown-key", "There is no key with this id.", "", {}, {}, {}};
}

Problem last_admin_key_problem() {
  return {409,
          "last-admin-key",
          "This is the last admin key in force.",
          "Make another admin key first: nobody could make one afterwards.",
          {},
          {},
          {}};
}

}  // namespace

std::unique_ptr<Exchange> post_key(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  Author author{call.parts, call.worker, call.wake, call.key->id, {}};
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, control_body_bytes_max,
                       [author](std::string body) { return create_key(author, body); });
}

std::unique_ptr<Exchange> get_keys(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  const auto found = call.directory.keys_after(query.get("cursor").value_or(""), limit + 1);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}, {"next", nullptr}};
  for (const ApiKey* key : found) {
    if (json["items"].size() == limit) {
      json["next"] = json["items"].back()["id"];
      break;
    }
    json["items"].push_back(key_json(*key, call.directory.account(key->account)));
  }
  json["sequence"] = call.parts.committer.visible_sequence();
  return json_exchange(json);
}

std::unique_ptr<Exchange> delete_key(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  const ApiKey* key = call.directory.key(std::string_view(call.path.id));
  if (!key) return problem_exchange(unknown_key_problem());
  if (key->revoked_at == 0 && key->role == Role::admin &&
      call.directory.keys_in_force(Role::admin) == 1) {
    return problem_exchange(last_admin_key_problem());
  }
  Change change{RevokeKey{call.path.id}, call.key->id, now_ms(), std::nullopt};
  return commit_exchange(call.parts, call.wake, std::move(change),
                         [](const Outcome& outcome, Answer& answer) {
                           if (outcome.status == Outcome::Status::not_found) {
                             return write_problem(unknown_key_problem(), answer);
                           }
                           add_outcome_fields(outcome, answer);
                           write_json({{"sequence", outcome.sequence}}, 200, answer);
                         });
}

}  // namespace suppressd
