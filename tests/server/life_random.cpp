// What is done at random.
#include "tests/server/life_random.hpp"

#include <algorithm>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"

namespace suppressd::test {
namespace {

const std::array<std::string, 3> account_names{"acme", "globe", "initech"};
const std::vector<Role> staff{Role::admin, Role::support};
const std::vector<Role> staff_and_owner{Role::admin, Role::support, Role::owner};
const std::vector<Role> staff_and_sender{Role::admin, Role::support, Role::sender};
const std::vector<Role> everybody{Role::admin, Role::support, Role::owner, Role::sender};

std::string contact_path(int id) {
  return "/contacts/" + contact_id_text(static_cast<ContactId>(id));
}

json ids_json(const std::vector<int>& ids) {
  json list = json::array();
  for (const int id : ids) list.push_back(contact_id_text(static_cast<ContactId>(id)));
  return list;
}

/// The members that `part` has.
void require_has(const json& whole, const json& part) {
  for (const auto& [name, value] : part.items()) {
    INFO(name << " of " << whole.dump() << " should be " << value.dump());
    REQUIRE(whole.contains(name));
    REQUIRE(whole[name] == value);
  }
}

void require_status(const Reply& reply, int status) {
  INFO(reply.body);
  REQUIRE(reply.status == status);
}

}  // namespace

LifeRandom::LifeRandom(uint64_t seed, std::string admin, Send send)
    : random_(seed), send_(std::move(send)) {
  actors_.push_back({Role::admin, "", std::move(admin), ""});
  const auto make_key = [this](Role role, const std::string& account) {
    json body{{"role", name_of(role)}, {"name", "test"}};
    if (!account.empty()) body["account"] = account;
    const Reply made = ask(actors_[0], "POST", "/v1/keys", body);
    require_status(made, 201);
    actors_.push_back({role, account, made.json()["key"], made.json()["id"]});
  };
  const Reply keys = ask(actors_[0], "GET", "/v1/keys");
  actors_[0].id = keys.json()["items"][0]["id"];
  for (const std::string& name : account_names) {
    require_status(ask(actors_[0], "POST", "/v1/accounts", {{"account", name}, {"name", name}}),
                   201);
    model.accounts[name];
    for (const Role role : {Role::owner, Role::sender}) make_key(role, name);
  }
  make_key(Role::support, "");
  make_key(Role::checker, account_names[0]);
}

const std::string& LifeRandom::account() {
  return account_names[below(account_names.size())];
}

const LifeActor& LifeRandom::actor_for(const std::string& account, const std::vector<Role>& roles) {
  if (below(8) == 0) return actor();
  for (;;) {
    const LifeActor& one = actor();
    if (refusal(one, account, roles) == 0) return one;
  }
}

std::string LifeRandom::address(int channel) {
  const std::string number = std::to_string(below(9));
  if (channel == 1) return "+38050123456" + number;
  return "a" + number + "@d" + std::to_string((number[0] - '0') % 3) + ".example.com";
}

std::string LifeRandom::spelled(int channel, const std::string& address) {
  if (below(3) != 0) return "";
  return channel == 1 ? "+380 50 123-45-6" + address.substr(address.size() - 1)
                      : "A" + address.substr(1);
}

int LifeRandom::contact_of(const std::string& account) {
  return 1 +
         static_cast<int>(below(static_cast<size_t>(model.accounts[account].contacts_made) + 2));
}

int LifeRandom::segment_of(const std::string& account) {
  return 1 +
         static_cast<int>(below(static_cast<size_t>(model.accounts[account].segments_made) + 1));
}

std::vector<int> LifeRandom::some_contacts(const std::string& account) {
  std::set<int> ids;
  for (size_t left = 1 + below(4); left != 0; --left) ids.insert(contact_of(account));
  return {ids.begin(), ids.end()};
}

ModelRow LifeRandom::row() {
  ModelRow row;
  const size_t which = 1 + below(3);
  for (int channel : {0, 1}) {
    if ((which & (1u << channel)) == 0) continue;
    const auto at = static_cast<size_t>(channel);
    row.address[at] = address(channel);
    row.given[at] = spelled(channel, row.address[at]);
  }
  if (below(3) == 0) row.fields["city"] = below(2) ? "Kyiv" : "Lviv";
  return row;
}

int64_t LifeRandom::time() {
  constexpr std::array<int64_t, 5> days_ago{1, 3, 20, 100, 300};
  const auto now = static_cast<int64_t>(now_ms());
  return now - days_ago[below(days_ago.size())] * model_day_ms;
}

ModelEvent LifeRandom::event() {
  constexpr std::array types{"sent",    "delivered",  "opened",       "clicked",
                             "bounced", "complained", "unsubscribed", "sent"};
  ModelEvent event;
  event.type = types[below(types.size())];
  if (event.type == "bounced") event.bounce = below(2) ? "hard" : "soft";
  event.channel = channel();
  event.address = address(event.channel);
  if (below(2) == 0) event.campaign = "c" + std::to_string(below(2));
  if (below(2) == 0) event.detail = "550 5.1.1";
  event.at = time();
  return event;
}

Reply LifeRandom::ask(const LifeActor& actor, const std::string& method, const std::string& target,
                      const json& body) {
  Request request{method, target, actor.key, {}, ""};
  if (!body.is_null()) {
    request.fields.emplace_back("content-type", "application/json");
    request.body = body.dump();
  }
  Reply reply = send_(request);
  INFO(method << " " << target << " " << request.body << " answered " << reply.status << " "
              << reply.body);
  REQUIRE_FALSE(reply.broken);
  REQUIRE(reply.status < 500);
  const std::string told = reply.field("Suppress-Sequence");
  if (method != "GET" && !told.empty()) {
    REQUIRE(std::stoull(told) >= sequence_);
    sequence_ = std::stoull(told);
  }
  return reply;
}

int LifeRandom::refusal(const LifeActor& actor, const std::string& account,
                        const std::vector<Role>& roles) {
  if (std::find(roles.begin(), roles.end(), actor.role) == roles.end()) return 403;
  return actor.account.empty() || actor.account == account ? 0 : 404;
}

std::optional<Reply> LifeRandom::allowed(const LifeActor& actor, const std::string& account,
                                         const std::vector<Role>& roles, const std::string& method,
                                         const std::string& rest, const json& body) {
  const Reply reply = ask(actor, method, "/v1/accounts/" + account + rest, body);
  const int refused = refusal(actor, account, roles);
  if (refused == 0) return reply;
  INFO(method << " " << rest << " by " << name_of(actor.role) << " answered " << reply.body);
  REQUIRE(reply.status == refused);
  REQUIRE(reply.problem() == (refused == 403 ? "forbidden" : "unknown-account"));
  return std::nullopt;
}

void LifeRandom::step() {
  using Deed = void (LifeRandom::*)();
  static constexpr std::array<Deed, 30> deeds{&LifeRandom::put,
                                              &LifeRandom::put,
                                              &LifeRandom::put,
                                              &LifeRandom::put,
                                              &LifeRandom::put,
                                              &LifeRandom::edit,
                                              &LifeRandom::edit,
                                              &LifeRandom::remove_or_restore_one,
                                              &LifeRandom::remove_or_restore_one,
                                              &LifeRandom::remove_or_restore_some,
                                              &LifeRandom::remove_or_restore_some,
                                              &LifeRandom::suppress,
                                              &LifeRandom::suppress,
                                              &LifeRandom::suppress,
                                              &LifeRandom::unsuppress,
                                              &LifeRandom::exempt,
                                              &LifeRandom::events,
                                              &LifeRandom::events,
                                              &LifeRandom::events,
                                              &LifeRandom::events,
                                              &LifeRandom::change_policy,
                                              &LifeRandom::change_segments,
                                              &LifeRandom::change_members,
                                              &LifeRandom::change_members,
                                              &LifeRandom::delete_segment,
                                              &LifeRandom::delete_found,
                                              &LifeRandom::file,
                                              &LifeRandom::decide,
                                              &LifeRandom::recalculate,
                                              &LifeRandom::ask_badly};
  (this->*deeds[below(deeds.size())])();
}

void LifeRandom::put() {
  const std::string& name = account();
  const bool restore = below(4) == 0, imported = below(4) == 0;
  const int segment = below(4) == 0 ? segment_of(name) : 0;
  std::vector<ModelRow> rows(1 + below(3));
  json body{{"contacts", json::array()}};
  for (ModelRow& one : rows) {
    one = row();
    json sent{{"fields", one.fields}};
    for (size_t at : {0, 1}) {
      if (one.address[at].empty()) continue;
      sent[channel_names[at]] = one.given[at].empty() ? one.address[at] : one.given[at];
    }
    body["contacts"].push_back(sent);
  }
  std::string query = imported ? "?source=import" : "?source=api";
  if (restore) query += "&restore_deleted=true";
  if (segment != 0) query += "&segment=" + segment_id_text(static_cast<SegmentId>(segment));
  const auto reply =
      allowed(actor_for(name, everybody), name, everybody, "POST", "/contacts" + query, body);
  if (!reply) return;
  if (segment != 0 && !model.accounts[name].segments.contains(segment)) {
    return require_status(*reply, 404);
  }
  require_status(*reply, 200);
  require_has(reply->json(), model.put(name, rows, restore, segment, imported ? "import" : "api"));
}

void LifeRandom::edit() {
  const std::string& name = account();
  const int id = contact_of(name);
  std::array<std::optional<ModelRow>, 2> to;
  std::map<std::string, std::optional<std::string>> fields;
  json body = json::object();
  for (int channel : {0, 1}) {
    const auto at = static_cast<size_t>(channel);
    if (below(2) == 0) continue;
    to[at].emplace();
    if (below(4) != 0) {
      to[at]->address[at] = address(channel);
      to[at]->given[at] = spelled(channel, to[at]->address[at]);
      body[channel_names[at]] = to[at]->given[at].empty() ? to[at]->address[at] : to[at]->given[at];
    } else {
      body[channel_names[at]] = nullptr;
    }
  }
  if (body.empty() || below(3) == 0) {
    fields["city"] = below(2) ? std::optional<std::string>("Odesa") : std::nullopt;
    body["fields"]["city"] = fields["city"] ? json(*fields["city"]) : json(nullptr);
  }
  const auto reply = allowed(actor_for(name, staff_and_owner), name, staff_and_owner, "PATCH",
                             contact_path(id), body);
  if (!reply) return;
  INFO(body.dump());
  const int status = model.edit(name, id, to, fields);
  require_status(*reply, status);
  if (status != 200) {
    REQUIRE(reply->problem() == (status == 404 ? "unknown-contact" : "contact-conflict"));
    return;
  }
  require_has(comparable(reply->json()),
              comparable(model.contact_json(name, model.accounts[name].contacts[id])));
}

void LifeRandom::remove_or_restore_one() {
  const std::string& name = account();
  const int id = contact_of(name);
  const bool both = below(2) == 0, removes = below(3) != 0;
  const int at = channel();
  const std::string& named = channel_names[static_cast<size_t>(at)];
  const LifeActor& by = actor_for(name, staff_and_owner);
  std::optional<Reply> reply;
  if (removes) {
    reply = allowed(by, name, staff_and_owner, "DELETE",
                    contact_path(id) + "?reason=old" + (both ? "" : "&channel=" + named));
  } else {
    const json body = both ? json(nullptr) : json{{"channel", named}};
    reply = allowed(by, name, staff_and_owner, "POST", contact_path(id) + "/restore", body);
  }
  if (!reply) return;
  const int channels = both ? 3 : 1 << at;
  const json result = removes ? model.remove(name, {id}, channels, by.id, "old")[0]["result"]
                              : model.restore(name, {id}, channels)[0]["result"];
  require_status(*reply, result == "not_found" ? 404 : 200);
  if (result != "not_found") REQUIRE(reply->json()["result"] == result);
}

void LifeRandom::remove_or_restore_some() {
  const std::string& name = account();
  const std::vector<int> ids = some_contacts(name);
  const bool both = below(2) == 0, removes = below(2) == 0;
  const int at = channel(), channels = both ? 3 : 1 << at;
  json body{{"ids", ids_json(ids)}};
  if (!both) body["channel"] = channel_names[static_cast<size_t>(at)];
  if (removes) body["reason"] = "cleaned up";
  const LifeActor& by = actor_for(name, staff_and_owner);
  const auto reply = allowed(by, name, staff_and_owner, "POST",
                             removes ? "/delete-contacts" : "/restore-contacts", body);
  if (!reply) return;
  require_status(*reply, 200);
  require_has(reply->json(),
              {{"results", removes ? model.remove(name, ids, channels, by.id, "cleaned up")
                                   : model.restore(name, ids, channels)}});
}

void LifeRandom::suppress() {
  const std::string name = below(3) == 0 ? "" : account();
  const int at = channel();
  const LifeActor& by = name.empty() ? actor() : actor_for(name, staff_and_sender);
  ModelCause cause{static_cast<Reason>(1 + below(8)), "api", "", "", by.id, time()};
  if (below(2) == 0) cause.campaign = "c" + std::to_string(below(2));
  if (below(2) == 0) cause.evidence = "e";
  std::vector<std::string> addresses;
  json rows = json::array();
  for (size_t left = 1 + below(3); left != 0; --left) {
    addresses.push_back(address(at));
    rows.push_back({{"address", addresses.back()},
                    {"reason", name_of(cause.reason)},
                    {"source", cause.source},
                    {"campaign", cause.campaign},
                    {"evidence", cause.evidence},
                    {"at", time_text(static_cast<TimeMs>(cause.at))}});
  }
  const json body{{"suppressions", rows}};
  std::optional<Reply> reply;
  if (name.empty()) {
    reply = ask(by, "POST", "/v1/platform/suppressions", body);
    if (refusal(by, "", staff) != 0) return require_status(*reply, 403);
  } else {
    std::vector<Role> may = staff_and_sender;
    if (model.accounts[name].self_service || by.account != name) may.push_back(Role::owner);
    reply = allowed(by, name, may, "POST", "/suppressions", body);
  }
  if (!reply) return;
  require_status(*reply, 200);
  require_has(reply->json(), model.suppress(name, at, addresses, cause));
}

void LifeRandom::unsuppress() {
  const std::string name = below(3) == 0 ? "" : account();
  const int at = channel();
  const std::string one = address(at);
  const std::string rest = "/suppressions/" + channel_names[static_cast<size_t>(at)] + "/" + one;
  if (name.empty()) {
    const LifeActor& by = actor();
    const Reply reply = ask(by, "DELETE", "/v1/platform" + rest);
    require_status(reply, refusal(by, "", staff) != 0 ? 403 : model.unsuppress("", at, one));
    return;
  }
  const LifeActor& by = actor_for(name, staff);
  std::vector<Role> may = staff;
  if (model.accounts[name].self_service || by.account != name) may.push_back(Role::owner);
  const auto reply = allowed(by, name, may, "DELETE", rest);
  if (reply) require_status(*reply, model.unsuppress(name, at, one));
}

void LifeRandom::exempt() {
  const std::string& name = account();
  const int at = channel();
  const bool sets = below(3) != 0;
  const std::string one = address(at);
  const LifeActor& by = actor_for(name, staff);
  std::vector<Role> may = staff;
  if (model.accounts[name].self_service || by.account != name) may.push_back(Role::owner);
  const auto reply =
      allowed(by, name, may, sets ? "PUT" : "DELETE",
              "/suppressions/" + channel_names[static_cast<size_t>(at)] + "/" + one + "/exemption",
              sets ? json{{"note", "asked"}} : json(nullptr));
  if (reply) require_status(*reply, model.exempt(name, at, one, sets));
}

void LifeRandom::events() {
  const std::string& name = account();
  std::vector<ModelEvent> rows(1 + below(4));
  json body = json::array();
  for (ModelEvent& one : rows) {
    one = event();
    body.push_back({{"type", one.type},
                    {"address", one.address},
                    {"campaign", one.campaign},
                    {"detail", one.detail},
                    {"at", time_text(static_cast<TimeMs>(one.at))}});
    if (!one.bounce.empty()) body.back()["bounce"] = one.bounce;
  }
  const LifeActor& by = actor_for(name, staff_and_sender);
  const auto reply = allowed(by, name, staff_and_sender, "POST", "/events", body);
  if (!reply) return;
  require_status(*reply, 200);
  require_has(reply->json(), model.events(name, rows, by.id));
}

void LifeRandom::change_policy() {
  const std::string& name = account();
  const bool trusted = below(3) == 0, self_service = below(2) == 0;
  const LifeActor& by = actor_for(name, staff);
  if (by.role == Role::owner) return;  // may change other members of its account
  const auto reply =
      allowed(by, name, staff, "PATCH", "",
              {{"policies", {{"trusted_bounces", trusted}, {"self_service", self_service}}}});
  if (!reply) return;
  require_status(*reply, 200);
  model.accounts[name].trusted_bounces = trusted;
  model.accounts[name].self_service = self_service;
}

}  // namespace suppressd::test
