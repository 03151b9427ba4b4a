// Segments, jobs, requests and what is asked badly, at random.
#include <thread>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_random.hpp"

namespace suppressd::test {
namespace {

const std::vector<Role> staff{Role::admin, Role::support};
const std::vector<Role> staff_and_owner{Role::admin, Role::support, Role::owner};

std::string segment_path(int id) {
  return "/segments/" + segment_id_text(static_cast<SegmentId>(id));
}

void require_status(const Reply& reply, int status) {
  INFO(reply.body);
  REQUIRE(reply.status == status);
}

}  // namespace

void LifeRandom::change_segments() {
  const std::string& name = account();
  const std::string called = "list " + std::to_string(below(5));
  const bool creates = below(2) == 0;
  const int id = segment_of(name);
  const auto reply =
      allowed(actor_for(name, staff_and_owner), name, staff_and_owner, creates ? "POST" : "PATCH",
              creates ? "/segments" : segment_path(id), {{"name", called}});
  if (!reply) return;
  const int status =
      creates ? model.create_segment(name, called) : model.rename_segment(name, id, called);
  require_status(*reply, status);
  if (status >= 300) {
    REQUIRE(reply->problem() == (status == 404 ? "unknown-segment" : "segment-exists"));
    return;
  }
  REQUIRE(reply->json()["name"] == called);
  const int made = creates ? model.accounts[name].segments_made : id;
  REQUIRE(reply->json()["contacts"] == model.segment_counts(name, made));
}

void LifeRandom::change_members() {
  const std::string& name = account();
  const int id = segment_of(name);
  const bool adds = below(3) != 0;
  const std::vector<int> ids = some_contacts(name);
  json body{{"ids", json::array()}};
  for (const int one : ids) {
    body["ids"].push_back(contact_id_text(static_cast<ContactId>(one)));
  }
  const auto reply = allowed(actor_for(name, staff_and_owner), name, staff_and_owner,
                             adds ? "POST" : "DELETE", segment_path(id) + "/contacts", body);
  if (!reply) return;
  if (!model.accounts[name].segments.contains(id)) return require_status(*reply, 404);
  require_status(*reply, 200);
  INFO(reply->body);
  REQUIRE(reply->json()["results"] == model.members(name, id, ids, adds));
}

json LifeRandom::finished_job(const std::string& name, const Reply& made) {
  require_status(made, 202);
  const json job = made.json()["job"];
  REQUIRE(job["id"] == job_id_text(static_cast<JobId>(++model.accounts[name].jobs_made)));
  const std::string target = "/v1/accounts/" + name + "/jobs/" + job["id"].get<std::string>();
  for (;;) {
    const json now = good(target);
    if (now["state"] == "done") return now;
    INFO(now.dump());
    REQUIRE(now["state"] == "running");
    std::this_thread::yield();
  }
}

void LifeRandom::delete_segment() {
  const std::string& name = account();
  const int id = segment_of(name);
  const auto found = model.accounts[name].segments.find(id);
  const bool there = found != model.accounts[name].segments.end();
  const bool confirms = below(3) != 0;
  const std::string called = there && confirms ? "list%20" + found->second.substr(5) : "nothing";
  const auto reply = allowed(actor_for(name, staff_and_owner), name, staff_and_owner, "DELETE",
                             segment_path(id) + "?confirm=" + called);
  if (!reply) return;
  if (!there || !confirms) {
    require_status(*reply, there ? 409 : 404);
    REQUIRE(reply->problem() == (there ? "wrong-confirmation" : "unknown-segment"));
    return;
  }
  finished_job(name, *reply);
  model.delete_segment(name, id);
}

void LifeRandom::delete_found() {
  const std::string& name = account();
  const int at = channel();
  const std::string state = below(4) == 0 ? "" : state_names[below(4)];
  const std::vector<const ModelContact*> found = model.list(name, at, state);
  const uint64_t shown_at = good("/v1/accounts/" + name + "/counts")["sequence"];
  const uint64_t expected = found.size() + (below(4) == 0 ? 1 : 0);
  json filter{{"channel", channel_names[static_cast<size_t>(at)]}};
  if (!state.empty()) filter["state"] = state;
  const LifeActor& by = actor_for(name, staff_and_owner);
  const auto reply = allowed(
      by, name, staff_and_owner, "POST", "/delete-contacts",
      {{"filter", filter}, {"shown_at", shown_at}, {"expected", expected}, {"reason", "all"}});
  if (!reply) return;
  if (found.empty() || expected != found.size()) {
    require_status(*reply, 409);
    REQUIRE(reply->problem() == (found.empty() ? "nothing-matches" : "wrong-confirmation"));
    return;
  }
  const json job = finished_job(name, *reply);
  INFO(job.dump());
  REQUIRE(job["kind"] == "delete_contacts");
  REQUIRE(job["changed"] == found.size());
  REQUIRE(job["total"] == found.size());
  std::vector<int> ids;
  for (const ModelContact* contact : found) ids.push_back(contact->id);
  const int number = model.accounts[name].jobs_made;
  model.remove(name, ids, 1 << at, by.id, "all", number);
  if (below(2) == 0) restore_job(name, number);
}

void LifeRandom::restore_job(const std::string& name, int job) {
  // Meanwhile somebody else has brought some back.
  model.restore(name, {1, 2}, 3);
  require_status(ask(actors_[0], "POST", "/v1/accounts/" + name + "/restore-contacts",
                     {{"ids", {"c1", "c2"}}}),
                 200);
  const Reply reply = ask(actors_[0], "POST", "/v1/accounts/" + name + "/restore-contacts",
                          {{"job", job_id_text(static_cast<JobId>(job))}});
  finished_job(name, reply);
  std::vector<int> ids;
  for (const auto& [id, contact] : model.accounts[name].contacts) ids.push_back(id);
  model.restore(name, ids, 3, job);
}

void LifeRandom::file() {
  constexpr std::array kinds{"blacklist", "unsubscribe", "reactivate"};
  const std::string& name = account();
  ModelRequest request;
  request.kind = kinds[below(kinds.size())];
  request.statement = request.kind == "reactivate" || below(2) == 0 ? "they exist" : "";
  json body{{"kind", request.kind}, {"statement", request.statement}};
  std::set<std::pair<int, std::string>> known;
  for (size_t left = 1 + below(3); left != 0; --left) {
    const int at = channel();
    const std::string one = address(at);
    body["addresses"].push_back(one);
    if (known.emplace(at, one).second) request.targets.push_back({at, one, 0});
  }
  const LifeActor& by = actor_for(name, staff_and_owner);
  const auto reply = allowed(by, name, staff_and_owner, "POST", "/requests", body);
  if (!reply) return;
  require_status(*reply, 201);
  request.filed_by = by.id;
  const ModelRequest& filed = model.file(name, std::move(request));
  const json expected = model.request_json(name, filed);
  for (const auto& [member, value] : expected.items()) {
    INFO(member << " of " << reply->body);
    REQUIRE(reply->json()[member] == value);
  }
}

void LifeRandom::decide() {
  const std::string& name = account();
  const auto made = static_cast<int>(model.accounts[name].requests.size());
  const int id = 1 + static_cast<int>(below(static_cast<size_t>(made) + 1));
  const bool approves = below(3) != 0;
  std::optional<std::set<int>> only;
  json body{{"note", "looked at"}};
  if (approves && below(3) == 0) {
    only.emplace();
    only->insert(static_cast<int>(below(3)));
    body["only"] = *only;
  }
  const LifeActor& by = actor_for(name, staff);
  const auto reply = allowed(by, name, staff, "POST",
                             "/requests/" + request_id_text(static_cast<RequestId>(id)) +
                                 (approves ? "/approve" : "/reject"),
                             body);
  if (!reply) return;
  const int status =
      model.decide(name, id, approves ? "approved" : "rejected", only, "looked at", by.id);
  require_status(*reply, status);
  if (status == 409) REQUIRE(reply->problem() == "already-decided");
  if (status == 404) REQUIRE(reply->problem() == "unknown-request");
  if (status != 200) return;
  const json expected =
      model.request_json(name, model.accounts[name].requests[static_cast<size_t>(id) - 1]);
  for (const auto& [member, value] : expected.items()) {
    INFO(member << " of " << reply->body);
    REQUIRE(reply->json()[member] == value);
  }
}

void LifeRandom::recalculate() {
  const std::string& name = account();
  const auto reply = allowed(actor_for(name, staff_and_owner), name, staff_and_owner, "POST",
                             "/counts/recalculate");
  if (!reply) return;
  const json job = finished_job(name, *reply);
  INFO(job.dump());
  REQUIRE(job["result"]["differences"].empty());
}

void LifeRandom::ask_badly() {
  struct Bad {
    const char *method, *rest, *body;
    int status;
    const char* problem;
  };
  static constexpr std::array bad{
      Bad{"POST", "/contacts", "{", 400, "malformed-json"},
      Bad{"GET", "/contacts?state=nonsense", "", 400, "invalid-request"},
      Bad{"GET", "/contacts?sort=size", "", 400, "invalid-request"},
      Bad{"GET", "/contacts?nonsense=1", "", 400, "invalid-request"},
      Bad{"GET", "/contacts?limit=0", "", 400, "invalid-request"},
      Bad{"GET", "/contacts?cursor=AAAA", "", 400, "invalid-request"},
      Bad{"GET", "/contacts/c0", "", 404, "unknown-contact"},
      Bad{"GET", "/contacts/1", "", 404, "unknown-contact"},
      Bad{"GET", "/contacts/c18446744073709551616", "", 404, "unknown-contact"},
      Bad{"GET", "/contacts/c999999/activity", "", 404, "unknown-contact"},
      Bad{"PATCH", "/contacts/c999999", R"({"fields":{}})", 404, "unknown-contact"},
      Bad{"DELETE", "/contacts/c999999", "", 404, "unknown-contact"},
      Bad{"POST", "/contacts/c999999/restore", "", 404, "unknown-contact"},
      Bad{"POST", "/segments", R"({"name":""})", 400, "invalid-request"},
      Bad{"POST", "/segments", R"({})", 400, "invalid-request"},
      Bad{"GET", "/segments/s999999", "", 404, "unknown-segment"},
      Bad{"GET", "/segments/s999999/contacts", "", 404, "unknown-segment"},
      Bad{"GET", "/jobs/j999999", "", 404, "unknown-job"},
      Bad{"POST", "/jobs/j999999/cancel", "", 404, "unknown-job"},
      Bad{"POST", "/restore-contacts", R"({"job":"j999999"})", 404, "unknown-job"},
      Bad{"POST", "/delete-contacts", R"({"ids":"c1"})", 400, "invalid-request"},
      Bad{"POST", "/delete-contacts", R"({"filter":{},"shown_at":99999999,"expected":1})", 400,
          "invalid-request"},
      Bad{"POST", "/requests", R"({"kind":"reactivate","addresses":["a@example.com"]})", 400,
          "invalid-request"},
      Bad{"POST", "/requests", R"({"kind":"blacklist","addresses":["nobody"]})", 400,
          "invalid-request"},
      Bad{"POST", "/requests", R"({"kind":"blacklist","contacts":["c999999"]})", 404,
          "unknown-contact"},
      Bad{"POST", "/requests/r999999/approve", "", 404, "unknown-request"},
      Bad{"GET", "/requests/r999999", "", 404, "unknown-request"},
      Bad{"GET", "/causes?by=weather", "", 400, "invalid-request"},
      Bad{"GET", "/analytics?inactive_days=0", "", 400, "invalid-request"},
      Bad{"POST", "/events", R"([{"type":"sent","address":)", 400, "malformed-json"}};
  const Bad& one = bad[below(bad.size())];
  Request request{one.method, "/v1/accounts/" + account() + one.rest, actors_[0].key, {}, one.body};
  if (!request.body.empty()) request.fields.emplace_back("content-type", "application/json");
  const Reply reply = send_(request);
  INFO(request.method << " " << request.target << " " << request.body);
  require_status(reply, one.status);
  REQUIRE(reply.problem() == one.problem);
}

}  // namespace suppressd::test
