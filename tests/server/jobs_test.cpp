// Jobs: their list, pausing, resuming and cancelling, taking turns, failing, and a kill.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/server/contact_driver.hpp"
#include "tests/server/raw_client.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json delete_all(ContactDriver& driver, uint64_t expected) {
  return {{"filter", json::object()}, {"shown_at", driver.sequence()}, {"expected", expected}};
}

/// Holds the committer after the part of a job that leaves it at `done` rows or more, until the
/// test lets it go on.
class Hold {
 public:
  Hold(ContactDriver& driver, JobId job, uint64_t done) : driver_(driver) {
    driver_.during_commit = [this, job, done] {
      const auto now = driver_.store().contacts().job(driver_.number(), job);
      if (!now || now->done < done || reached_.exchange(true)) return;
      reached_signal_.give();
      go_on_.wait();
    };
  }
  void wait_until_reached() { reached_signal_.wait(); }
  /// Has `request` answered once it waits in the queue behind the part that is held.
  Reply send_behind(const std::string& target) {
    auto reply = std::async(std::launch::async, [&] { return driver_.post(target, ""); });
    eventually([&] { return driver_.committer().queued_rows() != 0; });
    go_on_.give();
    return reply.get();
  }

 private:
  ContactDriver& driver_;
  std::atomic<bool> reached_{false};
  WakeSignal reached_signal_, go_on_;
};

}  // namespace

