// The life of contacts at scale: a data directory with many contacts in one account, many accounts
// and a long list of suppressions is made through the store, then the real server is asked over HTTP
// for what its screens need, one request at a time, and runs jobs, an import and reports of campaigns,
// beside which it checks.
//
//   contacts_bench SUPPRESSD [--contacts N] [--accounts N] [--suppressions N] [--requests N]
//                  [--rounds N] [--directory DIR]
//
// Without a directory a temporary one is used. The CPU of a check is that of the thread that answers
// it, from the kernel's accounts of nanoseconds.
#include <algorithm>
#include <bitset>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/addresses.hpp"
#include "bench/contacts/made_life.hpp"
#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "bench/peers/http_client.hpp"

namespace suppressd::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr auto start_deadline = std::chrono::minutes(20);
constexpr size_t check_batch = 10'000;
constexpr size_t check_batches_min = 30;
constexpr uint64_t body_rows = 10'000;  // of events and contacts that are sent
const std::string account = "/v1/accounts/account-0";

struct Arguments {
  std::string suppressd, directory;
  LifeSize size;
  size_t rounds = 50;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  const std::map<std::string, uint64_t*> numbers{{"--contacts", &arguments.size.contacts},
                                                 {"--accounts", &arguments.size.accounts},
                                                 {"--suppressions", &arguments.size.suppressions},
                                                 {"--requests", &arguments.size.requests},
                                                 {"--rounds", &arguments.rounds}};
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto number = numbers.find(name);
    if (number != numbers.end() && i + 1 < count) {
      *number->second = std::max(1ull, std::strtoull(values[++i], nullptr, 10));
    } else if (name == "--directory" && i + 1 < count) {
      arguments.directory = values[++i];
    } else {
      arguments.suppressd = name;
    }
  }
  if (arguments.suppressd.empty()) throw std::runtime_error("name the suppressd to start");
  return arguments;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void wait_until(const std::function<bool()>& ready) {
  const auto begin = Clock::now();
  while (!ready()) {
    if (Clock::now() - begin > start_deadline) throw std::runtime_error("waited too long");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// The server on the directory that was made.
class Server {
 public:
  Server(const std::string& suppressd, const fs::path& data, const fs::path& scratch)
      : child_({suppressd, "--data-dir", data.string(), "--listen", "127.0.0.1:0", "--threads", "1",
                "--log-level", "warning", "--port-file", (scratch / "port").string()},
               scratch / "log") {
    wait_until([&] {
      if (!child_.running()) throw std::runtime_error("the server ended; see its log");
      return std::ifstream(scratch / "port") >> port_ && port_ != 0;
    });
    wait_until(
        [&] { return HttpClient(port_, "").request("GET", "/readyz", "", "").status == 200; });
    std::getline(std::ifstream(data / "admin.key") >> std::ws, key_);
  }

  HttpClient client() const { return HttpClient(port_, key_); }
  uint64_t resident_bytes() const { return child_.resident_bytes(); }
  pid_t pid() const { return child_.pid(); }

 private:
  Child child_;
  uint16_t port_ = 0;
  std::string key_;
};

json ask(HttpClient& client, const std::string& target) {
  const HttpAnswer answer = client.request("GET", target, "", "");
  if (answer.status != 200)
    throw std::runtime_error("GET " + target.substr(0, 40) + ": " + answer.body);
  return json::parse(answer.body);
}

/// Asks `rounds` times and tells the median and the slowest hundredth.
void measure(HttpClient& client, const char* what, size_t rounds,
             const std::function<std::string(uint64_t)>& target,
             const std::string& base = account) {
  std::vector<double> millis;
  size_t octets = 0;
  std::mt19937_64 random(7);
  for (size_t i = 0; i < rounds; ++i) {
    const std::string asked = base + target(random());
    const auto begin = Clock::now();
    const HttpAnswer answer = client.request("GET", asked, "", "");
    millis.push_back(seconds_since(begin) * 1e3);
    octets += answer.body.size();
    if (answer.status != 200) throw std::runtime_error(std::string(what) + ": " + answer.body);
  }
  std::sort(millis.begin(), millis.end());
  std::printf("%-44s p50 %8.2f ms  p99 %8.2f ms  %7zu octets\n", what, millis[rounds / 2],
              millis[rounds - 1 - rounds / 100], octets / rounds);
}

/// A list's page, from its start and from where 20 pages led.
void measure_list(HttpClient& client, const std::string& query, size_t rounds) {
  measure(client, query.c_str(), rounds, [&](uint64_t) { return "/contacts" + query; });
}

void measure_screens(HttpClient& client, const Arguments& arguments) {
  const LifeSize& size = arguments.size;
  for (const char* query :
       {"?limit=100", "?limit=100&sort=time", "?limit=100&state=blacklisted",
        "?limit=100&state=blacklisted&sort=time", "?limit=100&channel=phone",
        "?limit=100&reason=legal", "?limit=100&domain=example.org&state=blacklisted",
        "?limit=100&segment=s1", "?limit=100&segment=s1&state=blacklisted",
        "?limit=100&group=inactive", "?limit=100&group=lost", "?limit=100&group=never_sent",
        "?limit=100&scope=account", "?limit=100&field=city&field_prefix=kyiv%2099",
        "?limit=100&state=deleted"}) {
    measure_list(client, query, arguments.rounds);
  }
  std::string cursor;
  measure(client, "?limit=100, page after page", arguments.rounds, [&](uint64_t) {
    const json page =
        ask(client, account + "/contacts?limit=100" + (cursor.empty() ? "" : "&cursor=" + cursor));
    cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
    return "/contacts?limit=100" + (cursor.empty() ? "" : "&cursor=" + cursor);
  });
  measure(client, "search by the start of an email", arguments.rounds, [&](uint64_t random) {
    const std::string email = contact_email(random % size.contacts, size);
    return "/contacts?limit=20&prefix=" + email.substr(0, email.find('@') - 2);
  });
  const auto id = [&](uint64_t random) { return "c" + std::to_string(1 + random % size.contacts); };
  measure(client, "card", arguments.rounds,
          [&](uint64_t random) { return "/contacts/" + id(random); });
  measure(client, "activity page", arguments.rounds,
          [&](uint64_t random) { return "/contacts/" + id(random) + "/activity"; });
  measure(client, "counts", arguments.rounds, [](uint64_t) { return "/counts"; });
  measure(client, "analytics", arguments.rounds, [](uint64_t) { return "/analytics"; });
  for (const char* by : {"reason", "source", "domain", "day"}) {
    measure(client, (std::string("causes by ") + by).c_str(), arguments.rounds,
            [&](uint64_t) { return std::string("/causes?by=") + by; });
  }
  measure(client, "segments", arguments.rounds, [](uint64_t) { return "/segments"; });
  measure(client, "the account's requests", arguments.rounds, [](uint64_t) { return "/requests"; });
  measure(
      client, "the queue of all accounts", arguments.rounds, [](uint64_t) { return ""; },
      "/v1/requests");
}

/// Nanoseconds of CPU that each thread of the process has used.
std::map<std::string, uint64_t> thread_nanos(pid_t process) {
  std::map<std::string, uint64_t> nanos;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream(entry.path() / "schedstat") >> nanos[entry.path().filename()];
  }
  return nanos;
}

/// The CPU of checks, beside whatever else the server does.
class Checker {
 public:
  Checker(const Server& server, const LifeSize& size) : server_(server), client_(server.client()) {
    for (const std::string& address : asked_addresses(check_batch, size.suppressions, 3)) {
      body_ += address + '\n';
    }
    // The only I/O thread is the one that works while nothing but checks is asked.
    const auto before = thread_nanos(server.pid());
    for (size_t i = 0; i < check_batches_min; ++i) check();
    uint64_t most = 0;
    for (const auto& [thread, nanos] : thread_nanos(server.pid())) {
      const auto known = before.find(thread);
      const uint64_t used = nanos - (known != before.end() ? known->second : 0);
      if (used >= most) io_thread_ = thread;
      most = std::max(most, used);
    }
  }

  /// Checks until `enough`; nanoseconds an address.
  double cost(const std::function<bool()>& enough) {
    const uint64_t before = thread_nanos(server_.pid()).at(io_thread_);
    uint64_t batches = 0;
    do {
      check();
      ++batches;
    } while (batches < check_batches_min || !enough());
    const uint64_t used = thread_nanos(server_.pid()).at(io_thread_) - before;
    return static_cast<double>(used) / static_cast<double>(batches * check_batch);
  }

 private:
  void check() {
    const HttpAnswer answer = client_.request("POST", account + "/check", "text/plain", body_,
                                              "application/octet-stream");
    if (answer.status != 200) throw std::runtime_error("check: " + answer.body);
    size_t suppressed = 0;
    for (const char octet : answer.body) suppressed += std::bitset<8>(octet).count();
    // As many as asked_addresses() takes from the list.
    if (suppressed < check_batch / 20 || suppressed > check_batch / 5) {
      throw std::runtime_error("a check found " + std::to_string(suppressed));
    }
  }

  const Server& server_;
  HttpClient client_;
  std::string body_, io_thread_;
};

json job_of(HttpClient& client, const std::string& id) {
  return ask(client, account + "/jobs/" + id);
}

/// Starts a job and checks beside it; tells how fast it went and what a check cost.
std::string measure_job(const Server& server, Checker& checker, const char* what,
                        const std::string& path, const json& body) {
  HttpClient client = server.client();
  const auto begin = Clock::now();
  // A body that a route does not read may cost the connection, which is needed further.
  const HttpAnswer made =
      client.request("POST", account + path, "application/json", body.empty() ? "" : body.dump());
  if (made.status != 202) throw std::runtime_error(std::string(what) + ": " + made.body);
  const std::string id = json::parse(made.body)["job"]["id"];
  double took = 0;
  auto looked = begin;
  const double cost = checker.cost([&] {
    if (took != 0) return true;
    if (Clock::now() - looked < std::chrono::milliseconds(50)) return false;
    looked = Clock::now();
    if (job_of(client, id)["state"] != "running") took = seconds_since(begin);
    return took != 0;
  });
  const json job = job_of(client, id);
  const double rows = job["done"];
  std::printf("%-44s %9.0f rows  %9.0f rows/s  %s; a check beside it %6.1f ns of CPU an address\n",
              what, rows, rows / took, job["state"].get<std::string>().c_str(), cost);
  return id;
}

void measure_jobs(const Server& server, Checker& checker) {
  HttpClient client = server.client();
  const auto enough = [] { return true; };
  for (int i = 0; i < 3; ++i) {
    std::printf("%-44s %6.1f ns of CPU an address\n", "a check while nothing else runs",
                checker.cost(enough));
  }
  const json counts = ask(client, account + "/counts");
  const json filter{{"channel", "email"}, {"state", "blacklisted"}};
  const std::string deletion =
      measure_job(server, checker, "job: delete all blacklisted emails", "/delete-contacts",
                  {{"filter", filter},
                   {"shown_at", counts["sequence"]},
                   {"expected", counts["email"]["blacklisted"]}});
  measure_job(server, checker, "job: restore them", "/restore-contacts", {{"job", deletion}});
  measure_job(server, checker, "job: put them into a new segment", "/exports",
              {{"filter", filter}, {"new_segment", "blacklisted"}});
  measure_job(server, checker, "job: count everything again", "/counts/recalculate",
              json::object());
}

std::string new_email(uint64_t i) {
  return "new." + std::to_string(i) + "@example" + std::to_string(i % 97) + ".com";
}

/// A file of contacts that the account has not, as an import; checks beside it.
void measure_import(const Server& server, Checker& checker, uint64_t rows) {
  HttpClient client = server.client();
  std::string file = "email,city\n";
  for (uint64_t i = 0; i < rows; ++i) file += new_email(i) + ',' + contact_city(i) + '\n';
  const auto begin = Clock::now();
  const HttpAnswer made = client.request("POST", account + "/imports", "text/csv", file);
  if (made.status != 202) throw std::runtime_error("import: " + made.body);
  const std::string id = json::parse(made.body)["import"]["id"];
  double took = 0;
  auto looked = begin;
  const double cost = checker.cost([&] {
    if (took == 0 && Clock::now() - looked >= std::chrono::milliseconds(50)) {
      looked = Clock::now();
      if (job_of(client, id)["state"] != "running") took = seconds_since(begin);
    }
    return took != 0;
  });
  if (job_of(client, id)["changed"] != rows) throw std::runtime_error("an import left rows out");
  std::printf("%-44s %9llu rows  %9.0f rows/s; a check beside it %6.1f ns of CPU an address\n",
              "import: new contacts, CSV to the last commit", static_cast<unsigned long long>(rows),
              static_cast<double>(rows) / took, cost);
}

/// Rows, an NDJSON body after the other on a connection of their own; checks beside them.
void measure_rows(const Server& server, Checker& checker, const char* what, const std::string& path,
                  uint64_t rows, const std::function<json(uint64_t)>& row) {
  double took = 0;
  auto sending = std::async(std::launch::async, [&] {
    HttpClient client = server.client();
    for (uint64_t from = 0; from < rows; from += body_rows) {
      std::string body;
      for (uint64_t i = from; i < std::min(rows, from + body_rows); ++i)
        body += row(i).dump() + '\n';
      const auto begin = Clock::now();
      const HttpAnswer answer =
          client.request("POST", account + path, "application/x-ndjson", body);
      took += seconds_since(begin);
      if (answer.status != 200) throw std::runtime_error(std::string(what) + ": " + answer.body);
    }
  });
  const double cost = checker.cost(
      [&] { return sending.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  sending.get();
  std::printf("%-44s %9llu rows  %9.0f rows/s; a check beside it %6.1f ns of CPU an address\n",
              what, static_cast<unsigned long long>(rows), static_cast<double>(rows) / took, cost);
}

void measure_ways_in(const Server& server, Checker& checker, const LifeSize& size) {
  const uint64_t rows = std::max<uint64_t>(size.contacts / 5, 1);
  measure_import(server, checker, rows);
  measure_rows(server, checker, "POST contacts: new ones", "/contacts", rows, [&](uint64_t i) {
    return json{{"email", new_email(rows + i)}, {"fields", {{"city", contact_city(i)}}}};
  });
  measure_rows(server, checker, "POST events: sent and delivered", "/events", rows, [](uint64_t i) {
    return json{{"type", i % 2 == 0 ? "sent" : "delivered"},
                {"email", new_email(i / 2)},
                {"campaign", "spring"},
                {"event_id", "event-" + std::to_string(i)}};
  });
  measure_rows(server, checker, "POST events: bounces with replies", "/events", rows / 4,
               [](uint64_t i) {
                 return json{{"type", "bounced"},
                             {"email", new_email(i)},
                             {"text", i % 5 == 0 ? "550 5.1.1 no such user" : "452 4.2.2 full"},
                             {"campaign", "spring"},
                             {"event_id", "bounce-" + std::to_string(i)}};
               });
}

int run(const Arguments& arguments) {
  const TemporaryDirectory scratch;
  const fs::path data =
      arguments.directory.empty() ? scratch.path() / "data" : fs::path(arguments.directory);
  const LifeSize& size = arguments.size;
  std::printf("%scontacts    %llu in one account; %llu accounts, %llu suppressions\n",
              environment().c_str(), static_cast<unsigned long long>(size.contacts),
              static_cast<unsigned long long>(size.accounts),
              static_cast<unsigned long long>(size.suppressions));
  if (!fs::exists(data)) {
    const LifeMade made = make_life(data, size);
    std::printf("made        %.0f suppressions/s, %.0f contacts/s, %.0f events/s, %.0f members/s\n",
                made.suppressions_per_second, made.contacts_per_second, made.events_per_second,
                made.members_per_second);
  }
  const auto begin = Clock::now();
  const Server server(arguments.suppressd, data, scratch.path());
  std::printf("ready       after %.1f s, %.0f MiB resident\n", seconds_since(begin),
              static_cast<double>(server.resident_bytes()) / (1 << 20));
  HttpClient client = server.client();
  measure_screens(client, arguments);
  Checker checker(server, size);
  measure_jobs(server, checker);
  measure_ways_in(server, checker, size);
  std::printf("end         %.0f MiB resident\n",
              static_cast<double>(server.resident_bytes()) / (1 << 20));
  return 0;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return suppressd::bench::run_program("contacts_bench", [&] {
    return suppressd::bench::run(suppressd::bench::parse(count, values));
  });
}
