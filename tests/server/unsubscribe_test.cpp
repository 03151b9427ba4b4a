// One-click unsubscribe: tokens, the page that changes nothing, and the POST that does.
#include <catch2/catch.hpp>

#include "server/time_text.hpp"
#include "server/unsubscribe_token.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string form_type = "application/x-www-form-urlencoded";
const std::string one_click = "List-Unsubscribe=One-Click";

struct UnsubscribeDriver : LifeDriver {
  using LifeDriver::LifeDriver;
  json mint(const json& body, const std::string& account = "acme") {
    return good(as(admin, "POST", path(account, "/unsubscribe-tokens"), body));
  }
  std::string token(const std::string& address, const std::string& list = "news",
                    const std::string& account = "acme") {
    return mint({{"address", address}, {"list", list}}, account)["tokens"][0]["token"];
  }
  Reply click(const std::string& token, const std::string& body = one_click,
              const std::string& type = form_type, Fields more = {}) {
    more.emplace_back("content-type", type);
    return send({"POST", "/u/" + token, "", std::move(more), body});
  }
};

}  // namespace

TEST_CASE("one click unsubscribes the address in the token's account, and once") {
  UnsubscribeDriver driver;
  const std::string contact = driver.add_contact("acme", "ann@example.com");
  const std::string token = driver.token("Ann@Example.com");
  const Reply reply = driver.click(token);
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["result"] == "unsubscribed");
  CHECK(driver.verdict("acme", "ann@example.com") == "suppressed:account:unsubscribe");
  CHECK(driver.verdict("globe", "ann@example.com") == "clear");
  CHECK(driver.card("acme", contact)["email"]["state"] == "unsubscribed");
  const json cause = driver.causes_of("acme", "ann@example.com")[0];
  CHECK(cause["source"] == "webhook:one-click");
  CHECK(cause["campaign"] == "news");

  const uint64_t sequence = driver.store().sequence();
  CHECK(driver.click(token).status == 200);
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.causes_of("acme", "ann@example.com").size() == 1);
  // Another list is another cause.
  CHECK(driver.click(driver.token("ann@example.com", "offers")).status == 200);
  CHECK(driver.causes_of("acme", "ann@example.com").size() == 2);
}

TEST_CASE("the page changes nothing, however often it is looked at, and its form unsubscribes") {
  UnsubscribeDriver driver;
  const std::string token = driver.token("ann@example.com");
  const uint64_t sequence = driver.store().sequence();
  for (int i = 0; i < 3; ++i) {
    const Reply page = driver.send({"GET", "/u/" + token, "", {}, {}});
    REQUIRE(page.status == 200);
    CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.field("Cache-Control") == "no-store");
    CHECK(page.field("Referrer-Policy") == "no-referrer");
    CHECK(page.body.find("<form method=\"post\">") != std::string::npos);
    CHECK(page.body.find("name=\"List-Unsubscribe\" value=\"One-Click\"") != std::string::npos);
    CHECK(page.body.find("ann") == std::string::npos);
  }
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.verdict("acme", "ann@example.com") == "clear");
  const Reply said = driver.click(token, one_click, form_type, {{"accept", "text/html"}});
  CHECK(said.status == 200);
  CHECK(said.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(driver.verdict("acme", "ann@example.com") == "suppressed:account:unsubscribe");
}

