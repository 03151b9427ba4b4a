// CPU that a checked address costs the server: a text check of 10,000 addresses a request over
// HTTP, against Redis' SMISMEMBER of 10,000 members a call. Both servers run on loopback in
// directories of their own with the same members; one address in ten asked is a member; they take
// turns, and medians count.
//
//   http_vs_redis SUPPRESSD [--members N] [--rounds N] [--seconds S] [--no-goals]
//
// CPU time is user + system time of the server process (/proc/PID/stat). A round goes on until it
// has used S of it. Both must name the same number of members. Exit code 1 when the goal is missed,
// 2 when answers differ or a server fails.
#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "bench/peers/http_client.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t addresses_per_request = 10'000;
constexpr size_t different_requests = 32;
constexpr double redis_share_max = 0.1;  // of Redis' CPU an address, ours may cost this much
constexpr auto start_deadline = std::chrono::seconds(60);

struct Arguments {
  std::string suppressd;
  uint64_t members = 10'000'000;
  size_t rounds = 5;
  double seconds = 1;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const bool has_value = i + 1 < count;
    if (name == "--members" && has_value) {
      arguments.members = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--rounds" && has_value) {
      arguments.rounds = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--seconds" && has_value) {
      arguments.seconds = std::strtod(values[++i], nullptr);
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.suppressd = name;
    }
  }
  if (arguments.suppressd.empty() || arguments.members == 0 || arguments.rounds == 0) {
    std::fprintf(stderr,
                 "usage: http_vs_redis SUPPRESSD [--members N] [--rounds N] [--seconds S] "
                 "[--no-goals]\n");
    std::exit(2);
  }
  return arguments;
}

/// Numbers below `members` are on the list. 25 to 35 octets, as addresses in the wild.
std::string address_of(uint64_t number) {
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.net",
                                            "company.example"};
  const uint64_t mixed = fingerprint_of(number).high;
  static constexpr const char* names[] = {"maria.", "john_", "olena.k.", "sales-"};
  return names[mixed % 4] + std::to_string(number) + "." + std::to_string(mixed >> 44) + "@" +
         domains[mixed >> 8 & 3];
}

/// The addresses of one request, one in ten a member.
std::vector<std::string> asked(uint64_t members, uint64_t request) {
  std::mt19937_64 random(request);
  std::vector<std::string> addresses;
  for (size_t i = 0; i < addresses_per_request; ++i) {
    const uint64_t number = random() % members;
    addresses.push_back(address_of(random() % 10 == 0 ? number : members + number));
  }
  return addresses;
}

/// Waits for a condition, not for a time; gives up when the child ends or the deadline passes.
void wait_until(Child& child, const std::function<bool()>& ready) {
  const auto begin = std::chrono::steady_clock::now();
  while (!ready()) {
    if (!child.running() || std::chrono::steady_clock::now() - begin > start_deadline) {
      throw std::runtime_error("a server did not start");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// One side: asks request number i and returns how many of its addresses are members.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual uint64_t ask(size_t request) = 0;
  virtual Child& child() = 0;
  virtual const char* name() const = 0;
  std::vector<double> nanoseconds;  // CPU an address, of each round
};

class Redis : public Peer {
 public:
  explicit Redis(const Arguments& arguments)
      : port_(free_port()),
        child_({"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save",
                "", "--appendonly", "no", "--dir", directory_.path().string()},
               directory_.path() / "log") {
    wait_until(child_, [&] {
      context_.reset(redisConnect("127.0.0.1", port_));
      return context_ && context_->err == 0;
    });
    load(arguments.members);
    for (size_t i = 0; i < different_requests; ++i) {
      requests_.push_back(command("SMISMEMBER", asked(arguments.members, i)));
    }
  }

  uint64_t ask(size_t request) override {
    const std::string& sent = requests_[request % different_requests];
    if (redisAppendFormattedCommand(context_.get(), sent.data(), sent.size()) != REDIS_OK) fail();
    const Reply reply = receive();
    uint64_t members = 0;
    for (size_t i = 0; i < reply->elements; ++i) {
      members += static_cast<uint64_t>(reply->element[i]->integer);
    }
    return members;
  }
  Child& child() override { return child_; }
  const char* name() const override { return "redis SMISMEMBER"; }

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;

  [[noreturn]] static void fail() { throw std::runtime_error("redis did not answer"); }

  static std::string command(const char* verb, const std::vector<std::string>& members) {
    const auto bulk = [](const std::string& text) {
      return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    };
    std::string made = "*" + std::to_string(members.size() + 2) + "\r\n" + bulk(verb) + bulk("set");
    for (const std::string& member : members) made += bulk(member);
    return made;
  }

  Reply receive() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK || reply == nullptr) fail();
    Reply owned(static_cast<redisReply*>(reply));
    if (owned->type == REDIS_REPLY_ERROR) fail();
    return owned;
  }

  void load(uint64_t members) {
    for (uint64_t begin = 0; begin < members; begin += addresses_per_request) {
      std::vector<std::string> part;
      for (uint64_t i = begin; i < std::min(begin + addresses_per_request, members); ++i) {
        part.push_back(address_of(i));
      }
      const std::string sent = command("SADD", part);
      redisAppendFormattedCommand(context_.get(), sent.data(), sent.size());
      receive();
    }
  }

  TemporaryDirectory directory_;
  uint16_t port_;
  Child child_;
  std::unique_ptr<redisContext, FreeContext> context_;
  std::vector<std::string> requests_;
};

