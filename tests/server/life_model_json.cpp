// What is asked of the model.
#include <algorithm>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_model.hpp"

namespace suppressd::test {
namespace {

json time_or_null(int64_t time) {
  return time == 0 ? json(nullptr) : json(time_text(static_cast<TimeMs>(time)));
}

json text_or_null(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

/// Of equals the first.
const ModelCause& strongest(const std::vector<ModelCause>& causes) {
  const ModelCause* found = &causes.front();
  for (const ModelCause& cause : causes) {
    if (cause.reason > found->reason) found = &cause;
  }
  return *found;
}

std::string day_text(int64_t at) {
  const int64_t time = at != 0 ? at : static_cast<int64_t>(now_ms());
  return time_text(static_cast<TimeMs>(time)).substr(0, 10);
}

}  // namespace

ModelVerdict LifeModel::verdict(const std::string& account, int channel,
                                const std::string& address) const {
  ModelVerdict verdict;
  const auto mine = entries_.find({account, channel, address});
  if (mine != entries_.end() && !mine->second.causes.empty()) {
    verdict.cause = &strongest(mine->second.causes);
    return verdict;
  }
  const auto all = entries_.find({"", channel, address});
  if (all == entries_.end() || all->second.causes.empty()) return verdict;
  if (mine != entries_.end() && mine->second.exempt) {
    verdict.exempt = true;
    return verdict;
  }
  verdict.platform = true;
  verdict.cause = &strongest(all->second.causes);
  return verdict;
}

std::string LifeModel::check(const std::string& account, int channel,
                             const std::string& address) const {
  const ModelVerdict now = verdict(account, channel, address);
  if (now.cause == nullptr) return "clear";
  return std::string("suppressed:") + (now.platform ? "platform" : "account") + ":" +
         std::string(name_of(now.cause->reason));
}

std::string LifeModel::state(const std::string& account, int channel,
                             const ModelContact& contact) const {
  const ModelMailbox& box = contact.at[static_cast<size_t>(channel)];
  if (box.address.empty()) return "";
  if (box.deletion) return "deleted";
  const Reason reason = shown(account, channel, box.address);
  if (reason == Reason::unsubscribe) return "unsubscribed";
  if (reason != Reason::none) return "blacklisted";
  return box.last_soft != 0 ? "soft_bounced" : "active";
}

std::string LifeModel::group(const std::string& account, int channel, const ModelContact& contact,
                             int64_t cut_day) const {
  const ModelMailbox& box = contact.at[static_cast<size_t>(channel)];
  if (box.address.empty() || box.deletion) return "";
  if (box.first_sent == 0) return "never_sent";
  if (shown(account, channel, box.address) != Reason::none) return "lost";
  const int64_t day = std::max(box.first_sent, box.last_engaged) / model_day_ms;
  return day > cut_day ? "active" : "inactive";
}

std::vector<const ModelContact*> LifeModel::list(const std::string& account, int channel,
                                                 const std::string& wanted) const {
  std::map<std::string, const ModelContact*> found;
  for (const auto& [id, contact] : accounts.at(account).contacts) {
    const std::string is = state(account, channel, contact);
    const bool fits = wanted.empty()       ? !is.empty() && is != "deleted"
                      : wanted == "active" ? is == "active" || is == "soft_bounced"
                                           : is == wanted;
    if (fits) found[contact.at[static_cast<size_t>(channel)].address] = &contact;
  }
  std::vector<const ModelContact*> list;
  for (const auto& [address, contact] : found) list.push_back(contact);
  return list;
}

json LifeModel::standing_json(const std::string& account, int channel,
                              const std::string& address) const {
  const ModelVerdict now = verdict(account, channel, address);
  json standing{{"verdict", "clear"},  {"reason", nullptr}, {"scope", nullptr},
                {"since", nullptr},    {"source", nullptr}, {"campaign", nullptr},
                {"exempt", now.exempt}};
  if (now.cause == nullptr) return standing;
  standing["verdict"] = "suppressed";
  standing["reason"] = name_of(now.cause->reason);
  standing["scope"] = now.platform ? "platform" : "account";
  standing["since"] = now.cause->at == 0 ? json("by the clock") : time_or_null(now.cause->at);
  standing["source"] = text_or_null(now.cause->source);
  if (!now.platform) standing["campaign"] = text_or_null(now.cause->campaign);
  return standing;
}

json LifeModel::contact_json(const std::string& account, const ModelContact& contact) const {
  json whole{{"id", contact_id_text(static_cast<ContactId>(contact.id))},
             {"email", nullptr},
             {"phone", nullptr},
             {"fields", contact.fields},
             {"segments", json::array()},
             {"source", contact.source}};
  for (const int id : contact.segments) {
    whole["segments"].push_back(segment_id_text(static_cast<SegmentId>(id)));
  }
  for (int channel : {0, 1}) {
    const ModelMailbox& box = contact.at[static_cast<size_t>(channel)];
    if (box.address.empty()) continue;
    json part = standing_json(account, channel, box.address);
    part["address"] = box.address;
    part["given"] = box.given.empty() ? box.address : box.given;
    part["state"] = state(account, channel, contact);
    part["deleted"] = nullptr;
    if (box.deletion) {
      part["deleted"] = {{"by", box.deletion->by},
                         {"reason", text_or_null(box.deletion->reason)},
                         {"job", nullptr}};
      if (box.deletion->job != 0) {
        part["deleted"]["job"] = job_id_text(static_cast<JobId>(box.deletion->job));
      }
    }
    part["first_sent"] = time_or_null(box.first_sent);
    part["last_sent"] = time_or_null(box.last_sent);
    part["last_delivered"] = time_or_null(box.last_delivered);
    part["last_engaged"] = time_or_null(box.last_engaged);
    part["last_soft_bounce"] = time_or_null(box.last_soft);
    part["sent"] = box.sent;
    part["soft_bounces"] = box.soft_bounces;
    part["hard_bounces"] = box.hard_bounces;
    whole[channel_names[static_cast<size_t>(channel)]] = part;
  }
  return whole;
}

json LifeModel::request_json(const std::string& account, const ModelRequest& request) const {
  return {{"id", request_id_text(static_cast<RequestId>(request.id))},
          {"account", account},
          {"kind", request.kind},
          {"state", request.state},
          {"filed_by", request.filed_by},
          {"decided_by", text_or_null(request.decided_by)},
          {"statement", text_or_null(request.statement)},
          {"note", text_or_null(request.note)},
          {"segment", nullptr},
          {"channel", nullptr},
          {"targets", request.targets.size()},
          {"applied", request.applied},
          {"already", request.already},
          {"job", nullptr}};
}

json LifeModel::counts_json(const std::string& account) const {
  json counts{{"contacts", accounts.at(account).contacts.size()}};
  for (int channel : {0, 1}) {
    json& part = counts[channel_names[static_cast<size_t>(channel)]];
    part["all"] = list(account, channel, "").size();
    for (const std::string& state : state_names) {
      part[state] = list(account, channel, state).size();
    }
  }
  return counts;
}

json LifeModel::groups_json(const std::string& account, int channel, int64_t cut_day) const {
  json groups;
  for (const char* name : {"active", "inactive", "lost", "never_sent"}) {
    uint64_t contacts = 0, blacklisted = 0;
    json by_reason = json::object();
    for (const auto& [id, contact] : accounts.at(account).contacts) {
      if (group(account, channel, contact, cut_day) != name) continue;
      ++contacts;
      const Reason reason =
          shown(account, channel, contact.at[static_cast<size_t>(channel)].address);
      if (reason == Reason::none) continue;
      blacklisted += reason != Reason::unsubscribe;
      json& count = by_reason[std::string(name_of(reason))];
      count = count.is_null() ? 1 : count.get<int>() + 1;
    }
    groups[name] = {{"contacts", contacts}, {"blacklisted", blacklisted}, {"by_reason", by_reason}};
  }
  return groups;
}

std::map<std::string, uint64_t> LifeModel::causes(const std::string& account, int channel,
                                                  const std::string& by) const {
  std::map<std::string, uint64_t> counts;
  for (const ModelContact* contact : list(account, channel, "")) {
    const std::string& address = contact->at[static_cast<size_t>(channel)].address;
    const ModelVerdict now = verdict(account, channel, address);
    if (now.cause == nullptr) continue;
    std::string value;
    if (by == "reason") value = name_of(now.cause->reason);
    if (by == "source") value = now.cause->source;
    if (by == "campaign" && !now.platform) value = now.cause->campaign;
    if (by == "domain" && channel == 0) value = address.substr(address.find('@') + 1);
    if (by == "day") value = day_text(now.cause->at);
    if (by == "scope") value = now.platform ? "platform" : "account";
    if (!value.empty()) ++counts[value];
  }
  return counts;
}

json LifeModel::segment_counts(const std::string& account, int id) const {
  json counts{{"email", 0}, {"phone", 0}};
  for (const auto& [number, contact] : accounts.at(account).contacts) {
    if (!contact.segments.contains(id)) continue;
    for (size_t channel : {0, 1}) {
      if (contact.at[channel].address.empty() || contact.at[channel].deletion) continue;
      json& count = counts[channel_names[channel]];
      count = count.get<int>() + 1;
    }
  }
  return counts;
}

json comparable(json contact) {
  for (const char* name : {"created_at", "updated_at", "sequence"}) contact.erase(name);
  for (const std::string& channel : channel_names) {
    json& part = contact[channel];
    if (!part.is_object()) continue;
    if (part["deleted"].is_object()) part["deleted"].erase("at");
    // Requests suppress by the clock.
    if (part["source"] == "support" || part["since"] == "by the clock") part.erase("since");
  }
  return contact;
}

}  // namespace suppressd::test
