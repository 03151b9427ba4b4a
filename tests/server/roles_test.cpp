// Every route with every kind of key, against a matrix written down here by hand.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "server/router.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using test::AppDriver;
using test::Reply;
using test::Request;

/// Who is let in: a admin, s support, o owner, n sender, c checker; * nobody needs a key.
const std::map<std::string, std::string> expected = {
    {"POST /v1/accounts/{account}/check", "asonc"},
    {"GET /v1/accounts/{account}/explain", "aso"},
    {"POST /v1/accounts/{account}/suppressions", "asn"},
    {"GET /v1/accounts/{account}/suppressions", "aso"},
    {"GET /v1/accounts/{account}/suppressions/{channel}/{address}", "aso"},
    {"DELETE /v1/accounts/{account}/suppressions/{channel}/{address}", "as"},
    {"PUT /v1/accounts/{account}/suppressions/{channel}/{address}/exemption", "as"},
    {"DELETE /v1/accounts/{account}/suppressions/{channel}/{address}/exemption", "as"},
    {"POST /v1/platform/suppressions", "as"},
    {"GET /v1/platform/suppressions", "as"},
    {"GET /v1/platform/suppressions/{channel}/{address}", "as"},
    {"DELETE /v1/platform/suppressions/{channel}/{address}", "as"},
    {"POST /v1/accounts/{account}/contacts", "ason"},
    {"GET /v1/accounts/{account}/contacts", "aso"},
    {"GET /v1/accounts/{account}/contacts/{id}", "aso"},
    {"PATCH /v1/accounts/{account}/contacts/{id}", "aso"},
    {"DELETE /v1/accounts/{account}/contacts/{id}", "aso"},
    {"POST /v1/accounts/{account}/contacts/{id}/restore", "aso"},
    {"POST /v1/accounts/{account}/contacts/{id}/erase", "as"},
    {"GET /v1/accounts/{account}/contacts/{id}/activity", "aso"},
    {"POST /v1/accounts/{account}/delete-contacts", "aso"},
    {"POST /v1/accounts/{account}/restore-contacts", "aso"},
    {"GET /v1/accounts/{account}/jobs", "aso"},
    {"GET /v1/accounts/{account}/jobs/{id}", "aso"},
    {"POST /v1/accounts/{account}/jobs/{id}/pause", "aso"},
    {"POST /v1/accounts/{account}/jobs/{id}/resume", "aso"},
    {"POST /v1/accounts/{account}/jobs/{id}/cancel", "aso"},
    {"POST /v1/accounts/{account}/imports", "ason"},
    {"GET /v1/accounts/{account}/imports", "ason"},
    {"GET /v1/accounts/{account}/imports/{id}", "ason"},
    {"DELETE /v1/accounts/{account}/imports/{id}", "ason"},
    {"PATCH /v1/accounts/{account}/imports/{id}/upload", "ason"},
    {"GET /v1/accounts/{account}/imports/{id}/progress", "ason"},
    {"GET /v1/accounts/{account}/imports/{id}/rows", "ason"},
    {"GET /v1/accounts/{account}/imports/{id}/clean", "ason"},
    {"POST /v1/accounts/{account}/imports/{id}/pause", "ason"},
    {"POST /v1/accounts/{account}/imports/{id}/resume", "ason"},
    {"POST /v1/accounts/{account}/imports/{id}/cancel", "ason"},
    {"POST /v1/accounts/{account}/imports/{id}/confirm", "as"},
    {"POST /v1/accounts/{account}/segments", "aso"},
    {"GET /v1/accounts/{account}/segments", "aso"},
    {"GET /v1/accounts/{account}/segments/{id}", "aso"},
    {"PATCH /v1/accounts/{account}/segments/{id}", "aso"},
    {"DELETE /v1/accounts/{account}/segments/{id}", "aso"},
    {"GET /v1/accounts/{account}/segments/{id}/contacts", "aso"},
    {"POST /v1/accounts/{account}/segments/{id}/contacts", "aso"},
    {"DELETE /v1/accounts/{account}/segments/{id}/contacts", "aso"},
    {"GET /v1/accounts/{account}/exports", "aso"},
    {"POST /v1/accounts/{account}/exports", "aso"},
    {"POST /v1/accounts/{account}/requests", "aso"},
    {"GET /v1/accounts/{account}/requests", "aso"},
    {"GET /v1/accounts/{account}/requests/{id}", "aso"},
    {"POST /v1/accounts/{account}/requests/{id}/approve", "as"},
    {"POST /v1/accounts/{account}/requests/{id}/reject", "as"},
    {"GET /v1/requests", "as"},
    {"POST /v1/accounts/{account}/events", "asn"},
    {"POST /v1/classify", "asonc"},
    {"GET /v1/accounts/{account}/counts", "aso"},
    {"POST /v1/accounts/{account}/counts/recalculate", "aso"},
    {"GET /v1/accounts/{account}/analytics", "aso"},
    {"GET /v1/accounts/{account}/causes", "aso"},
    {"POST /v1/accounts", "a"},
    {"GET /v1/accounts", "as"},
    {"GET /v1/accounts/{account}", "aso"},
    {"PATCH /v1/accounts/{account}", "aso"},
    {"GET /v1/accounts/{account}/changes", "aso"},
    {"GET /v1/changes", "aso"},
    {"POST /v1/keys", "a"},
    {"GET /v1/keys", "a"},
    {"DELETE /v1/keys/{id}", "a"},
    {"GET /livez", "*"},
    {"GET /readyz", "*"},
    {"GET /metrics", "*"},
    {"GET /version", "*"},
    {"GET /openapi.json", "*"},
};

