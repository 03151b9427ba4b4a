// The application with two accounts and the people who work with contacts: their owners, a sender
// of the first, support. Answers that a test relies on are required to be as they should.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "persistence/contact_reader.hpp"
#include "server/contact_ids.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd::test {

struct LifeDriver : AppDriver {
  explicit LifeDriver(const AppDriverOptions& options = {}) : AppDriver(options) {
    make_account("acme", "UA");
    make_account("globe");
    support = make_key(Role::support).text;
    owner = make_key(Role::owner, "acme").text;
    other_owner = make_key(Role::owner, "globe").text;
    sender = make_key(Role::sender, "acme").text;
  }

  static std::string path(const std::string& account, const std::string& rest) {
    return "/v1/accounts/" + account + rest;
  }

  Reply as(const std::string& key, const std::string& method, const std::string& target,
           const nlohmann::json& body = nullptr, Fields fields = {}) {
    Request request{method, target, key, std::move(fields), {}};
    if (!body.is_null()) {
      request.fields.emplace_back("content-type", "application/json");
      request.body = body.dump();
    }
    return send(request);
  }

  static nlohmann::json good(const Reply& reply) {
    if (reply.status >= 300) {
      throw std::runtime_error("answered " + std::to_string(reply.status) + ": " + reply.body);
    }
    return reply.json();
  }

  nlohmann::json read(const std::string& target) { return good(get(target)); }

  /// The id of a new contact.
  std::string add_contact(const std::string& account, const std::string& email,
                          const std::string& phone = "") {
    nlohmann::json body = nlohmann::json::object();
    if (!email.empty()) body["email"] = email;
    if (!phone.empty()) body["phone"] = phone;
    return good(as(admin, "POST", path(account, "/contacts"), body))["results"][0]["id"];
  }

  nlohmann::json card(const std::string& account, const std::string& id) {
    return read(path(account, "/contacts/" + id));
  }

  /// Every item of a list, page by page. `query` begins with '?'.
  std::vector<nlohmann::json> walk_list(const std::string& target, const std::string& query) {
    std::vector<nlohmann::json> items;
    std::string cursor;
    for (;;) {
      const nlohmann::json page =
          read(target + query + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (const nlohmann::json& item : page["items"]) items.push_back(item);
      if (page["next"].is_null()) return items;
      cursor = page["next"];
    }
  }
  std::vector<nlohmann::json> contacts(const std::string& account, const std::string& query) {
    return walk_list(path(account, "/contacts"), query);
  }

  nlohmann::json events(const std::string& account, const nlohmann::json& rows) {
    return good(as(admin, "POST", path(account, "/events"), rows));
  }
  nlohmann::json event(const std::string& account, const std::string& type,
                       const std::string& address, const std::string& at = "") {
    nlohmann::json row{{"type", type}, {"address", address}};
    if (!at.empty()) row["at"] = at;
    return events(account, nlohmann::json::array({row}));
  }
  nlohmann::json bounce(const std::string& account, const std::string& email,
                        const std::string& kind = "hard", const std::string& detail = "550 5.1.1") {
    return events(
        account,
        nlohmann::json::array(
            {{{"type", "bounced"}, {"bounce", kind}, {"email", email}, {"detail", detail}}}));
  }

  void suppress(const std::string& scope_path, const std::string& address,
                const std::string& reason, const std::string& evidence = "") {
    good(as(admin, "POST", scope_path + "/suppressions",
            {{"address", address}, {"reason", reason}, {"evidence", evidence}}));
  }

  /// The id of a new request.
  std::string file(const std::string& account, const nlohmann::json& body) {
    return good(as(account == "acme" ? owner : other_owner, "POST", path(account, "/requests"),
                   body))["id"];
  }
  Reply approve(const std::string& account, const std::string& id,
                const nlohmann::json& body = nullptr) {
    return as(support, "POST", path(account, "/requests/" + id + "/approve"), body);
  }

  nlohmann::json causes_of(const std::string& account, const std::string& address) {
    return read(path(account, "/explain?address=" + address))["causes"];
  }

  std::vector<Activity> activity(const std::string& account, const std::string& contact) {
    return store()
        .contacts()
        .activity(number(account), *parse_contact_id(contact), "", 1'000)
        .items;
  }

  AccountNumber number(const std::string& account) {
    for (const Account& one : store().accounts()) {
      if (one.id == account) return one.number;
    }
    throw std::runtime_error("no such account");
  }

  /// Through the committer, as a route would.
  Outcome commit(Change change) {
    const auto signal = std::make_shared<WakeSignal>();
    const auto made = std::make_shared<Outcome>();
    if (!committer().submit(std::move(change), [signal, made](const Outcome& outcome) {
          *made = outcome;
          signal->give();
        })) {
      throw std::runtime_error("the queue is full");
    }
    signal->wait();
    return *made;
  }

  std::string support, owner, other_owner, sender;
};

}  // namespace suppressd::test
