// Counts, groups and causes: what they say is what the lists behind them hold, with every commit.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "persistence/keys.hpp"
#include "server/time_text.hpp"
#include "tests/core/random_input.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

const std::string here = "/v1/accounts/acme";

std::string days_ago(uint64_t days) {
  return time_text(now_ms() - days * day_ms);
}

/// "hard_bounce=2 manual=1": what /causes answers, in its order.
std::string causes(LifeDriver& driver, const std::string& query) {
  std::string text;
  const json page = driver.read(here + "/causes" + query);
  for (const json& item : page["items"]) {
    text += (text.empty() ? "" : " ") + item["value"].get<std::string>() + "=" +
            std::to_string(item["contacts"].get<uint64_t>());
  }
  return text;
}

/// What one channel's lists hold, counted row by row.
struct Walked {
  Walked(LifeDriver& driver, const std::string& channel) {
    const std::string query = "?limit=50&channel=" + channel + "&state=";
    for (const char* state : {"active", "soft_bounced", "unsubscribed", "blacklisted", "deleted"}) {
      for (const json& contact : driver.contacts("acme", query + state)) {
        add(contact[channel], state, channel);
      }
    }
    all = driver.contacts("acme", "?limit=50&channel=" + channel).size();
  }

  void add(const json& address, const std::string& state, const std::string& channel) {
    if (state != "active") CHECK(address["state"] == state);
    ++states[state];
    if (state == "deleted" || address["reason"].is_null()) return;
    ++by["reason"][address["reason"]];
    ++by["scope"][address["scope"]];
    ++by["source"][address["source"]];
    ++by["day"][address["since"].get<std::string>().substr(0, 10)];
    if (!address["campaign"].is_null()) ++by["campaign"][address["campaign"]];
    const std::string text = address["address"];
    if (channel == "email") ++by["domain"][text.substr(text.rfind('@') + 1)];
  }

  std::map<std::string, uint64_t> states;
  std::map<std::string, std::map<std::string, uint64_t>> by;
  uint64_t all = 0;
};

void check_causes(LifeDriver& driver, const std::string& channel, const Walked& walked) {
  for (const char* by : {"reason", "scope", "source", "day", "campaign", "domain"}) {
    INFO("causes by " << by);
    std::map<std::string, uint64_t> paged, biggest;
    const std::string query = std::string("?channel=") + channel + "&by=" + by;
    for (const json& item : driver.walk_list(here + "/causes", query + "&sort=value&limit=2")) {
      CHECK(paged.emplace(item["value"], item["contacts"]).second);
    }
    const json page = driver.read(here + "/causes" + query + "&limit=1000");
    for (const json& item : page["items"]) {
      biggest.emplace(item["value"], item["contacts"]);
    }
    const auto found = walked.by.find(by);
    const auto expected =
        found != walked.by.end() ? found->second : std::map<std::string, uint64_t>();
    CHECK(paged == expected);
    CHECK(biggest == expected);
    // And each is the number of suppressed ones in the list that a screen would open behind it.
    for (const auto& [value, count] : expected) {
      const auto list =
          driver.contacts("acme", "?limit=100&channel=" + channel + "&" + by + "=" + value);
      const auto suppressed = std::count_if(list.begin(), list.end(), [&](const json& contact) {
        return !contact[channel]["reason"].is_null();
      });
      CHECK(static_cast<uint64_t>(suppressed) == count);
      if (std::string_view(by) != "domain") CHECK(list.size() == count);
    }
  }
}

void check_groups(LifeDriver& driver, const std::string& channel) {
  const json analytics = driver.read(here + "/analytics?inactive_days=30&channel=" + channel);
  uint64_t contacts = 0;
  for (const char* name : {"active", "inactive", "lost", "never_sent"}) {
    INFO("group " << name);
    const json& group = analytics["groups"][name];
    const auto list = driver.contacts(
        "acme", "?limit=100&inactive_days=30&channel=" + channel + "&group=" + name);
    std::map<std::string, uint64_t> by_reason;
    uint64_t blacklisted = 0, unsubscribed = 0;
    for (const json& contact : list) {
      const json& address = contact[channel];
      blacklisted += address["state"] == "blacklisted";
      unsubscribed += address["state"] == "unsubscribed";
      if (!address["reason"].is_null()) ++by_reason[address["reason"]];
    }
    CHECK(group["contacts"] == list.size());
    CHECK(group["blacklisted"] == blacklisted);
    CHECK(group["unsubscribed"] == unsubscribed);
    CHECK(group["by_reason"] == json(by_reason.empty() ? json::object() : json(by_reason)));
    const double share =
        list.empty() ? 0 : static_cast<double>(blacklisted) / static_cast<double>(list.size());
    CHECK(group["share_blacklisted"].get<double>() == Approx(share));
    contacts += list.size();
  }
  for (const char* reached : {"active", "inactive"}) {
    CHECK(analytics["groups"][reached]["blacklisted"] == 0);
    CHECK(analytics["groups"][reached]["unsubscribed"] == 0);
  }
  CHECK(driver.read(here + "/counts")[channel]["all"] == contacts);
}

