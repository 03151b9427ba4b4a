#include "server/suppression_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

Json cause_json(const Cause& cause, Scope scope, Audience audience) {
  const bool all = audience == Audience::staff || scope == Scope::account;
  const auto shown = [all](const std::string& text) { return text_or_null(all ? text : ""); };
  return {{"reason", name_of(cause.reason)},
          {"source", cause.source},
          {"at", time_text(cause.at)},
          {"by", shown(cause.by)},
          {"evidence", shown(cause.evidence)},
          {"campaign", shown(cause.campaign)},
          {"scope", name_of(scope)}};
}

Json causes_json(const std::optional<Suppression>& account,
                 const std::optional<Suppression>& platform, Audience audience) {
  Json causes = Json::array();
  const auto append = [&](const std::optional<Suppression>& one, Scope scope) {
    if (!one) return;
    for (const Cause& cause : one->causes) causes.push_back(cause_json(cause, scope, audience));
  };
  append(account, Scope::account);
  append(platform, Scope::platform);
  return causes;
}

Json exemption_json(const std::optional<Exemption>& exemption) {
  if (!exemption) return nullptr;
  return {{"at", time_text(exemption->at)},
          {"by", text_or_null(exemption->by)},
          {"note", text_or_null(exemption->note)}};
}

Json suppression_json(const Suppression& suppression) {
  const Scope scope = suppression.scope == platform_number ? Scope::platform : Scope::account;
  const auto& causes = suppression.causes;
  const auto earlier = [](const Cause& a, const Cause& b) { return a.at < b.at; };
  Json json{{"channel", name_of(suppression.channel)},
            {"address", suppression.address},
            {"given", suppression.given.empty() ? suppression.address : suppression.given},
            {"region", text_or_null(suppression.region.text())},
            {"scope", name_of(scope)}};
  json["reason"] = causes.empty() ? Json(nullptr) : Json(name_of(suppression.strongest()));
  json["first_at"] = nullptr;
  json["last_at"] = nullptr;
  if (!causes.empty()) {
    json["first_at"] = time_text(std::min_element(causes.begin(), causes.end(), earlier)->at);
    json["last_at"] = time_text(std::max_element(causes.begin(), causes.end(), earlier)->at);
  }
  json["causes"] = Json::array();
  for (const Cause& cause : causes) {
    json["causes"].push_back(cause_json(cause, scope, Audience::staff));
  }
  json["exemption"] = exemption_json(suppression.exemption);
  return json;
}

}  // namespace suppressd