TEST_CASE("a paused job stands after its part, goes on when resumed, and a cancelled one is over",
          "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 16'000);
  const std::string path = driver.path("/jobs/j1");
  Hold first(driver, 1, 5'000);
  REQUIRE(driver.ask("/delete-contacts", delete_all(driver, 16'000)).status == 202);
  first.wait_until_reached();
  const Reply paused = first.send_behind(path + "/pause");
  REQUIRE(paused.status == 200);
  CHECK(paused.json()["state"] == "paused");
  CHECK(paused.json()["done"] == 5'000);
  CHECK(paused.json()["progress"] == 0.3125);
  CHECK(driver.count(ContactState::deleted) == 5'000);
  CHECK(driver.post(path + "/pause", "").status == 200);  // as it is

  Hold second(driver, 1, 10'000);
  const Reply resumed = driver.post(path + "/resume", "");
  REQUIRE(resumed.status == 200);
  CHECK(resumed.json()["state"] == "running");
  second.wait_until_reached();
  const Reply cancelled = second.send_behind(path + "/cancel");
  REQUIRE(cancelled.status == 200);
  CHECK(cancelled.json()["state"] == "cancelled");
  CHECK(cancelled.json()["changed"] == 10'000);
  CHECK(driver.count(ContactState::deleted) == 10'000);
  for (const char* verb : {"/pause", "/resume"}) {
    const Reply over = driver.post(path + verb, "");
    CHECK(over.status == 409);
    CHECK(over.problem() == "job-ended");
  }
  // What it did until then can be undone.
  const json undone = driver.finished(driver.ask("/restore-contacts", {{"job", "j1"}}));
  CHECK(undone["changed"] == 10'000);
  CHECK(driver.count(ContactState::active) == 16'000);
}

TEST_CASE("jobs are listed newest first, and another account's are unknown", "[jobs]") {
  ContactDriver driver;
  CHECK(driver.get(driver.path("/jobs")).json()["items"].empty());
  for (int i = 0; i < 3; ++i) driver.finished(driver.post(driver.path("/counts/recalculate"), ""));
  const json page = driver.get(driver.path("/jobs?limit=2")).json();
  CHECK(page["items"][0]["id"] == "j3");
  CHECK(page["items"][1]["id"] == "j2");
  CHECK(page["next"] == "j2");
  const json last = driver.get(driver.path("/jobs?cursor=j2")).json();
  CHECK(last["items"].size() == 1);
  CHECK(last["next"].is_null());
  CHECK(driver.get(driver.path("/jobs?cursor=x")).status == 400);
  CHECK(driver.get(driver.path("/jobs?color=red")).status == 400);
  driver.make_account("other");
  for (const char* id : {"j1", "j01", "x", "j999"}) {
    const std::string theirs = "/v1/accounts/other/jobs/" + std::string(id);
    CHECK(driver.get(theirs).problem() == "unknown-job");
    CHECK(driver.post(theirs + "/cancel", "").problem() == "unknown-job");
    CHECK(driver.post(theirs + "/pause", "").status == 404);
  }
}

TEST_CASE("a small job is done while a huge one has its turns", "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 40'000);
  driver.make_account("small");
  const AccountNumber small = driver.number_of("small");
  driver.commit(made_contacts(small, "bob", 0, 10));
  Hold hold(driver, 1, 5'000);
  const Reply huge = driver.ask("/delete-contacts", delete_all(driver, 40'000));
  hold.wait_until_reached();
  REQUIRE(hold.send_behind("/v1/accounts/small/counts/recalculate").status == 202);
  driver.finished(huge);
  const auto huge_job = driver.store().contacts().job(driver.number(), 1);
  const auto small_job = driver.store().contacts().job(small, 1);
  CHECK(small_job->state == JobState::done);
  CHECK(small_job->updated_at <= huge_job->updated_at);
}

TEST_CASE("a recount finds nothing in counts that are right, and repairs what is wrong", "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 2'000);
  const json sound = driver.finished(driver.post(driver.path("/counts/recalculate"), ""));
  CHECK(sound["kind"] == "recalculate_counts");
  CHECK(sound["result"] == json{{"differences", json::array()}, {"repaired", 0}});
  CHECK(sound["done"] == 2'000);
  // Behind everybody's back.
  AdjustCounts damage;
  damage.account = driver.number();
  const auto key = [&](CountOf what, std::string_view value) {
    return count_key(driver.number(), Channel::email, what, value);
  };
  damage.differences = {{key(CountOf::state, "\x01"), 3},
                        {key(CountOf::state, "\x05"), 2},
                        {key(CountOf::domain, "example.org"), 1}};
  driver.commit(damage);
  CHECK(driver.count(ContactState::active) == 2'003);
  const json job = driver.finished(driver.post(driver.path("/counts/recalculate"), ""));
  CHECK(job["result"]["repaired"] == 3);
  CHECK(job["changed"] == 3);
  const json found = job["result"]["differences"];
  REQUIRE(found.size() == 3);
  const json active{{"channel", "email"},
                    {"count", "state"},
                    {"value", "active"},
                    {"stored", 2'003},
                    {"counted", 2'000}};
  CHECK(std::find(found.begin(), found.end(), active) != found.end());
  CHECK(driver.count(ContactState::active) == 2'000);
  CHECK(driver.count(ContactState::deleted) == 0);
  const json again = driver.finished(driver.post(driver.path("/counts/recalculate"), ""));
  CHECK(again["result"]["repaired"] == 0);
}

TEST_CASE("a job whose segment vanishes fails and says so", "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 11'000);
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  Hold hold(driver, 1, 5'000);
  const json body{{"filter", json::object()}, {"segment", "s1"}};
  REQUIRE(driver.ask("/exports", body).status == 202);
  hold.wait_until_reached();
  REQUIRE(hold.send_behind(driver.path("/jobs/j1/pause")).json()["state"] == "paused");
  driver.finished(driver.remove(driver.path("/segments/s1?confirm=winter")));
  CHECK(driver.post(driver.path("/jobs/j1/resume"), "").status == 200);
  const json job = driver.finished("j1");
  CHECK(job["state"] == "failed");
  CHECK(job["result"]["error"] == "what it works on is no longer there");
}

TEST_CASE("an approved request about a segment is applied to all of it by a job", "[jobs]") {
  ContactDriver driver;
  REQUIRE(driver.ask("/segments", {{"name", "winter"}}).status == 201);
  driver.add_contacts("ann", 6'000, 1);
  REQUIRE(
      driver.ask("/suppressions", {{"address", "ann1@example.com"}, {"reason", "manual"}}).status ==
      200);
  const json request{{"kind", "blacklist"}, {"segment", "s1"}, {"statement", "they asked"}};
  REQUIRE(driver.ask("/requests", request).status == 201);
  const Reply approved = driver.ask("/requests/r1/approve", json::object());
  INFO(approved.body);
  REQUIRE(approved.status == 200);
  const json job = driver.finished(approved.json()["job"].get<std::string>());
  CHECK(job["kind"] == "apply_request");
  CHECK(job["state"] == "done");
  CHECK(job["done"] == 12'000);  // addresses of both channels
  CHECK(job["changed"] == 11'999);
  CHECK(job["skipped"] == 1);
  CHECK(driver.count(ContactState::blacklisted) == 6'000);
  CHECK(driver.count(ContactState::blacklisted, Channel::phone) == 6'000);
  CHECK(driver.verdict("acme", "ann5999@example.com") == "suppressed:account:manual");
}

TEST_CASE("a contact is erased by a job once its id confirms it, and stays suppressed", "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 2);
  REQUIRE(
      driver.ask("/suppressions", {{"address", "ann0@example.com"}, {"reason", "legal"}}).status ==
      200);
  const auto refusal = [&](const std::string& id, const json& body) {
    const Reply reply = driver.ask("/contacts/" + id + "/erase", body);
    return std::to_string(reply.status) + " " + reply.problem();
  };
  CHECK(refusal("c1", {{"confirm", "c2"}}) == "409 wrong-confirmation");
  CHECK(refusal("c1", json::object()) == "409 wrong-confirmation");
  CHECK(refusal("c9", {{"confirm", "c9"}}) == "404 unknown-contact");
  const json job = driver.finished(driver.ask("/contacts/c1/erase", {{"confirm", "c1"}}));
  CHECK(job["kind"] == "erase_contact");
  CHECK(job["state"] == "done");
  CHECK(driver.get(driver.path("/contacts/c1")).status == 404);
  CHECK(driver.verdict("acme", "ann0@example.com") == "suppressed:account:legal");
  CHECK(refusal("c1", {{"confirm", "c1"}}) == "404 unknown-contact");
  CHECK(driver.post(driver.path("/jobs/j1/cancel"), "").problem() == "job-ended");
}

TEST_CASE("a job whose plan cannot be read fails and does not stop the others", "[jobs]") {
  ContactDriver driver;
  driver.add_contacts("ann", 3);
  CreateJob create;
  create.account = driver.number();
  create.job.kind = JobKind::delete_contacts;
  create.job.plan = R"({"color":"red"})";
  driver.commit(create);
  CHECK(driver.finished("j1")["state"] == "failed");
  CHECK(driver.finished(driver.post(driver.path("/counts/recalculate"), ""))["state"] == "done");
}

namespace {

/// suppressd on a data directory, to be killed.
class Server {
 public:
  explicit Server(const fs::path& folder) : port_file_(folder / "port"), data_(folder / "data") {
    fs::remove(port_file_);
    std::vector<std::string> arguments{
        SUPPRESSD_BINARY, "--data-dir",       data_,      "--listen",
        "127.0.0.1:0",    "--port-file",      port_file_, "--log-level",
        "warning",        "--image-interval", "0"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    REQUIRE(posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
    eventually([&] { return fs::exists(port_file_); });
    std::ifstream(port_file_) >> port_;
    eventually([&] { return ask("GET", "/readyz").status == 200; });
    std::ifstream(data_ / "admin.key") >> key_;
  }
  ~Server() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  RawAnswer ask(const std::string& method, const std::string& target,
                const std::string& body = "") const {
    RawClient client(port_);
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: x\r\n";
    if (!key_.empty()) text += "Authorization: Bearer " + key_ + "\r\n";
    if (!body.empty()) text += "Content-Type: application/json\r\n";
    client.send(text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.read_answer();
  }
  json job() const { return json::parse(ask("GET", "/v1/accounts/acme/jobs/j1").body); }

 private:
  const fs::path port_file_, data_;
  pid_t pid_ = -1;
  uint16_t port_ = 0;
  std::string key_;
};

constexpr size_t killed_contacts = 60'000;

/// An account with contacts, and the job that deletes them all, not begun.
void make_data(const fs::path& data) {
  StoreOptions options;
  options.directory = data;
  const auto store = Store::open(options);
  SuppressionSet set;
  std::atomic<double> progress{0};
  store->load(set, 1, progress);
  std::vector<SetUpdate> updates;
  const auto commit = [&](decltype(Change::what) what) {
    const Change change = change_now(std::move(what));
    Outcome outcome;
    store->commit({&change, 1}, {&outcome, 1}, set, updates);
    REQUIRE(outcome.status == Outcome::Status::committed);
    return outcome;
  };
  Account account;
  account.id = "acme";
  const AccountNumber number = commit(CreateAccount{account}).account;
  for (size_t first = 0; first < killed_contacts; first += change_rows_max) {
    commit(made_contacts(number, "ann", first, change_rows_max));
  }
  CreateJob job;
  job.account = number;
  job.job.kind = JobKind::delete_contacts;
  job.job.plan = R"({"filter":{"channel":"email"},"reason":"gone"})";
  job.job.total = killed_contacts;
  commit(job);
}

/// Every contact was deleted by the job, once.
void check_deleted(const fs::path& data) {
  StoreOptions options;
  options.directory = data;
  const auto store = Store::open(options);
  const ContactReader& reader = store->contacts();
  const AccountNumber number = store->accounts().front().number;
  size_t deleted = 0, twice = 0;
  for (ContactId id = 1; id <= killed_contacts; ++id) {
    const auto contact = reader.contact(number, id);
    REQUIRE(contact);
    deleted +=
        contact->of(Channel::email).deletion && contact->of(Channel::email).deletion->job == 1;
    const auto activity = reader.activity(number, id, "", 10).items;
    twice += std::count_if(activity.begin(), activity.end(), [](const Activity& one) {
               return one.kind == ActivityKind::deleted;
             }) != 1;
  }
  CHECK(deleted == killed_contacts);
  CHECK(twice == 0);
}

}  // namespace

TEST_CASE("a job goes on after kill -9 and a stop in order, and no row is lost or done twice",
          "[jobs]") {
  const TemporaryFolder folder;
  make_data(folder.path() / "data");
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  json job;
  for (int round = 0;; ++round) {
    const Server server(folder.path());
    // The last one is let to its end: all rows are done one commit before the job is.
    const uint64_t wanted = round < 3 ? (round + 1) * 10'000 + random() % 10'000 : UINT64_MAX;
    eventually([&] {
      job = server.job();
      return job["done"] >= wanted || job["state"] != "running";
    });
    if (job["state"] != "running") break;
  }
  CHECK(job["state"] == "done");
  CHECK(job["done"] == killed_contacts);
  CHECK(job["changed"] == killed_contacts);
  CHECK(job["skipped"] == 0);
  check_deleted(folder.path() / "data");
}