void check_all(LifeDriver& driver) {
  for (const std::string channel : {"email", "phone"}) {
    INFO("channel " << channel);
    const Walked walked(driver, channel);
    const json counts = driver.read(here + "/counts")[channel];
    CHECK(counts["all"] == walked.all);
    for (const char* state : {"active", "soft_bounced", "unsubscribed", "blacklisted", "deleted"}) {
      const auto found = walked.states.find(state);
      CHECK(counts[state] == (found != walked.states.end() ? found->second : 0));
    }
    check_causes(driver, channel, walked);
    check_groups(driver, channel);
  }
  const auto stopped =
      driver.store().contacts().recount(driver.number("acme"), [](uint64_t) { return true; });
  CHECK(stopped.empty());
}

/// One thing that happens to somebody, at random.
class Life {
 public:
  Life(LifeDriver& driver, RandomInput& random) : driver_(driver), random_(random) {}

  void happen() {
    const std::string who = address();
    switch (below(12)) {
      case 0:
        return suppress(scope(), who);
      case 1:
        driver_.as(driver_.admin, "DELETE", scope() + "/suppressions/" + channel(who) + "/" + who);
        return;
      case 2:
        driver_.as(driver_.admin, below(2) == 0 ? "PUT" : "DELETE",
                   here + "/suppressions/" + channel(who) + "/" + who + "/exemption");
        return;
      case 3:
        driver_.as(driver_.owner, "DELETE", here + "/contacts/c" + std::to_string(1 + below(30)));
        return;
      case 4:
        driver_.as(driver_.owner, "POST",
                   here + "/contacts/c" + std::to_string(1 + below(30)) + "/restore");
        return;
      case 5:
        return ask(who);
      case 6:
        driver_.as(driver_.owner, "POST", here + "/contacts", {{channel(who), address_of(who)}});
        return;
      default:
        return event(who);
    }
  }

 private:
  size_t below(size_t end) { return random_.number(end); }
  std::string one_of(std::initializer_list<std::string_view> choices) {
    return std::string(random_.one_of(choices));
  }
  std::string scope() { return below(3) == 0 ? "/v1/platform" : here; }
  std::string address() {
    if (below(4) == 0) return "%2B38050123450" + std::to_string(below(8));
    return "u" + std::to_string(below(24)) + "@d" + std::to_string(below(3)) + ".example";
  }
  static std::string channel(const std::string& who) {
    return who.find('@') == std::string::npos ? "phone" : "email";
  }
  static std::string address_of(const std::string& who) {
    return who.starts_with("%2B") ? "+" + who.substr(3) : who;
  }

  void suppress(const std::string& scope_path, const std::string& who) {
    json row{{"address", address_of(who)},
             {"reason", one_of({"manual", "complaint", "unsubscribe", "legal", "spam_trap"})},
             {"source", one_of({"import", "api"})},
             {"at", days_ago(below(3))}};
    if (below(2) == 0) row["campaign"] = one_of({"spring", "autumn"});
    driver_.as(driver_.admin, "POST", scope_path + "/suppressions", row);
  }

  void ask(const std::string& who) {
    const std::string kind = one_of({"blacklist", "unsubscribe", "reactivate"});
    const std::string id = driver_.file(
        "acme", {{"kind", kind}, {"addresses", {address_of(who)}}, {"statement", "Please."}});
    driver_.approve("acme", id);
  }

