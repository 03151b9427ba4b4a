// Contacts, segments and jobs for the tests of what happens to many of them at once.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "persistence/contact_reader.hpp"
#include "server/contact_ids.hpp"
#include "server/time_text.hpp"
#include "tests/server/app_driver.hpp"

namespace suppressd::test {

template <class Condition>
void eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) FAIL("what was waited for does not happen");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

inline Change change_now(decltype(Change::what) what) {
  return {std::move(what), "k_test", now_ms(), std::nullopt};
}

/// Row i has the email <name><i>@example.com, a phone of its own where names start differently, and a
/// field.
inline PutContacts made_contacts(AccountNumber account, const std::string& name, size_t first,
                                 size_t count, SegmentId segment = 0) {
  PutContacts put;
  put.account = account;
  put.source = "api";
  for (size_t i = first; i < first + count; ++i) {
    PutContacts::Row& row = put.rows.emplace_back();
    row.addresses[0] = name + std::to_string(i) + "@example.com";
    row.addresses[1] = "+3804" + std::to_string(name.front() % 10) + std::to_string(1'000'000 + i);
    row.fields["city"] = i % 2 == 0 ? "Kyiv" : "Lviv";
    row.segment = segment;
  }
  return put;
}

/// An AppDriver with an account, and what its tests do again and again.
class ContactDriver : public AppDriver {
 public:
  explicit ContactDriver(const std::string& account = "acme", const AppDriverOptions& options = {})
      : AppDriver(options), name_(account) {
    make_account(account);
    number_ = number_of(account);
  }

  Outcome commit(decltype(Change::what) what) {
    std::promise<Outcome> promise;
    const bool queued = committer().submit(change_now(std::move(what)),
                                           [&](const Outcome& made) { promise.set_value(made); });
    if (!queued) throw std::runtime_error("the queue is full");
    return promise.get_future().get();
  }
  void add_contacts(const std::string& name, size_t count, SegmentId segment = 0) {
    for (size_t first = 0; first < count; first += change_rows_max) {
      const size_t some = std::min(count - first, change_rows_max);
      commit(made_contacts(number_, name, first, some, segment));
    }
  }
  /// The contact of an email.
  Contact contact(const std::string& email) {
    const auto found = store().contacts().contact_of(number_, Channel::email, email);
    if (!found) throw std::runtime_error("no such contact");
    return *found;
  }
  std::string id(const std::string& email) { return contact_id_text(contact(email).id); }

  std::string path(const std::string& rest) const { return "/v1/accounts/" + name_ + rest; }
  Reply ask(const std::string& rest, const nlohmann::json& body) {
    return post(path(rest), body.dump());
  }
  nlohmann::json job(const std::string& id) { return get(path("/jobs/" + id)).json(); }
  nlohmann::json finished(const std::string& id) {
    eventually([&] {
      const std::string state = job(id)["state"];
      return state != "running" && state != "paused";
    });
    return job(id);
  }
  /// Answered 202, and the job's end.
  nlohmann::json finished(const Reply& reply) {
    INFO(reply.body);
    REQUIRE(reply.status == 202);
    CHECK(reply.field("Suppress-Sequence") == std::to_string(reply.json()["sequence"].get<int>()));
    return finished(reply.json()["job"]["id"].get<std::string>());
  }
  uint64_t count(ContactState state, Channel channel = Channel::email) {
    return store().contacts().count_of(number_, static_cast<uint8_t>(channel), CountOf::state,
                                       std::string(1, static_cast<char>(state)));
  }
  uint64_t sequence() { return committer().visible_sequence(); }
  AccountNumber number() const { return number_; }
  AccountNumber number_of(const std::string& account) {
    for (const Account& one : store().accounts()) {
      if (one.id == account) return one.number;
    }
    throw std::runtime_error("no such account");
  }

 private:
  const std::string name_;
  AccountNumber number_ = platform_number;
};

}  // namespace suppressd::test
