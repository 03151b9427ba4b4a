// Lists of contacts: every filter, both orders, pages while contacts change.
#include <catch2/catch.hpp>

#include <random>
#include <set>

#include "server/contact_filter.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;

const std::string here = "/v1/accounts/acme/contacts";

std::vector<std::string> emails(const std::vector<json>& items) {
  std::vector<std::string> found;
  for (const json& item : items) found.push_back(item["email"]["address"]);
  return found;
}

/// A contact in each state, by its name: active, blacklisted, unsubscribed, soft, deleted.
struct States : LifeDriver {
  States() {
    suppress("/v1/accounts/acme", "left@example.com", "unsubscribe");
    suppress("/v1/platform", "dead@example.org", "hard_bounce", "550");
    good(as(admin, "POST", "/v1/accounts/acme/suppressions",
            {{"address", "angry@example.com"},
             {"reason", "complaint"},
             {"source", "campaign"},
             {"campaign", "spring"},
             {"at", "2026-03-01T09:30:00Z"}}));
    for (const char* email : {"ok@example.com", "left@example.com", "dead@example.org",
                              "angry@example.com", "soft@example.com", "gone@example.com"}) {
      add_contact("acme", email);
    }
    bounce("acme", "soft@example.com", "soft", "452 full");
    good(remove(here + "/c6"));
  }
};

}  // namespace

TEST_CASE("lists tell the states apart, each with its verdicts (R2, R11)") {
  States driver;
  const auto list = [&](const std::string& query) {
    return emails(driver.contacts("acme", query));
  };
  using Emails = std::vector<std::string>;
  CHECK(list("?channel=email") == Emails{"angry@example.com", "dead@example.org",
                                         "left@example.com", "ok@example.com", "soft@example.com"});
  CHECK(list("?state=active") == Emails{"ok@example.com", "soft@example.com"});
  CHECK(list("?state=soft_bounced") == Emails{"soft@example.com"});
  CHECK(list("?state=unsubscribed") == Emails{"left@example.com"});
  CHECK(list("?state=blacklisted") == Emails{"angry@example.com", "dead@example.org"});
  CHECK(list("?state=deleted") == Emails{"gone@example.com"});
  CHECK(driver.verdict("acme", "soft@example.com") == "clear");  // a soft bounce alone
  CHECK(driver.contacts("acme", "?channel=phone").empty());
}

TEST_CASE("lists are narrowed by what is shown of the cause, by address, field and time (R11)") {
  States driver;
  driver.good(driver.as(driver.admin, "PATCH", here + "/c1", {{"fields", {{"city", "Kyiv"}}}}));
  const auto list = [&](const std::string& query) {
    return emails(driver.contacts("acme", query));
  };
  using Emails = std::vector<std::string>;
  CHECK(list("?reason=complaint") == Emails{"angry@example.com"});
  CHECK(list("?source=campaign") == Emails{"angry@example.com"});
  CHECK(list("?campaign=spring") == Emails{"angry@example.com"});
  CHECK(list("?day=2026-03-01") == Emails{"angry@example.com"});
  CHECK(list("?scope=platform") == Emails{"dead@example.org"});
  CHECK(list("?domain=Example.ORG") == Emails{"dead@example.org"});
  CHECK(list("?until=2026-03-01T09:30:00.001Z") == Emails{"angry@example.com"});
  CHECK(list("?until=2026-03-01T09:30:00Z").empty());
  CHECK(list("?prefix=De") == Emails{"dead@example.org"});
  CHECK(list("?field=city&field_prefix=KY") == Emails{"ok@example.com"});
  CHECK(list("?field=city") == Emails{"ok@example.com"});
  CHECK(list("?field=city&field_prefix=L").empty());
  CHECK(list("?state=blacklisted&group=never_sent").size() == 2);
  CHECK(list("?group=active").empty());
  CHECK(list("?state=unsubscribed&reason=complaint").empty());
}

TEST_CASE("a list sorted by time begins with what came into its state last") {
  States driver;
  const std::vector<std::string> listed =
      emails(driver.contacts("acme", "?state=blacklisted&sort=time"));
  CHECK(listed == std::vector<std::string>{"dead@example.org", "angry@example.com"});
}