  void event(const std::string& who) {
    json row{{"type", one_of({"sent", "delivered", "opened", "clicked", "bounced", "complained",
                              "unsubscribed"})},
             {"address", address_of(who)},
             {"at", days_ago(below(60))}};
    if (row["type"] == "bounced") row["bounce"] = below(3) == 0 ? "hard" : "soft";
    if (below(3) == 0) row["campaign"] = one_of({"spring", "autumn"});
    driver_.events("acme", json::array({row}));
  }

  LifeDriver& driver_;
  RandomInput& random_;
};

}  // namespace

TEST_CASE("counts tell each state of each channel, and are up to date with every commit") {
  LifeDriver driver;
  const json none = driver.read(here + "/counts");
  CHECK(none["contacts"] == 0);
  CHECK(none["email"] == json::parse(R"({"all":0,"active":0,"soft_bounced":0,"unsubscribed":0,
                                         "blacklisted":0,"deleted":0})"));
  const std::string one = driver.add_contact("acme", "a@example.com", "+380501234567");
  driver.add_contact("acme", "b@example.com");
  driver.add_contact("globe", "a@example.com");
  const auto emails = [&] { return driver.read(here + "/counts")["email"]; };
  CHECK(emails()["all"] == 2);
  CHECK(emails()["active"] == 2);
  CHECK(driver.read(here + "/counts")["phone"]["active"] == 1);
  CHECK(driver.read(here + "/counts")["contacts"] == 2);

  driver.suppress(here, "a@example.com", "unsubscribe");
  CHECK(emails()["unsubscribed"] == 1);
  driver.suppress("/v1/platform", "a@example.com", "hard_bounce");
  CHECK(emails()["unsubscribed"] == 1);  // the account's own list decides
  driver.suppress(here, "a@example.com", "manual");
  CHECK(emails()["blacklisted"] == 1);
  CHECK(emails()["unsubscribed"] == 0);
  driver.bounce("acme", "b@example.com", "soft");
  CHECK(emails()["soft_bounced"] == 1);
  CHECK(emails()["active"] == 1);
  LifeDriver::good(driver.as(driver.owner, "DELETE", here + "/contacts/" + one + "?channel=email"));
  CHECK(emails()["deleted"] == 1);
  CHECK(emails()["blacklisted"] == 0);
  CHECK(emails()["all"] == 1);
  CHECK(driver.read(here + "/counts")["phone"]["all"] == 1);
  const json counts = driver.read(here + "/counts");
  CHECK(counts["sequence"] == driver.store().sequence());
  check_all(driver);
}

TEST_CASE("groups part those who were reached by their last activity, and hold back the rest") {
  LifeDriver driver;
  for (const char* name : {"today", "edge", "beyond", "opened", "lost", "left", "never", "dead"}) {
    driver.add_contact("acme", name + std::string("@example.com"));
  }
  driver.event("acme", "sent", "today@example.com");
  driver.event("acme", "sent", "edge@example.com", days_ago(89));
  driver.event("acme", "sent", "beyond@example.com", days_ago(90));
  driver.event("acme", "sent", "opened@example.com", days_ago(200));
  driver.event("acme", "opened", "opened@example.com", days_ago(1));
  driver.event("acme", "sent", "lost@example.com", days_ago(3));
  driver.bounce("acme", "lost@example.com");
  driver.event("acme", "sent", "left@example.com", days_ago(3));
  driver.event("acme", "unsubscribed", "left@example.com");
  driver.suppress("/v1/platform", "dead@example.com", "spam_trap");

  const json analytics = driver.read(here + "/analytics");
  CHECK(analytics["channel"] == "email");
  CHECK(analytics["inactive_days"] == 90);
  const json& groups = analytics["groups"];
  CHECK(groups["active"]["contacts"] == 3);
  CHECK(groups["inactive"]["contacts"] == 1);
  CHECK(groups["lost"]["contacts"] == 2);
  CHECK(groups["lost"]["blacklisted"] == 1);
  CHECK(groups["lost"]["share_blacklisted"] == 0.5);
  CHECK(groups["lost"]["by_reason"] == json{{"hard_bounce", 1}, {"unsubscribe", 1}});
  CHECK(groups["never_sent"]["contacts"] == 2);
  CHECK(groups["never_sent"]["by_reason"] == json{{"spam_trap", 1}});
  CHECK(driver.read(here + "/analytics?inactive_days=2")["groups"]["active"]["contacts"] == 2);
  CHECK(driver.read(here + "/analytics?channel=phone")["groups"]["active"]["contacts"] == 0);
  for (const char* query : {"?channel=fax", "?inactive_days=0", "?inactive_days=x", "?color=red"}) {
    INFO(query);
    CHECK(driver.get(here + "/analytics" + query).status == 400);
  }
  check_all(driver);
}

