#include "server/account_json.hpp"

#include <nlohmann/json.hpp>

#include "server/time_text.hpp"

namespace suppressd {

using Json = nlohmann::ordered_json;

Json account_json(const Account& account) {
  Json json{{"account", account.id}, {"name", account.name}};
  json["default_region"] =
      account.default_region.empty() ? Json(nullptr) : Json(account.default_region.text());
  json["policies"] = {{"self_service", account.policies.self_service},
                      {"trusted_bounces", account.policies.trusted_bounces}};
  json["created_at"] = time_text(account.created_at);
  return json;
}

Json key_json(const ApiKey& key, const Account* account) {
  Json json{{"id", key.id}, {"role", name_of(key.role)}};
  json["account"] = account != nullptr ? Json(account->id) : Json(nullptr);
  json["name"] = key.name;
  json["created_at"] = time_text(key.created_at);
  json["revoked_at"] = key.revoked_at == 0 ? Json(nullptr) : Json(time_text(key.revoked_at));
  return json;
}

}  // namespace suppressd
