#include <catch2/catch.hpp>

#include <sys/stat.h>

#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {
using nlohmann::json;
using test::AppDriver;
using test::Reply;
using test::Request;
}  // namespace

TEST_CASE("an account is created, listed, looked at and changed") {
  AppDriver driver;
  const Reply made =
      driver.post("/v1/accounts", R"({"account":"acme","name":"Acme Ltd","default_region":"ua"})");
  REQUIRE(made.status == 201);
  CHECK(made.field("Location") == "/v1/accounts/acme");
  CHECK(made.field("Suppress-Sequence") == std::to_string(made.json()["sequence"].get<int>()));
  CHECK(made.json()["name"] == "Acme Ltd");
  CHECK(made.json()["default_region"] == "UA");

  CHECK(driver.get("/v1/accounts/acme").json()["name"] == "Acme Ltd");
  const Reply changed = driver.send({"PATCH",
                                     "/v1/accounts/acme",
                                     driver.admin,
                                     {{"content-type", "application/merge-patch+json"}},
                                     R"({"default_region":null})"});
  REQUIRE(changed.status == 200);
  CHECK(changed.json()["default_region"].is_null());
  const json one = driver.get("/v1/accounts/acme").json();
  CHECK(one["name"] == "Acme Ltd");
  CHECK(one["default_region"].is_null());
  CHECK(driver.store().accounts().at(0).name == "Acme Ltd");
}

TEST_CASE("an account that cannot be is refused with an error for each member") {
  AppDriver driver;
  driver.make_account("acme");
  CHECK(driver.post("/v1/accounts", R"({"account":"acme"})").problem() == "account-exists");
  CHECK(driver.post("/v1/accounts", R"({"account":"acme"})").status == 409);
  const Reply bad = driver.post("/v1/accounts",
                                R"({"account":"Ac me","name":7,"default_region":"XX","color":1})");
  REQUIRE(bad.status == 400);
  CHECK(bad.json()["errors"] == json::parse(R"([{"field":"account","error":"bad_account_id"},
                        {"field":"name","error":"not_a_string"},
                        {"field":"default_region","error":"unknown_region"},
                        {"error":"unknown_member"}])"));
}

