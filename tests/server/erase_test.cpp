// R24 through the routes: an erased contact is gone, its addresses are as suppressed as before, and
// no file says who it was.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string email = "qzxjvwk-8190@kxqvd.example";
const std::string evidence = "wqjzzvbk-5519";

std::vector<std::string> files_with(const std::filesystem::path& directory,
                                    const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    if (content.find(text) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

json finished(LifeDriver& driver, const std::string& job) {
  for (;;) {
    const json now = driver.read("/v1/accounts/acme/jobs/" + job);
    if (now["state"] != "running") return now;
    std::this_thread::yield();
  }
}

TEST_CASE("an erased contact is gone, its address stays suppressed and is recognized", "[erase]") {
  LifeDriver driver;
  const std::string base = "/v1/accounts/acme";
  const std::string id = driver.add_contact("acme", email);
  driver.bounce("acme", email, "hard", evidence);
  driver.suppress(base, email, "complaint", evidence);
  const std::string request =
      driver.file("acme", {{"kind", "reactivate"}, {"contacts", {id}}, {"statement", evidence}});
  const uint64_t entries = driver.set().entries();
  REQUIRE_FALSE(files_with(driver.data_dir(), email).empty());

  const Reply wrong =
      driver.as(driver.support, "POST", base + "/contacts/" + id + "/erase", {{"confirm", "c999"}});
  CHECK(wrong.problem() == "wrong-confirmation");
  const Reply erasing =
      driver.as(driver.support, "POST", base + "/contacts/" + id + "/erase", {{"confirm", id}});
  REQUIRE(erasing.status == 202);
  CHECK(finished(driver, erasing.json()["job"]["id"])["state"] == "done");

  CHECK(driver.get(base + "/contacts/" + id).status == 404);
  CHECK(driver.get(base + "/contacts/" + id + "/activity").status == 404);
  CHECK(driver.set().entries() == entries);
  for (const std::string& text : {email, evidence}) {
    INFO(text);
    const std::vector<std::string> files = files_with(driver.data_dir(), text);
    CAPTURE(files);
    CHECK(files.empty());
  }

  const json checked =
      driver.good(driver.as(driver.admin, "POST", base + "/check", {{"addresses", {email}}}));
  CHECK(checked["results"][0]["verdict"] == "suppressed");
  CHECK(checked["results"][0]["reason"] == "complaint");
  const json causes = driver.causes_of("acme", email);
  REQUIRE(causes.size() == 1);
  CHECK(causes[0]["reason"] == "complaint");
  CHECK(causes[0]["source"] == "erased");
  CHECK(causes[0]["evidence"].is_null());
  CHECK(causes[0]["by"].is_null());

  const json asked = driver.read(base + "/requests/" + request);
  CHECK(asked["state"] == "rejected");
  CHECK(asked["statement"].is_null());
  CHECK(asked["addresses"][0]["address"].is_null());
  CHECK(asked["addresses"][0]["verdict"].is_null());
  size_t erased = 0;
  const json feed = driver.read(base + "/changes?limit=1000");
  for (const json& change : feed["items"]) {
    if (!change.contains("entries")) continue;
    for (const json& entry : change["entries"]) {
      CHECK(entry["address"].is_null());
      erased += entry.value("erased", false) ? 1 : 0;
    }
  }
  CHECK(erased == 2);

  const json again =
      driver.good(driver.as(driver.admin, "POST", base + "/contacts", {{"email", email}}));
  CHECK(again["results"][0]["result"] == "created");
  CHECK(again["results"][0]["id"] != id);
  CHECK(again["results"][0]["email"]["verdict"] == "suppressed");
  CHECK(again["results"][0]["email"]["reason"] == "complaint");
}

}  // namespace
}  // namespace suppressd
