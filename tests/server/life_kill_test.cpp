// The real program, killed at random moments while it works: what it acknowledged is there after the
// next start, whole, and counts are what a recount finds.
#include <catch2/catch.hpp>

#include <atomic>
#include <mutex>

#include "tests/server/check_harness.hpp"
#include "tests/server/life_random.hpp"
#include "tests/server/process_connection.hpp"
#include "tests/server/suppressd_process.hpp"

namespace suppressd::test {
namespace {

const std::string storm = "/v1/accounts/storm";

/// What was acknowledged of one contact.
struct Acknowledged {
  std::string email;
  bool bounced = false, deleted = false;
};

/// Callers who add contacts, tell of bounces and delete, until the program ends.
class Storm {
 public:
  Storm(uint16_t port, std::string key, size_t round) : port_(port), key_(std::move(key)) {
    for (size_t caller = 0; caller < 3; ++caller) {
      threads_.emplace_back([this, caller, round] {
        call(std::to_string(round) + "-" + std::to_string(caller) + "-");
      });
    }
  }
  size_t acknowledgements() const { return count_.load(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }
  std::map<std::string, Acknowledged> contacts;  // by id; read after join()

 private:
  void call(const std::string& start) {
    try {
      Connection connection(port_);
      for (size_t i = 0; round_trip(connection, start + std::to_string(i), i); ++i) {
      }
    } catch (const std::runtime_error&) {
      // The program is gone.
    }
  }

  bool round_trip(Connection& connection, const std::string& name, size_t number) {
    Acknowledged contact{name + "@storm.example.com"};
    const json added =
        connection.ask(key_, "POST", storm + "/contacts", {{"email", contact.email}});
    if (added.is_null()) return false;
    const std::string id = added["results"][0]["id"];
    note(id, contact);
    if (number % 3 == 0) {
      const json event{{"type", "bounced"}, {"bounce", "hard"}, {"email", contact.email}};
      if (connection.ask(key_, "POST", storm + "/events", json::array({event})).is_null()) {
        return false;
      }
      contact.bounced = true;
      note(id, contact);
    }
    if (number % 4 == 0) {
      if (connection.ask(key_, "DELETE", storm + "/contacts/" + id).is_null()) return false;
      contact.deleted = true;
      note(id, contact);
    }
    return true;
  }

  void note(const std::string& id, const Acknowledged& contact) {
    const std::lock_guard lock(mutex_);
    contacts[id] = contact;
    count_.fetch_add(1);
  }

  const uint16_t port_;
  const std::string key_;
  std::mutex mutex_;
  std::atomic<size_t> count_{0};
  std::vector<std::thread> threads_;
};

void require_there(Connection& connection, const std::string& key, const Storm& storm_before) {
  for (const auto& [id, contact] : storm_before.contacts) {
    const json card = connection.ask(key, "GET", storm + "/contacts/" + id);
    INFO(card.dump());
    REQUIRE(card["email"]["address"] == contact.email);
    if (contact.deleted) REQUIRE(card["email"]["state"] == "deleted");
    if (contact.bounced) REQUIRE(card["email"]["reason"] == "hard_bounce");
    Request check{
        "POST", storm + "/check", key, {{"content-type", "text/plain"}}, contact.email + "\n"};
    if (contact.bounced) REQUIRE(connection.send(check).json()["suppressed"] == 1);
  }
}

/// Waits for the job that was going on at the end, if any, then has everything counted again.
void require_counted(Connection& connection, const std::string& key, const std::string& account) {
  json job = connection.ask(key, "POST", account + "/counts/recalculate")["job"];
  eventually([&] {
    job = connection.ask(key, "GET", account + "/jobs/" + job["id"].get<std::string>());
    return job["state"] != "running";
  });
  INFO(job.dump());
  REQUIRE(job["state"] == "done");
  REQUIRE(job["result"]["differences"].empty());
  for (const json& one : connection.ask(key, "GET", account + "/jobs")["items"]) {
    if (one["kind"] != "delete_contacts") continue;
    json now = one;
    eventually([&] {
      now = connection.ask(key, "GET", account + "/jobs/" + one["id"].get<std::string>());
      return now["state"] == "done";
    });
    REQUIRE(now["done"] == now["total"]);
    REQUIRE(now["changed"].get<uint64_t>() + now["skipped"].get<uint64_t>() == now["total"]);
  }
}

/// A job on what there is, so that a kill may hit it. What is there may change before it is
/// confirmed: then there is none.
void begin_job(Connection& connection, const std::string& key) {
  const json counts = connection.ask(key, "GET", storm + "/counts");
  const json body{{"filter", {{"state", "blacklisted"}}},
                  {"shown_at", counts["sequence"]},
                  {"expected", counts["email"]["blacklisted"]}};
  const Reply reply = connection.send({"POST",
                                       storm + "/delete-contacts",
                                       key,
                                       {{"content-type", "application/json"}},
                                       body.dump()});
  INFO(reply.body);
  REQUIRE((reply.status == 202 || reply.status == 409));
}

}  // namespace

TEST_CASE("killed while it works, the program keeps what it acknowledged and counts right",
          "[process]") {
  const uint64_t seed = testing::random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  const TemporaryDirectory scratch;
  const fs::path data = scratch.path / "data";
  std::unique_ptr<Connection> connection;
  std::unique_ptr<LifeRandom> life;
  std::unique_ptr<Storm> before;
  std::string key;
  const auto send = [&connection](const Request& request) { return connection->send(request); };
  for (size_t round = 0; round < 3 * testing::test_size(); ++round) {
    Process process(scratch.path, {"--data-dir", data});
    process.wait_until_ready();
    connection = std::make_unique<Connection>(process.port());
    if (life == nullptr) {
      std::ifstream(data / "admin.key") >> key;
      life = std::make_unique<LifeRandom>(seed, key, send);
      connection->ask(key, "POST", "/v1/accounts", {{"account", "storm"}, {"name", "storm"}});
    } else {
      require_there(*connection, key, *before);
      life->compare();
      for (const char* account : {"/v1/accounts/storm", "/v1/accounts/acme"}) {
        require_counted(*connection, key, account);
      }
      life->model.accounts["acme"].jobs_made += 1;
    }
    for (size_t steps = 30; steps != 0; --steps) life->step();
    before = std::make_unique<Storm>(process.port(), key, round);
    const size_t enough = 20 + life->below(200);
    eventually([&] { return before->acknowledgements() >= enough / 2; });
    begin_job(*connection, key);
    eventually([&] { return before->acknowledgements() >= enough; });
    process.signal(SIGKILL);
    before->join();
    REQUIRE(process.wait() == -SIGKILL);
  }
}

}  // namespace suppressd::test
