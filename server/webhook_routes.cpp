// GET, PUT, DELETE …/webhooks/{provider}: how an account's provider proves what it tells. Secrets go
// in and never come out: a setting is told by the id that it got when it was set.
#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/query.hpp"
#include "server/sns_client.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"
#include "server/webhook_problems.hpp"
#include "server/webhook_proof.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view json_type = "application/json";

Json webhook_json(const WebhookConfig& config, const std::string& account) {
  Json json{
      {"provider", name_of(config.provider)},
      {"url", "/v1/accounts/" + account + "/webhooks/" + std::string(name_of(config.provider))}};
  if (config.provider == WebhookProvider::ses) {
    json["topics"] = config.proof.topics;
  } else {
    json["secret_id"] = config.secret_id;
  }
  if (!signs(config.provider)) {
    json["user"] = config.proof.user.empty() ? Json(nullptr) : Json(config.proof.user);
  }
  json["feeds_platform"] = config.feeds_platform;
  json["changed_at"] = time_text(config.changed_at);
  json["changed_by"] = config.changed_by;
  return json;
}

std::string make_secret_id() {
  unsigned char random[8];
  randombytes_buf(random, sizeof(random));
  return "w_" + encode_hex({reinterpret_cast<const char*>(random), sizeof(random)});
}

/// A text that is long enough not to be guessed; absent: nullopt.
std::optional<std::string> read_secret(JsonMembers& members, std::string_view name) {
  auto text = members.text(name, webhook_secret_octets_max);
  if (text && text->size() < webhook_secret_octets_min) {
    members.fail(name, "too_short");
    return std::nullopt;
  }
  return text;
}

std::optional<WebhookProof> read_topics(JsonMembers& members) {
  auto topics = members.texts("topics", webhook_topics_max);
  if (!topics) return std::nullopt;
  if (topics->empty()) members.fail("topics", "empty");
  for (size_t i = 0; i < topics->size(); ++i) {
    const std::string& topic = (*topics)[i];
    if (region_of_topic(topic).empty() || topic.size() > webhook_topic_octets_max) {
      members.fail(i, "topics", "not_a_topic");
    }
  }
  return WebhookProof{std::move(*topics), {}, {}};
}

std::optional<WebhookProof> read_public_key(JsonMembers& members) {
  const auto text = members.text("public_key", webhook_secret_octets_max);
  if (!text) return std::nullopt;
  const auto der = decode_base64(*text);
  if (!der || !read_p256_key(*der)) {
    members.fail("public_key", "not_a_p256_key");
    return std::nullopt;
  }
  return WebhookProof{{}, {}, *der};
}

std::optional<WebhookProof> read_sender(JsonMembers& members) {
  const auto user = members.text("user", webhook_user_octets_max);
  const auto secret = read_secret(members, "secret");
  if (user && user->find(':') != std::string::npos) members.fail("user", "bad_value");
  if (user && !secret) members.fail("secret", "required");
  if (!secret) return std::nullopt;
  return WebhookProof{{}, user.value_or(""), sha256(*secret)};
}

/// nullopt: nothing of it was given.
std::optional<WebhookProof> read_proof(WebhookProvider provider, JsonMembers& members) {
  switch (provider) {
    case WebhookProvider::ses:
      return read_topics(members);
    case WebhookProvider::sendgrid:
      return read_public_key(members);
    case WebhookProvider::mailgun:
      if (auto key = read_secret(members, "signing_key")) {
        return WebhookProof{{}, {}, std::move(*key)};
      }
      return std::nullopt;
    default:
      return read_sender(members);
  }
}

std::string_view proof_member(WebhookProvider provider) {
  switch (provider) {
    case WebhookProvider::ses:
      return "topics";
    case WebhookProvider::sendgrid:
      return "public_key";
    case WebhookProvider::mailgun:
      return "signing_key";
    default:
      return "secret";
  }
}

Problem staff_decides_problem() {
  return {403,
          "forbidden",
          "The key's role does not allow this.",
          "Whether an account's webhooks feed the platform's list is decided by support.",
          {},
          {},
          {}};
}

Problem unknown_webhook_problem() {
  return {404,
          "unknown-webhook",
          "The account has set nothing for this provider.",
          "Set it with PUT.",
          {},
          {},
          {}};
}