std::string replace(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

std::string target_of(const Route& route, const std::string& account) {
  std::string target(route.pattern);
  target = replace(target, "{account}", account);
  target = replace(target, "{channel}", "email");
  target = replace(target, "{address}", "nobody%40example.com");
  return replace(target, "{id}", "k_none");
}

std::string name_of(const Route& route) {
  return std::string(route.method) + " " + std::string(route.pattern);
}

Reply call(AppDriver& driver, const Route& route, const std::string& account,
           const std::string& key) {
  Request request;
  request.method = route.method;
  request.target = target_of(route, account);
  request.key = key;
  return driver.send(request);  // no body: a route that lets the key in refuses that itself
}

bool let_in(const Reply& reply) {
  if (reply.status == 401 || reply.status == 403) return false;
  return reply.status != 404 || reply.problem() != "unknown-account";
}

}  // namespace

TEST_CASE("the matrix of roles names every route, and no other") {
  std::set<std::string> in_table, in_matrix;
  for (const Route& route : routes()) in_table.insert(name_of(route));
  for (const auto& [name, who] : expected) in_matrix.insert(name);
  CHECK(in_table == in_matrix);
}

TEST_CASE("every route lets in the roles of the matrix and nobody else") {
  AppDriver driver;
  driver.make_account("mine");
  driver.make_account("other");
  const std::string support = driver.make_key(Role::support).text;
  const std::string owner = driver.make_key(Role::owner, "mine").text;
  const std::string sender = driver.make_key(Role::sender, "mine").text;
  const std::string checker = driver.make_key(Role::checker, "mine").text;
  const auto revoked = driver.make_key(Role::support);
  REQUIRE(driver.remove("/v1/keys/" + revoked.id).status == 200);

  const std::map<char, std::string> keys = {
      {'a', driver.admin}, {'s', support}, {'o', owner}, {'n', sender}, {'c', checker}};
  for (const Route& route : routes()) {
    const std::string who = expected.at(name_of(route));
    INFO(name_of(route));
    for (const auto& [letter, key] : keys) {
      INFO("role " << letter);
      const Reply reply = call(driver, route, "mine", key);
      const bool allowed = who == "*" || who.find(letter) != std::string::npos;
      CHECK(let_in(reply) == allowed);
      if (!allowed) CHECK(reply.status == 403);
    }
    for (const std::string& key : {std::string(), revoked.text, std::string("sup_admin_none")}) {
      const Reply reply = call(driver, route, "mine", key);
      CHECK((reply.status == 401) == (who != "*"));
      if (reply.status == 401) CHECK(reply.field("WWW-Authenticate").starts_with("Bearer"));
    }
  }
}