TEST_CASE("a list of accounts comes in pages that miss and repeat nothing") {
  AppDriver driver;
  std::vector<std::string> expected;
  for (const char* id : {"b", "d", "a", "e", "c"}) driver.make_account(id);
  std::string seen, cursor;
  for (int pages = 0; pages < 10; ++pages) {
    const json page =
        driver.get("/v1/accounts?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor)).json();
    for (const json& item : page["items"]) seen += item["account"].get<std::string>();
    if (page["next"].is_null()) break;
    cursor = page["next"];
  }
  CHECK(seen == "abcde");
}

TEST_CASE("a key works from its creation and not after its revocation") {
  AppDriver driver;
  driver.make_account("acme");
  const auto key = driver.make_key(Role::checker, "acme");
  CHECK(key.text.starts_with("sup_checker_"));
  Request request{"POST",
                  "/v1/accounts/acme/check",
                  key.text,
                  {{"content-type", "text/plain"}},
                  "a@example.com\n"};
  CHECK(driver.send(request).status == 200);
  CHECK(driver.remove("/v1/keys/" + key.id).status == 200);
  CHECK(driver.send(request).status == 401);
  CHECK(driver.remove("/v1/keys/" + key.id).status == 200);  // revoked stays revoked
  CHECK(driver.remove("/v1/keys/k_none").status == 404);

  const json keys = driver.get("/v1/keys").json();
  for (const json& item : keys["items"]) {
    CHECK(!item.contains("key"));
    CHECK(item["revoked_at"].is_null() == (item["id"] != key.id));
  }
}

TEST_CASE("a key names an account exactly when its role needs one") {
  AppDriver driver;
  const auto error = [&](const std::string& body) {
    const Reply reply = driver.post("/v1/keys", body);
    CHECK(reply.status == 400);
    return reply.json()["errors"][0]["error"].get<std::string>();
  };
  CHECK(error(R"({"role":"sender"})") == "role_needs_account");
  CHECK(error(R"({"role":"sender","account":"none"})") == "unknown_account");
  CHECK(error(R"({"role":"king"})") == "unknown_role");
  driver.make_account("acme");
  CHECK(error(R"({"role":"support","account":"acme"})") == "role_has_no_account");
}

TEST_CASE("the last admin key cannot be revoked") {
  AppDriver driver;
  const json keys = driver.get("/v1/keys").json()["items"];
  REQUIRE(keys.size() == 1);
  const Reply refused = driver.remove("/v1/keys/" + keys[0]["id"].get<std::string>());
  CHECK(refused.status == 409);
  CHECK(refused.problem() == "last-admin-key");
  driver.make_key(Role::admin);
  CHECK(driver.remove("/v1/keys/" + keys[0]["id"].get<std::string>()).status == 200);
}

TEST_CASE("the first start leaves one admin key in a file that only its owner reads") {
  AppDriver driver;
  struct stat file {};
  REQUIRE(::stat((driver.data_dir() / "admin.key").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  CHECK(driver.get("/v1/accounts").status == 200);
  ensure_admin_key(driver.store(), driver.committer(), driver.data_dir());
  CHECK(driver.store().keys().size() == 1);
}

TEST_CASE("an admin key that a crash left before its commit is the one that gets committed") {
  test::TemporaryFolder folder;
  const std::string text = make_key_text(Role::admin);
  std::ofstream(folder.path() / "admin.key") << text << "\n";
  StoreOptions options;
  options.directory = folder.path() / "store";
  const auto store = Store::open(options);
  SuppressionSet set;
  std::atomic<double> progress{0};
  store->load(set, 1, progress);
  Committer committer(*store, set, [](auto, auto) {});
  ensure_admin_key(*store, committer, folder.path());
  REQUIRE(store->keys().size() == 1);
  CHECK(store->keys()[0].hash == hash_key(text));
}

TEST_CASE("a repeated POST with its Idempotency-Key gets the first answer") {
  AppDriver driver;
  const auto post = [&](const std::string& target, const std::string& body) {
    return driver.send({"POST",
                        target,
                        driver.admin,
                        {{"content-type", "application/json"}, {"idempotency-key", "abc"}},
                        body});
  };
  SECTION("account") {
    const Reply first = post("/v1/accounts", R"({"account":"acme","name":"A"})");
    const Reply again = post("/v1/accounts", R"({"account":"acme","name":"A"})");
    CHECK(first.status == 201);
    CHECK(again.status == 201);
    CHECK(first.field("Idempotent-Replay").empty());
    CHECK(again.field("Idempotent-Replay") == "true");
    CHECK(again.field("Suppress-Sequence") == first.field("Suppress-Sequence"));
    const Reply other = post("/v1/accounts", R"({"account":"acme","name":"B"})");
    CHECK(other.status == 422);
    CHECK(other.problem() == "idempotency-key-reused");
  }
  SECTION("key: its text is shown once") {
    const Reply first = post("/v1/keys", R"({"role":"support","name":"desk"})");
    const Reply again = post("/v1/keys", R"({"role":"support","name":"desk"})");
    REQUIRE(first.status == 201);
    REQUIRE(again.status == 200);
    CHECK(first.json().contains("key"));
    CHECK(!again.json().contains("key"));
    CHECK(again.json()["id"] == first.json()["id"]);
    CHECK(again.json()["created_at"] == first.json()["created_at"]);
    CHECK(driver.store().keys().size() == 2);
  }
  SECTION("suppressions") {
    driver.make_account("acme");
    const std::string body = R"({"address":"a@example.com","reason":"manual"})";
    const Reply first = post("/v1/accounts/acme/suppressions", body);
    const Reply again = post("/v1/accounts/acme/suppressions", body);
    CHECK(again.field("Idempotent-Replay") == "true");
    CHECK(again.body == first.body);
    CHECK(first.json()["added"] == 1);
    CHECK(post("/v1/accounts/acme/suppressions", R"({"address":"b@example.com","reason":"manual"})")
              .status == 422);
  }
}

}  // namespace suppressd
