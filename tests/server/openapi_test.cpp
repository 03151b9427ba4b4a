// The API's description against the route table, both ways. tests/openapi.py holds live answers
// against its schemas.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "server/router.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::AppDriver;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return std::toupper(c); });
  return text;
}

/// "GET /v1/…" → the operation, with the path's parameters joined to its own.
std::map<std::string, json> operations(const json& document) {
  std::map<std::string, json> found;
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      json whole = operation;
      for (const json& parameter : item.value("parameters", json::array())) {
        whole["parameters"].push_back(parameter);
      }
      found[upper(method) + " " + path] = whole;
    }
  }
  return found;
}

const json& resolve(const json& document, const json& node) {
  if (!node.contains("$ref")) return node;
  return document.at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
}

}  // namespace

TEST_CASE("the API's description has every route, no other, and the roles that may call it") {
  AppDriver driver;
  const test::Reply reply = driver.send({"GET", "/openapi.json", "", {}, {}});
  REQUIRE(reply.status == 200);
  const json document = reply.json();
  CHECK(document.at("openapi") == "3.1.0");
  CHECK(document.at("info").at("version") == SUPPRESSD_VERSION);
  const auto described = operations(document);
  std::set<std::string> names;
  for (const Route& route : routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.pattern);
    INFO(name);
    names.insert(name);
    REQUIRE(described.count(name) == 1);
    const json& operation = described.at(name);
    std::set<std::string> roles, expected;
    for (const json& role : operation.at("x-roles")) roles.insert(role);
    for (const Role role : {Role::admin, Role::support, Role::owner, Role::sender, Role::checker}) {
      if (!route.roles.open() && route.roles.contains(role)) expected.emplace(name_of(role));
    }
    CHECK(roles == expected);
    CHECK(operation.contains("x-self-service-roles") == !route.self_service.empty());
    CHECK(operation.contains("security") == route.roles.open());
  }
  for (const auto& [name, operation] : described) CHECK(names.count(name) == 1);
}

TEST_CASE("an operation describes the parts of its path and the fields that its route reads") {
  AppDriver driver;
  const json document = driver.get("/openapi.json").json();
  const auto described = operations(document);
  std::set<std::string> ids;
  for (const Route& route : routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.pattern);
    INFO(name);
    const json& operation = described.at(name);
    CHECK(ids.insert(operation.at("operationId")).second);
    CHECK_FALSE(operation.at("summary").get<std::string>().empty());
    CHECK(operation.at("responses").contains("default"));
    std::set<std::string> parts, fields;
    const json parameters = operation.value("parameters", json::array());
    for (const json& reference : parameters) {
      const json& parameter = resolve(document, reference);
      if (parameter.at("in") == "path")
        parts.insert("{" + parameter["name"].get<std::string>() + "}");
      if (parameter.at("in") == "header") fields.insert(parameter["name"]);
    }
    for (const std::string& part : parts) CHECK(route.pattern.find(part) != std::string_view::npos);
    CHECK(parts.size() ==
          static_cast<size_t>(std::count(route.pattern.begin(), route.pattern.end(), '{')));
    CHECK(fields.count("Suppress-Min-Sequence") == (route.reads ? 1 : 0));
  }
}

}  // namespace suppressd
