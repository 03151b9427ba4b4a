// Everything that can be asked, compared with the model.
#include <algorithm>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_random.hpp"

namespace suppressd::test {
namespace {

std::string path(const std::string& account, const std::string& rest) {
  return "/v1/accounts/" + account + rest;
}

std::string text_of(const json& value) {
  return value.is_null() ? "" : value.get<std::string>();
}

}  // namespace

json LifeRandom::good(const std::string& target) {
  const Reply reply = ask(actors_[0], "GET", target);
  INFO(target << " " << reply.body);
  REQUIRE(reply.status == 200);
  return reply.json();
}

std::vector<json> LifeRandom::walk(const std::string& target, const std::string& query) {
  std::vector<json> items;
  std::string cursor;
  const size_t limit = 1 + below(5);
  for (;;) {
    const json page = good(target + "?limit=" + std::to_string(limit) + query +
                           (cursor.empty() ? "" : "&cursor=" + cursor));
    REQUIRE(page["items"].size() <= limit);
    for (const json& item : page["items"]) items.push_back(item);
    if (page["next"].is_null()) return items;
    cursor = page["next"];
    std::replace(cursor.begin(), cursor.end(), ' ', '+');
  }
}

void LifeRandom::compare() {
  for (const auto& [name, account] : model.accounts) {
    INFO("account " << name);
    compare_lists(name);
    compare_cards(name);
    compare_counts(name);
    compare_segments(name);
    compare_requests(name);
    compare_checks(name);
  }
}

void LifeRandom::compare_lists(const std::string& name) {
  for (int channel : {0, 1}) {
    const std::string& named = channel_names[static_cast<size_t>(channel)];
    for (const std::string& state : {std::string(), state_names[0], state_names[1], state_names[2],
                                     state_names[3], state_names[4]}) {
      const std::string query = "&channel=" + named + (state.empty() ? "" : "&state=" + state);
      INFO(query);
      std::vector<json> expected;
      for (const ModelContact* contact : model.list(name, channel, state)) {
        expected.push_back(comparable(model.contact_json(name, *contact)));
      }
      std::vector<json> sorted;
      for (const json& one : walk(path(name, "/contacts"), query)) {
        sorted.push_back(comparable(one));
      }
      REQUIRE(sorted == expected);
      std::vector<json> by_time;
      for (const json& one : walk(path(name, "/contacts"), query + "&sort=time")) {
        by_time.push_back(comparable(one));
      }
      REQUIRE(
          std::is_permutation(by_time.begin(), by_time.end(), expected.begin(), expected.end()));
    }
  }
}

void LifeRandom::compare_cards(const std::string& name) {
  for (const auto& [id, contact] : model.accounts[name].contacts) {
    const std::string target =
        path(name, "/contacts/" + contact_id_text(static_cast<ContactId>(id)));
    const json card = good(target);
    json expected = comparable(model.contact_json(name, contact));
    json shown = comparable(card);
    // A card says more of the segments than their numbers.
    json segments = json::array(), requests = json::array();
    for (const int segment : contact.segments) {
      segments.push_back({{"id", segment_id_text(static_cast<SegmentId>(segment))},
                          {"name", model.accounts[name].segments[segment]}});
    }
    REQUIRE(shown["segments"] == segments);
    for (const json& request : card["requests"]) requests.push_back(request["id"]);
    json about = json::array();
    for (const ModelRequest& request : model.accounts[name].requests) {
      const bool is = std::any_of(request.targets.begin(), request.targets.end(),
                                  [&](const ModelTarget& one) { return one.contact == id; });
      if (is) about.insert(about.begin(), request_id_text(static_cast<RequestId>(request.id)));
    }
    INFO(card.dump());
    REQUIRE(requests == about);
    for (const char* member : {"id", "email", "phone", "fields", "source"}) {
      REQUIRE(shown[member] == expected[member]);
    }
    std::vector<std::string> activity;
    for (const json& item : walk(target + "/activity", "")) {
      std::string text = item["kind"];
      if (!item["channel"].is_null()) text += " " + text_of(item["channel"]);
      if (item["kind"] == "suppressed") text += " " + text_of(item["reason"]);
      activity.insert(activity.begin(), text);
    }
    REQUIRE(activity == contact.activity);
  }
}

void LifeRandom::compare_counts(const std::string& name) {
  json counts = good(path(name, "/counts"));
  counts.erase("sequence");
  REQUIRE(counts == model.counts_json(name));
  for (int channel : {0, 1}) {
    const std::string& named = channel_names[static_cast<size_t>(channel)];
    for (const int64_t days : {10, 90}) {
      const json groups = good(path(name, "/analytics?channel=" + named +
                                              "&inactive_days=" + std::to_string(days)))["groups"];
      const int64_t today = static_cast<int64_t>(now_ms()) / model_day_ms;
      const json expected = model.groups_json(name, channel, today - days);
      for (const auto& [group, parts] : expected.items()) {
        for (const auto& [part, value] : parts.items()) {
          INFO(named << " " << group << " " << part << " of " << groups.dump());
          REQUIRE(groups[group][part] == value);
        }
        const auto list =
            walk(path(name, "/contacts"), "&channel=" + named + "&group=" + group +
                                              "&inactive_days=" + std::to_string(days));
        REQUIRE(list.size() == parts["contacts"]);
      }
    }
    for (const char* by : {"reason", "source", "campaign", "domain", "day", "scope"}) {
      std::map<std::string, uint64_t> causes;
      for (const json& item :
           walk(path(name, "/causes"), "&channel=" + named + "&sort=value&by=" + std::string(by))) {
        causes[item["value"]] = item["contacts"];
      }
      INFO(named << " by " << by);
      REQUIRE(causes == model.causes(name, channel, by));
    }
  }
}

void LifeRandom::compare_segments(const std::string& name) {
  std::map<std::string, int> by_name;
  for (const auto& [id, called] : model.accounts[name].segments) by_name[called] = id;
  std::vector<std::string> expected, shown;
  for (const auto& [called, id] : by_name) expected.push_back(called);
  const json list = good(path(name, "/segments?limit=1000"));
  for (const json& item : list["items"]) {
    shown.push_back(item["name"]);
    const int id = by_name[shown.back()];
    REQUIRE(item["contacts"] == model.segment_counts(name, id));
    const auto members = walk(
        path(name, "/segments/" + item["id"].get<std::string>() + "/contacts"), "&channel=email");
    REQUIRE(members.size() == item["contacts"]["email"]);
  }
  REQUIRE(shown == expected);
}

void LifeRandom::compare_requests(const std::string& name) {
  std::vector<json> shown = walk(path(name, "/requests"), "");
  std::vector<json> expected;
  for (const ModelRequest& request : model.accounts[name].requests) {
    expected.push_back(model.request_json(name, request));
  }
  REQUIRE(shown.size() == expected.size());
  for (size_t i = 0; i < shown.size(); ++i) {
    for (const char* time : {"filed_at", "decided_at"}) shown[i].erase(time);
    REQUIRE(shown[i] == expected[i]);
  }
}

void LifeRandom::compare_checks(const std::string& name) {
  for (int channel : {0, 1}) {
    for (size_t i = 0; i < 9; ++i) {
      const std::string number = std::to_string(i);
      const std::string address =
          channel == 1 ? "+38050123456" + number
                       : "a" + number + "@d" + std::to_string(i % 3) + ".example.com";
      Request request{"POST", path(name, "/check"), actors_[0].key, {}, address + "\n"};
      request.fields.emplace_back("content-type", "text/plain");
      const Reply reply = send_(request);
      REQUIRE(reply.status == 200);
      const json results = reply.json()["results"];
      std::string verdict = "clear";
      if (!results.empty()) {
        verdict = text_of(results[0]["verdict"]) + ":" + text_of(results[0]["scope"]) + ":" +
                  text_of(results[0]["reason"]);
      }
      INFO(address);
      REQUIRE(verdict == model.check(name, channel, address));
    }
  }
}

}  // namespace suppressd::test