TEST_CASE("a parameter that cannot be is named; an unknown segment is not found") {
  LifeDriver driver;
  for (const char* query :
       {"channel=fax", "state=none", "state=clear", "reason=none", "scope=world", "since=yesterday",
        "until=2026", "day=2026-02-30", "group=reached", "inactive_days=0", "inactive_days=10001",
        "segment=x1", "field_prefix=a", "sort=name", "limit=0", "cursor=nonsense", "cut_day=1",
        "shown_at=1", "colour=red"}) {
    INFO(query);
    const test::Reply reply = driver.get(here + "?" + query);
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "invalid-request");
  }
  CHECK(driver.get(here + "?group=loose").json()["errors"][0]["field"] == "group");
  CHECK(driver.get(here + "?segment=s1").problem() == "unknown-segment");
  CHECK(driver.get(here).json()["items"] == json::array());
}

TEST_CASE("pages show once whatever stays in the list while others come, go and move (R11)") {
  const char* text = std::getenv("SUPPRESSD_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (const std::string sort : {"address", "time"}) {
    LifeDriver driver;
    const auto email = [](uint64_t i) { return "u" + std::to_string(i) + "@example.com"; };
    for (uint64_t i = 100; i < 160; ++i) driver.add_contact("acme", email(i));
    std::multiset<std::string> seen;
    std::set<std::string> touched;
    std::string cursor;
    do {
      const json page =
          driver.read(here + "?limit=7&sort=" + sort + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (const json& item : page["items"]) seen.insert(item["email"]["address"]);
      cursor = page["next"].is_null() ? "" : page["next"];
      const uint64_t one = 100 + random() % 60, fresh = 100 + random() % 900;
      touched.insert({email(one), email(fresh)});
      driver.remove(here + "/c" + std::to_string(one - 99));
      driver.add_contact("acme", email(fresh));
    } while (!cursor.empty());
    for (uint64_t i = 100; i < 160; ++i) {
      if (!touched.contains(email(i))) CHECK(seen.count(email(i)) == 1);
    }
  }
}

TEST_CASE("a filter is read from a query, from a body and back from a plan alike") {
  const std::vector<std::pair<std::string, json>> filters = {
      {"", json::object()},
      {"channel=phone&state=blacklisted&reason=hard_bounce&source=api&campaign=c&scope=platform",
       {{"channel", "phone"},
        {"state", "blacklisted"},
        {"reason", "hard_bounce"},
        {"source", "api"},
        {"campaign", "c"},
        {"scope", "platform"}}},
      {"group=inactive&inactive_days=30&segment=s7&prefix=Ab&field=City&field_prefix=KY",
       {{"group", "inactive"},
        {"inactive_days", 30},
        {"segment", "s7"},
        {"prefix", "Ab"},
        {"field", "City"},
        {"field_prefix", "KY"}}},
      {"group=active&day=2026-03-01&domain=Example.com&since=2026-01-01T00:00:00Z"
       "&until=2026-02-01T00:00:00.5Z",
       {{"group", "active"},
        {"day", "2026-03-01"},
        {"domain", "Example.com"},
        {"since", "2026-01-01T00:00:00Z"},
        {"until", "2026-02-01T00:00:00.5Z"}}},
      {"group=lost&state=deleted", {{"group", "lost"}, {"state", "deleted"}}}};
  for (const auto& [text, body] : filters) {
    INFO(text);
    Query query;
    ContactFilter of_query, of_body;
    REQUIRE(!Query::parse(text, contact_filter_names, query));
    REQUIRE(!read_contact_filter(query, of_query));
    JsonMembers members;
    REQUIRE(!JsonMembers::parse(json{{"filter", body}}.dump(), members));
    read_contact_filter(members, "filter", of_body);
    REQUIRE(!members.problem());
    of_query.deleted_by = of_body.deleted_by = 4;
    of_query.shown_at = of_body.shown_at = 99;
    const json kept = contact_filter_json(of_query);
    CHECK(json(contact_filter_json(of_body)) == kept);
    const auto back = contact_filter_from(json::parse(kept.dump()));
    REQUIRE(back);
    CHECK(json(contact_filter_json(*back)) == kept);
    CHECK(back->group == of_query.group);
    CHECK(back->active_from_day == of_query.active_from_day);
    CHECK(back->active_before_day == of_query.active_before_day);
    CHECK(back->until == of_query.until);
    CHECK(back->shown_at == 99);
  }
  CHECK(!contact_filter_from(json::parse(R"({"state":"none"})")));
  CHECK(!contact_filter_from(json::parse(R"({"colour":"red"})")));
  const uint32_t today = static_cast<uint32_t>(now_ms() / 86'400'000);
  ContactFilter inactive;
  Query query;
  REQUIRE(!Query::parse("group=inactive", contact_filter_names, query));
  REQUIRE(!read_contact_filter(query, inactive));
  CHECK(inactive.active_before_day >= today - 90 + 1);
}

}  // namespace suppressd
