#include "server/contact_json.hpp"

#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json time_or_null(TimeMs time) {
  return time == 0 ? Json(nullptr) : Json(time_text(time));
}

void add_standing(const Standing& standing, Json& json) {
  const bool suppressed = standing.reason != Reason::none;
  json["verdict"] = name_of(suppressed ? Verdict::suppressed : Verdict::clear);
  json["reason"] = suppressed ? Json(name_of(standing.reason)) : Json(nullptr);
  json["scope"] = suppressed ? Json(name_of(standing.scope)) : Json(nullptr);
  json["since"] = suppressed ? Json(time_text(standing.at)) : Json(nullptr);
  json["source"] = text_or_null(standing.source);
  json["campaign"] = text_or_null(standing.campaign);
  json["exempt"] = standing.exempt;
}

Json deletion_json(const std::optional<Deletion>& deletion) {
  if (!deletion) return nullptr;
  return {{"at", time_text(deletion->at)},
          {"by", text_or_null(deletion->by)},
          {"reason", text_or_null(deletion->reason)},
          {"job", deletion->job == 0 ? Json(nullptr) : Json(job_id_text(deletion->job))}};
}

Json address_json(const ContactAddress& address) {
  if (address.address.empty()) return nullptr;
  Json json{{"address", address.address},
            {"given", address.given.empty() ? address.address : address.given},
            {"state", name_of(address.state())}};
  add_standing(address.standing, json);
  json["deleted"] = deletion_json(address.deletion);
  const Engagement& seen = address.engagement;
  json["first_sent"] = time_or_null(seen.first_sent);
  json["last_sent"] = time_or_null(seen.last_sent);
  json["last_delivered"] = time_or_null(seen.last_delivered);
  json["last_engaged"] = time_or_null(seen.last_engaged);
  json["last_soft_bounce"] = time_or_null(seen.last_soft_bounce);
  json["sent"] = seen.sent;
  json["soft_bounces"] = seen.soft_bounces;
  json["hard_bounces"] = seen.hard_bounces;
  return json;
}

}  // namespace

Json contact_json(const Contact& contact) {
  Json json{{"id", contact_id_text(contact.id)}};
  for (const Channel channel : all_channels) {
    json[std::string(name_of(channel))] = address_json(contact.of(channel));
  }
  json["fields"] = Json::object();
  for (const auto& [name, value] : contact.fields) json["fields"][name] = value;
  json["segments"] = Json::array();
  for (const SegmentId id : contact.segments) json["segments"].push_back(segment_id_text(id));
  json["source"] = contact.source;
  json["created_at"] = time_text(contact.created_at);
  json["updated_at"] = time_text(contact.updated_at);
  return json;
}

Json contact_page_json(const ContactPage& page) {
  Json json{{"items", Json::array()}, {"next", text_or_null(page.next)}};
  for (const Contact& contact : page.items) json["items"].push_back(contact_json(contact));
  json["sequence"] = page.sequence;
  return json;
}

Json activity_json(const Activity& activity) {
  const bool because = activity.reason != Reason::none;
  return {{"at", time_text(activity.at)},
          {"kind", name_of(activity.kind)},
          {"channel", activity.channel ? Json(name_of(*activity.channel)) : Json(nullptr)},
          {"by", text_or_null(activity.by)},
          {"campaign", text_or_null(activity.campaign)},
          {"detail", text_or_null(activity.detail)},
          {"reason", because ? Json(name_of(activity.reason)) : Json(nullptr)},
          {"sequence", activity.sequence}};
}

}  // namespace suppressd
