// The changes of the model.
#include "tests/server/life_model.hpp"

#include <algorithm>

#include "server/contact_ids.hpp"

namespace suppressd::test {
namespace {

std::string activity(const std::string& kind, int channel = -1, Reason reason = Reason::none) {
  std::string text = kind;
  if (channel >= 0) text += " " + channel_names[static_cast<size_t>(channel)];
  if (reason != Reason::none) text += " " + std::string(name_of(reason));
  return text;
}

Reason reason_of(const ModelEvent& event) {
  if (event.type == "bounced" && event.bounce == "hard") return Reason::hard_bounce;
  if (event.type == "complained") return Reason::complaint;
  return event.type == "unsubscribed" ? Reason::unsubscribe : Reason::none;
}

/// Of the channels that a change touched: none, one, or the contact as a whole.
int only(int channels) {
  return channels == 1 ? 0 : channels == 2 ? 1 : -1;
}

}  // namespace

ModelContact* LifeModel::owner(const std::string& account, int channel,
                               const std::string& address) {
  for (auto& [id, contact] : accounts[account].contacts) {
    if (contact.at[static_cast<size_t>(channel)].address == address) return &contact;
  }
  return nullptr;
}

Reason LifeModel::shown(const std::string& account, int channel, const std::string& address) const {
  const ModelVerdict now = verdict(account, channel, address);
  return now.cause != nullptr ? now.cause->reason : Reason::none;
}

void LifeModel::tell(const std::string& scope, int channel, const std::string& address) {
  for (auto& [name, account] : accounts) {
    if (!scope.empty() && scope != name) continue;
    ModelContact* contact = owner(name, channel, address);
    if (contact == nullptr) continue;
    const Reason now = shown(name, channel, address);
    Reason& before = told_[{name, channel, address}];
    if (now == before) continue;
    contact->activity.push_back(
        activity(now == Reason::none ? "reactivated" : "suppressed", channel, now));
    before = now;
  }
}

bool LifeModel::add_cause(const std::string& scope, int channel, const std::string& address,
                          const ModelCause& cause, bool& fresh) {
  std::vector<ModelCause>& causes = entries_[{scope, channel, address}].causes;
  fresh = causes.empty();
  for (const ModelCause& one : causes) {
    if (one.reason == cause.reason && one.source == cause.source &&
        one.campaign == cause.campaign && one.evidence == cause.evidence) {
      return false;
    }
  }
  causes.push_back(cause);
  return true;
}

LifeModel::Taken LifeModel::take(const std::string& name, const ModelRow& row, bool restore,
                                 ModelContact& contact) {
  Taken taken;
  for (int channel : {0, 1}) {
    const auto at = static_cast<size_t>(channel);
    if (row.address[at].empty()) continue;
    ModelMailbox& box = contact.at[at];
    if (box.address != row.address[at]) {
      const auto deletion = box.deletion;
      box = {};
      box.deletion = deletion;
      box.address = row.address[at];
      told_[{name, channel, box.address}] = shown(name, channel, box.address);
    }
    box.given = row.given[at];
    if (!box.deletion) continue;
    (restore ? taken.restored : taken.kept) = true;
    if (restore) box.deletion.reset();
  }
  for (const auto& [field, value] : row.fields) contact.fields[field] = value;
  return taken;
}

std::string LifeModel::put_row(const std::string& name, const ModelRow& row, bool restore,
                               int segment, const std::string& source, json& result) {
  std::array<ModelContact*, 2> found{};
  for (int channel : {0, 1}) {
    const auto at = static_cast<size_t>(channel);
    if (!row.address[at].empty()) found[at] = owner(name, channel, row.address[at]);
  }
  ModelContact* contact = found[0] != nullptr ? found[0] : found[1];
  if (found[0] != nullptr && found[1] != nullptr && found[0] != found[1]) {
    result["id"] = contact_id_text(static_cast<ContactId>(contact->id));
    result["result"] = "conflict";
    result["error"] = "address_of_another_contact";
    return "invalid";
  }
  const bool created = contact == nullptr;
  if (created) {
    const int id = ++accounts[name].contacts_made;
    contact = &accounts[name].contacts[id];
    contact->id = id;
    contact->source = source;
  }
  const json before = contact_json(name, *contact);
  const Taken taken = take(name, row, restore, *contact);
  if (segment != 0) contact->segments.insert(segment);
  const bool changed = created || contact_json(name, *contact) != before;
  std::string fate = created          ? "created"
                     : !changed       ? "unchanged"
                     : taken.restored ? "restored"
                                      : "updated";
  if (changed) {
    const char* added = source == "import" ? "imported" : "added";
    contact->activity.push_back(activity(created ? added : taken.restored ? "restored" : "edited"));
  }
  if (taken.kept && (fate == "updated" || fate == "unchanged")) fate = "kept_deleted";
  result["id"] = contact_id_text(static_cast<ContactId>(contact->id));
  result["result"] = fate;
  return created ? "created" : changed ? "updated" : "unchanged";
}

json LifeModel::put(const std::string& name, const std::vector<ModelRow>& rows, bool restore,
                    int segment, const std::string& source) {
  json answer{{"created", 0}, {"updated", 0}, {"unchanged", 0}, {"invalid", 0}};
  answer["results"] = json::array();
  for (size_t i = 0; i < rows.size(); ++i) {
    json result{{"index", i}, {"email", nullptr}, {"phone", nullptr}};
    const std::string counted = put_row(name, rows[i], restore, segment, source, result);
    answer[counted] = answer[counted].get<int>() + 1;
    for (int channel : {0, 1}) {
      const std::string& address = rows[i].address[static_cast<size_t>(channel)];
      if (address.empty() || counted == "invalid") continue;
      json standing = standing_json(name, channel, address);
      result[channel_names[static_cast<size_t>(channel)]] = {{"verdict", standing["verdict"]},
                                                             {"reason", standing["reason"]},
                                                             {"scope", standing["scope"]}};
    }
    answer["results"].push_back(result);
  }
  return answer;
}

int LifeModel::edit(const std::string& name, int id,
                    const std::array<std::optional<ModelRow>, 2>& to,
                    const std::map<std::string, std::optional<std::string>>& fields) {
  ModelAccount& account = accounts[name];
  const auto found = account.contacts.find(id);
  if (found == account.contacts.end()) return 404;
  ModelContact next = found->second;
  for (int channel : {0, 1}) {
    const auto at = static_cast<size_t>(channel);
    if (!to[at]) continue;
    const std::string& address = to[at]->address[at];
    ModelContact* other = address.empty() ? nullptr : owner(name, channel, address);
    if (other != nullptr && other->id != id) return 409;
    ModelMailbox& box = next.at[at];
    if (box.address != address) {
      const auto deletion = box.deletion;
      box = {};
      box.address = address;
      if (!address.empty()) box.deletion = deletion;
    }
    box.given = address.empty() ? "" : to[at]->given[at];
  }
  for (const auto& [field, value] : fields) {
    if (value) {
      next.fields[field] = *value;
    } else {
      next.fields.erase(field);
    }
  }
  if (next.at[0].address.empty() && next.at[1].address.empty()) return 409;
  if (contact_json(name, next) == contact_json(name, found->second)) return 200;
  for (int channel : {0, 1}) {
    const std::string& address = next.at[static_cast<size_t>(channel)].address;
    if (!address.empty()) told_[{name, channel, address}] = shown(name, channel, address);
  }
  next.activity.push_back(activity("edited"));
  found->second = next;
  return 200;
}

json LifeModel::remove(const std::string& name, const std::vector<int>& ids, int channels,
                       const std::string& by, const std::string& reason, int job) {
  json results = json::array();
  for (const int id : ids) {
    const auto found = accounts[name].contacts.find(id);
    std::string fate = found == accounts[name].contacts.end() ? "not_found" : "unchanged";
    int done = 0;
    for (int channel : {0, 1}) {
      if (fate == "not_found" || (channels & (1 << channel)) == 0) continue;
      ModelMailbox& box = found->second.at[static_cast<size_t>(channel)];
      if (box.address.empty() || box.deletion) continue;
      box.deletion = {by, reason, job};
      done |= 1 << channel;
    }
    if (done != 0) {
      fate = "deleted";
      found->second.activity.push_back(activity("deleted", only(done)));
    }
    results.push_back({{"id", contact_id_text(static_cast<ContactId>(id))}, {"result", fate}});
  }
  return results;
}

json LifeModel::restore(const std::string& name, const std::vector<int>& ids, int channels,
                        int job) {
  json results = json::array();
  for (const int id : ids) {
    const auto found = accounts[name].contacts.find(id);
    std::string fate = found == accounts[name].contacts.end() ? "not_found" : "unchanged";
    int done = 0;
    for (int channel : {0, 1}) {
      if (fate == "not_found" || (channels & (1 << channel)) == 0) continue;
      ModelMailbox& box = found->second.at[static_cast<size_t>(channel)];
      if (!box.deletion || (job != 0 && box.deletion->job != job)) continue;
      box.deletion.reset();
      done |= 1 << channel;
    }
    if (done != 0) {
      fate = "restored";
      found->second.activity.push_back(activity("restored", only(done)));
    }
    results.push_back({{"id", contact_id_text(static_cast<ContactId>(id))}, {"result", fate}});
  }
  return results;
}

json LifeModel::suppress(const std::string& scope, int channel,
                         const std::vector<std::string>& addresses, const ModelCause& cause) {
  int added = 0, updated = 0, same = 0;
  for (const std::string& address : addresses) {
    bool fresh = false;
    const bool joined = add_cause(scope, channel, address, cause, fresh);
    ++(!joined ? same : fresh ? added : updated);
  }
  for (const std::string& address : addresses) tell(scope, channel, address);
  return {{"added", added}, {"updated", updated}, {"unchanged", same}, {"invalid", 0}};
}

int LifeModel::unsuppress(const std::string& scope, int channel, const std::string& address) {
  const auto found = entries_.find({scope, channel, address});
  if (found == entries_.end() || found->second.causes.empty()) return 404;
  found->second.causes.clear();
  tell(scope, channel, address);
  return 200;
}

int LifeModel::exempt(const std::string& account, int channel, const std::string& address,
                      bool exempt) {
  ModelEntry& entry = entries_[{account, channel, address}];
  if (!exempt && !entry.exempt) return 404;
  entry.exempt = exempt;
  tell(account, channel, address);
  return 200;
}

void LifeModel::count_in(ModelMailbox& at, int channel, const ModelEvent& event) const {
  if (event.type == "complained" || event.type == "unsubscribed") return;
  if (at.first_sent == 0 || event.at < at.first_sent) at.first_sent = event.at;
  at.last_sent = std::max(at.last_sent, event.at);
  if (event.type == "sent") ++at.sent;
  if (event.type == "bounced" && event.bounce == "hard") ++at.hard_bounces;
  if (event.type == "bounced" && event.bounce == "soft") {
    ++at.soft_bounces;
    if (event.at > at.last_delivered) at.last_soft = std::max(at.last_soft, event.at);
  }
  if (event.type == "delivered" || event.type == "opened" || event.type == "clicked") {
    at.last_delivered = std::max(at.last_delivered, event.at);
    if (event.type != "delivered" || channel == 1) {
      at.last_engaged = std::max(at.last_engaged, event.at);
    }
    if (event.at >= at.last_soft) at.last_soft = 0;
  }
}

json LifeModel::events(const std::string& name, const std::vector<ModelEvent>& rows,
                       const std::string& by) {
  constexpr size_t agreement = 3;
  int suppressed = 0;
  std::vector<const ModelEvent*> everybodys;
  for (const ModelEvent& event : rows) {
    const Reason reason = reason_of(event);
    if (reason == Reason::none) continue;
    bool fresh = false;
    add_cause(name, event.channel, event.address,
              {reason, "campaign", event.campaign, event.detail, by, event.at}, fresh);
    suppressed += fresh;
    if (reason != Reason::hard_bounce) continue;
    if (!accounts[name].trusted_bounces) {
      std::set<std::string>& claims = claims_[{event.channel, event.address}];
      claims.insert(name);
      if (claims.size() < agreement) continue;
    }
    everybodys.push_back(&event);
  }
  for (const ModelEvent& event : rows) tell(name, event.channel, event.address);
  for (const ModelEvent* event : everybodys) {
    bool fresh = false;
    add_cause("", event->channel, event->address,
              {Reason::hard_bounce, "campaign", event->campaign, event->detail, by, event->at},
              fresh);
  }
  for (const ModelEvent* event : everybodys) tell("", event->channel, event->address);
  for (const ModelEvent& event : rows) {
    ModelContact* contact = owner(name, event.channel, event.address);
    if (contact == nullptr) continue;
    count_in(contact->at[static_cast<size_t>(event.channel)], event.channel, event);
    contact->activity.push_back(
        activity(event.bounce == "soft" ? "soft_bounced" : event.type, event.channel));
  }
  return {{"accepted", rows.size()}, {"duplicates", 0}, {"invalid", 0}, {"suppressed", suppressed}};
}

int LifeModel::create_segment(const std::string& name, const std::string& segment) {
  ModelAccount& account = accounts[name];
  for (const auto& [id, taken] : account.segments) {
    if (taken == segment) return 409;
  }
  account.segments[++account.segments_made] = segment;
  return 201;
}

int LifeModel::rename_segment(const std::string& name, int id, const std::string& segment) {
  ModelAccount& account = accounts[name];
  if (!account.segments.contains(id)) return 404;
  for (const auto& [other, taken] : account.segments) {
    if (taken == segment && other != id) return 409;
  }
  account.segments[id] = segment;
  return 200;
}

json LifeModel::members(const std::string& name, int id, const std::vector<int>& ids, bool add) {
  json results = json::array();
  for (const int contact : ids) {
    const auto found = accounts[name].contacts.find(contact);
    std::string fate = "not_found";
    if (found != accounts[name].contacts.end()) {
      const bool changed =
          add ? found->second.segments.insert(id).second : found->second.segments.erase(id) != 0;
      fate = !changed ? "unchanged" : add ? "added" : "removed";
    }
    results.push_back({{"id", contact_id_text(static_cast<ContactId>(contact))}, {"result", fate}});
  }
  return results;
}

void LifeModel::delete_segment(const std::string& name, int id) {
  for (auto& [number, contact] : accounts[name].contacts) contact.segments.erase(id);
  accounts[name].segments.erase(id);
}

ModelRequest& LifeModel::file(const std::string& name, ModelRequest request) {
  ModelAccount& account = accounts[name];
  request.id = static_cast<int>(account.requests.size()) + 1;
  for (ModelTarget& target : request.targets) {
    ModelContact* contact = owner(name, target.channel, target.address);
    target.contact = contact != nullptr ? contact->id : 0;
    if (contact != nullptr) contact->activity.push_back(activity("requested", target.channel));
  }
  return account.requests.emplace_back(std::move(request));
}

bool LifeModel::apply(const std::string& name, const ModelRequest& request,
                      const ModelTarget& target, const std::string& by) {
  ModelEntry& mine = entries_[{name, target.channel, target.address}];
  if (request.kind == "reactivate") {
    bool done = !mine.causes.empty();
    mine.causes.clear();
    tell(name, target.channel, target.address);
    if (!entries_[{"", target.channel, target.address}].causes.empty() && !mine.exempt) {
      mine.exempt = done = true;
    }
    return done;
  }
  const Reason reason = request.kind == "blacklist" ? Reason::manual : Reason::unsubscribe;
  for (const ModelCause& cause : mine.causes) {
    if (cause.reason == reason) return false;
  }
  mine.causes.push_back({reason, "support", "", "", by, 0});
  return true;
}

int LifeModel::decide(const std::string& name, int id, const std::string& state,
                      const std::optional<std::set<int>>& only, const std::string& note,
                      const std::string& by) {
  ModelAccount& account = accounts[name];
  if (id < 1 || id > static_cast<int>(account.requests.size())) return 404;
  ModelRequest& request = account.requests[static_cast<size_t>(id) - 1];
  const auto count = static_cast<int>(request.targets.size());
  if (only && (only->empty() || *only->rbegin() >= count)) return 400;
  if (request.state != "open") return 409;
  request.state = state;
  if (only && static_cast<int>(only->size()) < count) {
    request.state = "approved_in_part";
    request.approved = *only;
  }
  request.note = note;
  request.decided_by = by;
  for (const ModelTarget& target : request.targets) {
    const auto found = account.contacts.find(target.contact);
    if (found == account.contacts.end()) continue;
    found->second.activity.push_back(activity("decided", target.channel));
  }
  for (int i = 0; i < count; ++i) {
    if (request.state == "rejected") break;
    if (request.state == "approved_in_part" && !request.approved.contains(i)) continue;
    const ModelTarget& target = request.targets[static_cast<size_t>(i)];
    ++(apply(name, request, target, by) ? request.applied : request.already);
    tell(name, target.channel, target.address);
  }
  return 200;
}

}  // namespace suppressd::test