class Suppressd : public Peer {
 public:
  explicit Suppressd(const Arguments& arguments)
      : child_({arguments.suppressd, "--data-dir", (directory_.path() / "data").string(),
                "--listen", "127.0.0.1:0", "--port-file", port_file().string()},
               directory_.path() / "log") {
    uint16_t port = 0;
    wait_until(child_, [&] { return std::ifstream(port_file()) >> port && port != 0; });
    wait_until(child_, [&] {
      return HttpClient(port, "").request("GET", "/readyz", "", "").status == 200;
    });
    std::string key;
    std::ifstream(directory_.path() / "data" / "admin.key") >> key;
    client_ = std::make_unique<HttpClient>(port, key);
    load(arguments.members);
    for (size_t i = 0; i < different_requests; ++i) {
      requests_.push_back(text(asked(arguments.members, i)));
    }
  }

  uint64_t ask(size_t request) override {
    const HttpAnswer answer =
        client_->request("POST", "/v1/accounts/bench/check?channel=email", "text/plain",
                         requests_[request % different_requests]);
    const size_t at = answer.body.find("\"suppressed\":");
    if (answer.status != 200 || at == std::string::npos) {
      throw std::runtime_error("suppressd answered " + std::to_string(answer.status));
    }
    return std::strtoull(&answer.body[at + sizeof "\"suppressed\":" - 1], nullptr, 10);
  }
  Child& child() override { return child_; }
  const char* name() const override { return "suppressd text check"; }

 private:
  static constexpr uint64_t loaded_at_once = 200'000;

  std::filesystem::path port_file() const { return directory_.path() / "port"; }

  static std::string text(const std::vector<std::string>& addresses) {
    std::string made;
    for (const std::string& address : addresses) made.append(address).append("\n");
    return made;
  }

  void load(uint64_t members) {
    if (client_->request("POST", "/v1/accounts", "application/json", R"({"account":"bench"})")
            .status != 201) {
      throw std::runtime_error("suppressd did not make an account");
    }
    for (uint64_t begin = 0; begin < members; begin += loaded_at_once) {
      std::string part;
      for (uint64_t i = begin; i < std::min(begin + loaded_at_once, members); ++i) {
        part.append(address_of(i)).append("\n");
      }
      const HttpAnswer answer =
          client_->request("POST", "/v1/accounts/bench/suppressions?reason=manual&channel=email",
                           "text/plain", part);
      if (answer.status != 200) {
        throw std::runtime_error("suppressd refused members: " + std::to_string(answer.status));
      }
    }
  }

  TemporaryDirectory directory_;
  Child child_;
  std::unique_ptr<HttpClient> client_;
  std::vector<std::string> requests_;
};

/// Asks until the server has used up `seconds` of CPU, all different requests at least once; notes
/// the cost of an address. Returns the members that the different requests named.
uint64_t one_round(Peer& peer, double seconds) {
  uint64_t members = 0;
  size_t requests = 0;
  const double begin = peer.child().cpu_seconds();
  double used = 0;
  while (requests < different_requests || used < seconds) {
    const uint64_t found = peer.ask(requests);
    members += requests < different_requests ? found : 0;
    ++requests;
    used = peer.child().cpu_seconds() - begin;
  }
  const auto addresses = static_cast<double>(requests * addresses_per_request);
  peer.nanoseconds.push_back(used / addresses * 1e9);
  return members;
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  Redis redis(arguments);
  std::printf("members     %llu in each; %zu addresses a request, one in ten a member\n",
              static_cast<unsigned long long>(arguments.members), addresses_per_request);
  Suppressd ours(arguments);
  Peer* const peers[] = {&redis, &ours};
  uint64_t members[] = {0, 0};
  for (size_t round = 0; round <= arguments.rounds; ++round) {  // round 0 warms up
    for (size_t p = 0; p < 2; ++p) members[p] = one_round(*peers[p], arguments.seconds);
    if (members[0] != members[1]) {
      std::fprintf(stderr, "http_vs_redis: the servers' answers differ\n");
      return 2;
    }
    if (round == 0) redis.nanoseconds.clear(), ours.nanoseconds.clear();
  }
  std::printf("checksum    %llu members in %zu requests\n\n",
              static_cast<unsigned long long>(members[0]), different_requests);
  std::printf("  %-22s %16s %18s %12s\n", "", "CPU ns/address", "M addresses/CPU-s", "B/member");
  double medians[2];
  for (size_t p = 0; p < 2; ++p) {
    medians[p] = median(peers[p]->nanoseconds);
    std::printf("  %-22s %16.1f %18.2f %12.1f\n", peers[p]->name(), medians[p], 1000 / medians[p],
                static_cast<double>(peers[p]->child().resident_bytes()) /
                    static_cast<double>(arguments.members));
  }
  const double share = medians[1] / medians[0];
  const bool met = share <= redis_share_max;
  std::printf("\nof Redis' CPU %.3f (most %.1f: %s)\n", share, redis_share_max,
              met ? "pass" : "SHORT");
  return met || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  try {
    return suppressd::bench::run(suppressd::bench::parse(count, values));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "http_vs_redis: %s\n", error.what());
    return 2;
  }
}
