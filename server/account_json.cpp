#include "server/account_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "server/json_body.hpp"
#include "server/time_text.hpp"

namespace suppressd {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array all_reasons{
    Reason::unsubscribe, Reason::soft_bounce_limit, Reason::manual,    Reason::invalid_address,
    Reason::hard_bounce, Reason::spam_trap,         Reason::complaint, Reason::legal};

/// What people have said themselves, and what the law says, ends only when support says so twice.
bool ends_only_on_purpose(Reason reason) {
  return reason == Reason::complaint || reason == Reason::unsubscribe || reason == Reason::legal;
}

std::optional<SoftBouncePolicy> read_soft_bounces(JsonMembers& members) {
  SoftBouncePolicy policy;
  const auto read = [&](std::string_view name, uint16_t most, uint16_t& into) {
    if (const auto number = members.number(name, most)) into = static_cast<uint16_t>(*number);
  };
  read("limit", soft_bounce_limit_max, policy.limit);
  read("days", policy_days_max, policy.days);
  read("first_days", policy_days_max, policy.first_days);
  read("longest_days", policy_days_max, policy.longest_days);
  for (const auto& [name, days] : {std::pair{"days", policy.days},
                                   {"first_days", policy.first_days},
                                   {"longest_days", policy.longest_days}}) {
    if (days == 0) members.fail(name, "must_be_positive");
  }
  if (policy.longest_days < policy.first_days) members.fail("longest_days", "below_first_days");
  return policy;
}

void read_expiry(JsonMembers& members, const std::vector<std::string>& confirmed,
                 UpdateAccount& settings) {
  for (const Reason reason : all_reasons) {
    const std::string_view name = name_of(reason);
    if (!members.has(name)) continue;
    std::optional<uint16_t>& days = settings.expire_after_days[static_cast<size_t>(reason)];
    if (members.is_null(name)) {
      days = uint16_t{0};
      continue;
    }
    const auto number = members.number(name, policy_days_max);
    if (!number) continue;
    days = static_cast<uint16_t>(*number);
    if (*days != 0 && ends_only_on_purpose(reason) &&
        std::find(confirmed.begin(), confirmed.end(), name) == confirmed.end()) {
      members.fail(name, "confirmation_needed");
    }
  }
}

}  // namespace

Json policies_json(const Policies& policies) {
  const SoftBouncePolicy& soft = policies.soft_bounces;
  Json expiry = Json::object();
  for (const Reason reason : all_reasons) {
    const uint16_t days = policies.expire_after_days[static_cast<size_t>(reason)];
    if (days != 0) expiry[std::string(name_of(reason))] = days;
  }
  return {{"self_service", policies.self_service},
          {"trusted_bounces", policies.trusted_bounces},
          {"soft_bounces",
           {{"limit", soft.limit},
            {"days", soft.days},
            {"first_days", soft.first_days},
            {"longest_days", soft.longest_days}}},
          {"expire_after_days", std::move(expiry)}};
}

void read_policies(JsonMembers& members, UpdateAccount& settings) {
  settings.self_service = members.boolean("self_service");
  settings.trusted_bounces = members.boolean("trusted_bounces");
  JsonMembers inner;
  if (members.object("soft_bounces", inner)) {
    settings.soft_bounces = read_soft_bounces(inner);
    members.take_errors("soft_bounces", inner);
  }
  const auto confirmed =
      members.texts("confirm_expiry_of", reasons_end).value_or(std::vector<std::string>{});
  JsonMembers expiry;
  if (members.object("expire_after_days", expiry)) {
    read_expiry(expiry, confirmed, settings);
    members.take_errors("expire_after_days", expiry);
  }
}

Json account_json(const Account& account) {
  Json json{{"account", account.id}, {"name", account.name}};
  json["default_region"] =
      account.default_region.empty() ? Json(nullptr) : Json(account.default_region.text());
  json["policies"] = policies_json(account.policies);
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
