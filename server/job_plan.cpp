#include "server/job_plan.hpp"

#include <nlohmann/json.hpp>

#include "persistence/change.hpp"
#include "server/contact_filter.hpp"
#include "server/contact_ids.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::json;

template <class T>
bool take(std::optional<T> parsed, T& out) {
  if (parsed) out = *parsed;
  return parsed.has_value();
}

std::string_view text_of(const Json& value) {
  return value.is_string() ? std::string_view(value.get_ref<const std::string&>())
                           : std::string_view();
}

bool read_member(const std::string& name, const Json& value, JobPlan& plan) {
  if (name == "filter") return take(contact_filter_from(value), plan.filter);
  if (name == "shown_at" || name == "delete_channels") {
    if (!value.is_number_unsigned()) return false;
    const uint64_t number = value.get<uint64_t>();
    if (name == "shown_at") plan.shown_at = number;
    if (name == "delete_channels") plan.delete_channels = static_cast<uint8_t>(number);
    return plan.delete_channels <= both_channels;
  }
  const std::string_view text = text_of(value);
  if (name == "reason") {
    plan.reason = text;
    return value.is_string();
  }
  if (name == "deleted_by") return take(parse_job_id(text), plan.deleted_by);
  if (name == "segment") return take(parse_segment_id(text), plan.segment);
  if (name == "request") return take(parse_request_id(text), plan.request);
  if (name == "contact") return take(parse_contact_id(text), plan.contact);
  if (name != "channel") return false;
  plan.channel = parse_channel(text);
  return plan.channel || value.is_null();
}

}  // namespace

std::string job_plan_text(const JobPlan& plan) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  // What it always holds, a channel, is of no weight where the kind has no filter.
  json["filter"] = contact_filter_json(plan.filter);
  if (!plan.reason.empty()) json["reason"] = plan.reason;
  if (plan.deleted_by != 0) json["deleted_by"] = job_id_text(plan.deleted_by);
  if (plan.segment != 0) json["segment"] = segment_id_text(plan.segment);
  if (plan.delete_channels != 0) json["delete_channels"] = plan.delete_channels;
  if (plan.shown_at != ~uint64_t{0}) json["shown_at"] = plan.shown_at;
  if (plan.request != 0) json["request"] = request_id_text(plan.request);
  if (plan.channel) json["channel"] = name_of(*plan.channel);
  if (plan.contact != 0) json["contact"] = contact_id_text(plan.contact);
  return json.dump();
}

std::optional<JobPlan> parse_job_plan(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  JobPlan plan;
  for (const auto& [name, value] : json.items()) {
    if (!read_member(name, value, plan)) return std::nullopt;
  }
  return plan;
}

}  // namespace suppressd