TEST_CASE("causes are counted by reason, source, campaign, domain, day and scope") {
  LifeDriver driver;
  for (const char* address : {"a@one.example", "b@one.example", "c@one.example", "d@two.example",
                              "e@two.example", "clear@two.example"}) {
    driver.add_contact("acme", address);
  }
  const auto add = [&](const std::string& address, const std::string& reason,
                       const std::string& campaign, const std::string& at) {
    json row{{"address", address}, {"reason", reason}, {"at", at}};
    if (!campaign.empty()) row["campaign"] = campaign;
    LifeDriver::good(driver.as(driver.sender, "POST", here + "/suppressions", row));
  };
  add("a@one.example", "manual", "spring", "2026-03-01T10:00:00Z");
  add("b@one.example", "manual", "spring", "2026-03-02T10:00:00Z");
  add("c@one.example", "complaint", "autumn", "2026-03-02T11:00:00Z");
  add("d@two.example", "unsubscribe", "", "2026-03-02T12:00:00Z");
  driver.suppress("/v1/platform", "e@two.example", "hard_bounce");

  CHECK(causes(driver, "?by=reason&limit=1") == "manual=2");
  CHECK(causes(driver, "?by=reason&sort=value") ==
        "unsubscribe=1 manual=2 hard_bounce=1 complaint=1");
  CHECK(causes(driver, "?by=source") == "api=5");
  CHECK(causes(driver, "?by=campaign") == "spring=2 autumn=1");
  CHECK(causes(driver, "?by=campaign&sort=value") == "autumn=1 spring=2");
  CHECK(causes(driver, "?by=domain") == "one.example=3 two.example=2");
  CHECK(causes(driver, "?by=scope") == "account=4 platform=1");
  CHECK(causes(driver, "?by=day&sort=value") ==
        "2026-03-01=1 2026-03-02=3 " + days_ago(0).substr(0, 10) + "=1");
  CHECK(causes(driver, "?by=domain&channel=phone").empty());
  CHECK(driver.read(here + "/causes?by=domain")["partial"] == false);

  const json first = driver.read(here + "/causes?by=domain&sort=value&limit=1");
  CHECK(first["items"].size() == 1);
  const std::string next = first["next"];
  const json rest = driver.read(here + "/causes?by=domain&sort=value&limit=1&cursor=" + next);
  CHECK(rest["items"][0]["value"] == "two.example");
  CHECK(rest["next"].is_null());
  // A cursor is good for its own list only.
  for (const std::string& query :
       {"?by=day&sort=value&cursor=" + next, "?by=domain&sort=value&channel=phone&cursor=" + next,
        "?by=domain&cursor=" + next, std::string("?by=domain&sort=value&cursor=nonsense"),
        std::string("?by=colour"), std::string("?sort=value"), std::string("?by=day&sort=size"),
        std::string("?by=day&limit=0"), std::string("?by=day&color=red")}) {
    INFO(query);
    CHECK(driver.get(here + "/causes" + query).status == 400);
  }
  CHECK(driver.get("/v1/accounts/globe/causes?by=domain&sort=value&cursor=" + next).status == 400);
  check_all(driver);
}

TEST_CASE("an owner reads its account's numbers and no other's") {
  LifeDriver driver;
  for (const char* route : {"/counts", "/analytics", "/causes?by=reason"}) {
    INFO(route);
    CHECK(driver.as(driver.owner, "GET", here + route).status == 200);
    CHECK(driver.as(driver.support, "GET", here + route).status == 200);
    CHECK(driver.as(driver.sender, "GET", here + route).status == 403);
    const Reply other = driver.as(driver.other_owner, "GET", here + route);
    CHECK(other.status == 404);
    CHECK(other.body ==
          driver.as(driver.other_owner, "GET", std::string("/v1/accounts/none") + route).body);
  }
}

TEST_CASE("whatever happens, counts, groups and causes are what the lists hold") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  LifeDriver driver;
  Life life(driver, random);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 120; ++i) life.happen();
    check_all(driver);
  }
  CHECK(driver.read(here + "/counts")["contacts"] > 0);
}

}  // namespace suppressd