TEST_CASE("a key of one account cannot tell another account from none") {
  AppDriver driver;
  driver.make_account("mine");
  driver.make_account("other");
  for (const Role role : {Role::owner, Role::sender, Role::checker}) {
    const std::string key = driver.make_key(role, "mine").text;
    for (const Route& route : routes()) {
      if (route.pattern.find("{account}") == std::string_view::npos) continue;
      INFO(name_of(route) << " as " << name_of(role));
      const Reply other = call(driver, route, "other", key);
      const Reply none = call(driver, route, "none", key);
      const bool may = route.roles.contains(role) || route.self_service.contains(role);
      CHECK(other.status == (may ? 404 : 403));
      CHECK(other.status == none.status);
      CHECK(other.body == none.body);
      CHECK(other.fields == none.fields);
    }
  }
}

TEST_CASE("an owner changes the list alone where the account's policy allows it") {
  AppDriver driver;
  driver.make_account("mine");
  driver.make_account("other");
  const std::string owner = driver.make_key(Role::owner, "mine").text;
  const std::string support = driver.make_key(Role::support).text;
  const auto set_policy = [&](const std::string& key, const std::string& policies) {
    return driver.send({"PATCH",
                        "/v1/accounts/mine",
                        key,
                        {{"content-type", "application/json"}},
                        R"({"policies":)" + policies + "}"});
  };
  const auto add = [&](const std::string& account) {
    return driver.send({"POST",
                        "/v1/accounts/" + account + "/suppressions",
                        owner,
                        {{"content-type", "application/json"}},
                        R"({"address":"a@example.com","reason":"manual"})"});
  };
  const auto remove = [&] {
    return driver.send(
        {"DELETE", "/v1/accounts/mine/suppressions/email/a%40example.com", owner, {}, {}});
  };
  CHECK(set_policy(owner, R"({"self_service":true})").status == 403);
  CHECK(add("mine").status == 403);

  const test::Reply set = set_policy(support, R"({"self_service":true})");
  REQUIRE(set.status == 200);
  CHECK(set.json()["policies"]["self_service"] == true);
  CHECK(add("mine").status == 200);
  CHECK(driver.verdict("mine", "a@example.com") == "suppressed:account:manual");
  CHECK(remove().status == 200);
  CHECK(driver.verdict("mine", "a@example.com") == "clear");
  CHECK(add("other").status == 404);
  CHECK(add("other").body == add("none").body);

  // What the platform suppresses is made active by an exemption.
  const auto exempt = [&](const std::string& method) {
    return driver.send(
        {method, "/v1/accounts/mine/suppressions/email/a%40example.com/exemption", owner, {}, {}});
  };
  CHECK(exempt("PUT").status == 200);
  CHECK(exempt("DELETE").status == 200);

  // The policy ends at once.
  REQUIRE(set_policy(support, R"({"self_service":false})").status == 200);
  CHECK(add("mine").status == 403);
  CHECK(remove().status == 403);
  CHECK(exempt("PUT").status == 403);

  const test::Reply bad = set_policy(support, R"({"self_service":1,"color":true})");
  CHECK(bad.status == 400);
  CHECK(bad.json()["errors"] == nlohmann::json::parse(R"([
      {"field":"policies.self_service","error":"not_a_boolean"},
      {"field":"policies","error":"unknown_member"}])"));
}

TEST_CASE("an owner who may not change the list is told whom to ask") {
  AppDriver driver;
  driver.make_account("mine");
  Request request{"POST",
                  "/v1/accounts/mine/suppressions",
                  driver.make_key(Role::owner, "mine").text,
                  {{"content-type", "application/json"}},
                  "{}"};
  const Reply reply = driver.send(request);
  CHECK(reply.status == 403);
  CHECK(reply.body.find("request to support") != std::string::npos);
}

}  // namespace suppressd