/// Who asks for which setting.
struct Setting {
  const AppParts& parts;
  Worker& worker;
  Wake wake;
  std::string key_id;
  bool by_staff = false;
  AccountNumber account = platform_number;
  std::string account_id;
  WebhookProvider provider = WebhookProvider::ses;
};

std::unique_ptr<Exchange> set_webhook(const Setting& setting, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  if (!setting.by_staff && members.has("feeds_platform")) {
    return problem_exchange(staff_decides_problem());
  }
  SetWebhook set;
  set.account = setting.account;
  set.provider = setting.provider;
  set.proof = read_proof(setting.provider, members);
  set.secret_id = make_secret_id();
  set.feeds_platform = members.boolean("feeds_platform");
  set.by_staff = setting.by_staff;
  if (auto problem = members.problem()) return problem_exchange(*problem);
  Change change{std::move(set), setting.key_id, now_ms(), std::nullopt};
  return commit_exchange(
      setting.parts, setting.wake, std::move(change),
      [setting](const Outcome& outcome, Answer& answer) {
        if (outcome.status == Outcome::Status::not_found) {
          const std::string missing(proof_member(setting.provider));
          return write_problem(
              invalid_body_problem({{std::nullopt, missing, "required"}},
                                   "Nothing is set yet: " + missing + " is needed."),
              answer);
        }
        const auto& directory = setting.parts.directory.refresh(setting.worker.directory);
        const WebhookConfig* config = directory.webhook(setting.account, setting.provider);
        if (!config) return write_problem(unknown_webhook_problem(), answer);  // removed since
        Json json = webhook_json(*config, setting.account_id);
        json["sequence"] = outcome.sequence;
        add_outcome_fields(outcome, answer);
        write_json(json, 200, answer);
      });
}

/// The path's provider, or a problem; no route here takes parameters.
std::optional<Problem> read_provider(const Call& call, WebhookProvider& provider) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem;
  const auto named = parse_webhook_provider(call.path.id);
  if (!named) return unknown_provider_problem();
  provider = *named;
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Exchange> put_webhook(Call& call) {
  Setting setting{call.parts,
                  call.worker,
                  call.wake,
                  call.key->id,
                  call.key->role == Role::admin || call.key->role == Role::support,
                  call.account->number,
                  call.account->id};
  if (auto problem = read_provider(call, setting.provider)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, json_type)) return problem_exchange(*problem);
  return body_exchange(call.head, control_body_bytes_max,
                       [setting](std::string body) { return set_webhook(setting, body); });
}

std::unique_ptr<Exchange> get_webhook(Call& call) {
  WebhookProvider provider;
  if (auto problem = read_provider(call, provider)) return problem_exchange(*problem);
  const WebhookConfig* config = call.directory.webhook(call.account->number, provider);
  if (!config) return problem_exchange(unknown_webhook_problem());
  Json json = webhook_json(*config, call.account->id);
  json["sequence"] = call.parts.committer.visible_sequence();
  return json_exchange(json);
}

std::unique_ptr<Exchange> get_webhooks(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  Json items = Json::array();
  for (const WebhookProvider provider : all_webhook_providers) {
    const WebhookConfig* config = call.directory.webhook(call.account->number, provider);
    if (config) items.push_back(webhook_json(*config, call.account->id));
  }
  return json_exchange(
      {{"items", std::move(items)}, {"sequence", call.parts.committer.visible_sequence()}});
}

std::unique_ptr<Exchange> delete_webhook(Call& call) {
  RemoveWebhook removed{call.account->number, {}};
  if (auto problem = read_provider(call, removed.provider)) return problem_exchange(*problem);
  return commit_exchange(call.parts, call.wake,
                         Change{removed, call.key->id, now_ms(), std::nullopt},
                         [](const Outcome& outcome, Answer& answer) {
                           if (outcome.status == Outcome::Status::not_found) {
                             return write_problem(unknown_webhook_problem(), answer);
                           }
                           add_outcome_fields(outcome, answer);
                           write_json({{"sequence", outcome.sequence}}, 200, answer);
                         });
}

}  // namespace suppressd
