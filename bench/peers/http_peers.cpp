#include "bench/peers/http_peers.hpp"

#include <hiredis/hiredis.h>

#include <bit>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "bench/addresses.hpp"

namespace suppressd::bench {
namespace {

constexpr auto start_deadline = std::chrono::seconds(60);
constexpr uint64_t loaded_at_once = 200'000;

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

uint16_t wait_for_port(Child& child, const std::filesystem::path& file) {
  uint16_t port = 0;
  wait_until(child, [&] { return std::ifstream(file) >> port && port != 0; });
  return port;
}

class Redis : public Peer {
 public:
  explicit Redis(uint64_t members)
      : port_(free_port()),
        child_({"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save",
                "", "--appendonly", "no", "--dir", directory_.path().string()},
               directory_.path() / "log") {
    wait_until(child_, [&] {
      context_.reset(redisConnect("127.0.0.1", port_));
      return context_ && context_->err == 0;
    });
    load(members);
    for (size_t i = 0; i < different_requests; ++i) {
      requests_.push_back(
          command("SMISMEMBER", asked_addresses(addresses_per_request, members, i)));
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

std::string text_body(const std::vector<std::string>& addresses) {
  std::string made;
  for (const std::string& address : addresses) made.append(address).append("\n");
  return made;
}

std::string body_of(Body body, const std::vector<std::string>& addresses) {
  if (body == Body::text) return text_body(addresses);
  std::string made = body == Body::json  ? "{\"addresses\":["
                     : body == Body::csv ? "id,email\n"
                                         : "";
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (body == Body::csv) {
      made.append(std::to_string(100'000 + i)).append(",").append(addresses[i]).append("\n");
    } else if (body == Body::ndjson) {
      made.append("{\"address\":\"").append(addresses[i]).append("\"}\n");
    } else {
      made.append(i == 0 ? "\"" : ",\"").append(addresses[i]).append("\"");
    }
  }
  return body == Body::json ? made + "]}" : made;
}

struct Format {
  const char* name;
  const char* content_type;
  const char* query;
};

constexpr Format format_of(Body body) {
  switch (body) {
    case Body::json:
      return {"JSON", "application/json", ""};
    case Body::ndjson:
      return {"NDJSON", "application/x-ndjson", ""};
    case Body::csv:
      return {"CSV", "text/csv", "&column=email"};
    case Body::text:
      break;
  }
  return {"text", "text/plain", ""};
}

class Check : public Peer {
 public:
  Check(Suppressd& server, Body body, const char* accept, uint64_t members)
      : server_(server), format_(format_of(body)), accept_(accept) {
    name_ = std::string("check, ") + format_.name + " body, " +
            (counts() ? "JSON answer" : "bitmap answer");
    for (size_t i = 0; i < different_requests; ++i) {
      requests_.push_back(body_of(body, asked_addresses(addresses_per_request, members, i)));
    }
  }

  uint64_t ask(size_t request) override {
    const HttpAnswer answer = server_.client().request(
        "POST", std::string("/v1/accounts/bench/check?channel=email") + format_.query,
        format_.content_type, requests_[request % different_requests], accept_);
    if (answer.status != 200) {
      throw std::runtime_error("suppressd answered " + std::to_string(answer.status));
    }
    return counts() ? suppressed_of(answer.body) : set_bits(answer.body);
  }
  Child& child() override { return server_.child(); }
  const char* name() const override { return name_.c_str(); }

 private:
  bool counts() const { return accept_ == std::string("application/json"); }

  static uint64_t suppressed_of(const std::string& json) {
    const size_t at = json.find("\"suppressed\":");
    if (at == std::string::npos) throw std::runtime_error("suppressd did not count");
    return std::strtoull(&json[at + sizeof "\"suppressed\":" - 1], nullptr, 10);
  }
  static uint64_t set_bits(const std::string& bitmap) {
    uint64_t bits = 0;
    for (const char byte : bitmap) {
      bits += static_cast<uint64_t>(std::popcount(static_cast<unsigned char>(byte)));
    }
    return bits;
  }

  Suppressd& server_;
  const Format format_;
  const char* accept_;
  std::string name_;
  std::vector<std::string> requests_;
};

class Drain : public Peer {
 public:
  Drain(const std::string& program, uint64_t members)
      : child_({program, "--serve", port_file().string()}, directory_.path() / "log"),
        client_(wait_for_port(child_, port_file()), "0123456789") {
    for (size_t i = 0; i < different_requests; ++i) {
      requests_.push_back(text_body(asked_addresses(addresses_per_request, members, i)));
    }
  }

  uint64_t ask(size_t request) override {
    const HttpAnswer answer =
        client_.request("POST", "/v1/accounts/bench/check?channel=email", "text/plain",
                        requests_[request % different_requests], "application/json");
    if (answer.status != 200) throw std::runtime_error("the drain did not answer");
    return 0;
  }
  Child& child() override { return child_; }
  const char* name() const override { return "drained, text body"; }
  bool answers() const override { return false; }

 private:
  std::filesystem::path port_file() const { return directory_.path() / "port"; }

  TemporaryDirectory directory_;
  Child child_;
  HttpClient client_;
  std::vector<std::string> requests_;
};

}  // namespace

std::unique_ptr<Peer> make_redis(uint64_t members) {
  return std::make_unique<Redis>(members);
}

std::unique_ptr<Peer> make_drain(const std::string& program, uint64_t members) {
  return std::make_unique<Drain>(program, members);
}

std::unique_ptr<Peer> make_check(Suppressd& server, Body body, const char* accept,
                                 uint64_t members) {
  return std::make_unique<Check>(server, body, accept, members);
}

Suppressd::Suppressd(const std::string& program, uint64_t members)
    : child_({program, "--data-dir", (directory_.path() / "data").string(), "--listen",
              "127.0.0.1:0", "--port-file", (directory_.path() / "port").string()},
             directory_.path() / "log") {
  const uint16_t port = wait_for_port(child_, directory_.path() / "port");
  wait_until(child_,
             [&] { return HttpClient(port, "").request("GET", "/readyz", "", "").status == 200; });
  std::string key;
  std::ifstream(directory_.path() / "data" / "admin.key") >> key;
  client_ = std::make_unique<HttpClient>(port, key);
  load(members);
}

void Suppressd::load(uint64_t members) {
  if (client_->request("POST", "/v1/accounts", "application/json", R"({"account":"bench"})")
          .status != 201) {
    throw std::runtime_error("suppressd did not make an account");
  }
  for (uint64_t begin = 0; begin < members; begin += loaded_at_once) {
    std::string part;
    for (uint64_t i = begin; i < std::min(begin + loaded_at_once, members); ++i) {
      part.append(address_of(i)).append("\n");
    }
    const HttpAnswer answer = client_->request(
        "POST", "/v1/accounts/bench/suppressions?reason=manual&channel=email", "text/plain", part);
    if (answer.status != 200) {
      throw std::runtime_error("suppressd refused members: " + std::to_string(answer.status));
    }
  }
}

}  // namespace suppressd::bench