TEST_CASE("only a one-click body unsubscribes, in either form") {
  UnsubscribeDriver driver;
  const std::string token = driver.token("ann@example.com");
  const std::string multipart = "multipart/form-data; boundary=\"b 1\"";
  const auto part = [](const std::string& name, const std::string& value) {
    return "--b 1\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
           "\r\n--b 1--\r\n";
  };
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", form_type},
      {"List-Unsubscribe=One-Click&more=1", form_type},
      {"List-Unsubscribe=one-click", form_type},
      {"List-Unsubscribe", form_type},
      {one_click, "text/plain"},
      {one_click, "application/json"},
      {one_click, ""},
      {one_click, multipart},
      {part("List-Unsubscribe", "Two-Clicks"), multipart},
      {part("Other", "One-Click"), multipart},
      {part("List-Unsubscribe", "One-Click"), "multipart/form-data; boundary=b2"},
      {part("List-Unsubscribe", "One-Click").substr(0, 60), multipart},
      {part("List-Unsubscribe", "One-Click"), "multipart/form-data"},
      {part("List-Unsubscribe", "One-Click"), form_type},
  };
  for (const auto& [body, type] : wrong) {
    INFO(type << "\n" << body);
    const Reply reply = driver.click(token, body, type);
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "not-one-click");
  }
  CHECK(driver.click(token, std::string(5'000, 'x')).status == 413);
  CHECK(driver.verdict("acme", "ann@example.com") == "clear");
  CHECK(driver.click(token, part("List-Unsubscribe", "One-Click"), multipart).status == 200);
  CHECK(driver.verdict("acme", "ann@example.com") == "suppressed:account:unsubscribe");
  CHECK(driver.click(driver.token("bea@example.com"), one_click + "\r\n").status == 200);
}

TEST_CASE("a token tells nobody anything, and a changed, foreign or old one is no good") {
  UnsubscribeDriver driver;
  const std::string token = driver.token("ann@example.com");
  CHECK(token != driver.token("ann@example.com"));
  CHECK(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    CHECK(driver.click(other).status == 404);
  }
  for (const std::string& other : {token.substr(0, token.size() - 1), token + "A", std::string("A"),
                                   std::string(2'000, 'A')}) {
    CHECK(driver.click(other).problem() == "unknown-token");
    CHECK(driver.send({"GET", "/u/" + other, "", {}, {}}).status == 404);
  }
  UnsubscribeDriver elsewhere;
  CHECK(elsewhere.click(token).status == 404);
  CHECK(driver.verdict("acme", "ann@example.com") == "clear");

  const UnsubscribeTokens tokens(driver.store().derived_key(unsubscribe_token_purpose));
  UnsubscribeTarget over{driver.number("acme"), Channel::email, "ann@example.com", "news",
                         now_ms() - 1};
  CHECK(tokens.read(tokens.make(over)) == over);
  CHECK(driver.click(tokens.make(over)).status == 404);
  CHECK(driver.verdict("acme", "ann@example.com") == "clear");
}

TEST_CASE("tokens outlive a restart") {
  test::AppDriverOptions options;
  options.folder = std::make_shared<test::TemporaryFolder>();
  std::string token;
  {
    UnsubscribeDriver driver(options);
    token = driver.token("ann@example.com");
  }
  test::AppDriver again(options);
  CHECK(again.send({"POST", "/u/" + token, "", {{"content-type", form_type}}, one_click}).status ==
        200);
  CHECK(again.verdict("acme", "ann@example.com") == "suppressed:account:unsubscribe");
}

TEST_CASE("tokens are made many at once, with an error for each row that is no address") {
  UnsubscribeDriver driver;
  const json made = driver.mint({{"addresses", {"ann@example.com", "nobody", "+380501234567"}},
                                 {"list", "news"},
                                 {"expires_at", "2099-01-01T00:00:00Z"}});
  REQUIRE(made["tokens"].size() == 2);
  CHECK(made["tokens"][1]["index"] == 2);
  CHECK(made["tokens"][0]["path"] == "/u/" + made["tokens"][0]["token"].get<std::string>());
  CHECK(made["invalid"] == 1);
  CHECK(made["errors"][0]["index"] == 1);
  CHECK(driver.click(made["tokens"][1]["token"]).status == 200);
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:unsubscribe");

  const auto error = [&](const json& body) {
    const Reply reply =
        driver.as(driver.admin, "POST", "/v1/accounts/acme/unsubscribe-tokens", body);
    CHECK(reply.status == 400);
    return reply.json()["errors"][0]["error"].get<std::string>();
  };
  CHECK(error(json::object()) == "required");
  CHECK(error({{"addresses", json::array_t(10'001, "a@example.com")}}) == "too_many");
  CHECK(error({{"address", "a@example.com"}, {"list", std::string(129, 'x')}}) == "too_long");
  CHECK(error({{"address", "a@example.com"}, {"expires_at", "2020-01-01T00:00:00Z"}}) ==
        "bad_time");
  CHECK(error({{"address", "a@example.com"}, {"channel", "fax"}}) == "unknown_channel");
  CHECK(error({{"address", "a@example.com"}, {"addresses", {"b@example.com"}}}) == "given_twice");
  // Whoever sends for the account may make them, and for no other account.
  CHECK(driver
            .as(driver.sender, "POST", "/v1/accounts/acme/unsubscribe-tokens",
                {{"address", "a@example.com"}})
            .status == 200);
  CHECK(driver
            .as(driver.other_owner, "POST", "/v1/accounts/acme/unsubscribe-tokens",
                {{"address", "a@example.com"}})
            .status == 404);
}

}  // namespace suppressd
