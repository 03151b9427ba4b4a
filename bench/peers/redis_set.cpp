#include "bench/peers/redis_set.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/measure.hpp"
#include "bench/peers/child.hpp"

namespace suppressd::bench {
namespace {

constexpr uint64_t members_per_call = 10'000;
constexpr auto start_deadline = std::chrono::seconds(60);

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Connection = std::unique_ptr<redisContext, FreeContext>;

Connection connect(Child& server, uint16_t port) {
  const auto begin = std::chrono::steady_clock::now();
  while (server.running() && std::chrono::steady_clock::now() - begin < start_deadline) {
    Connection connection(redisConnect("127.0.0.1", port));
    if (connection && connection->err == 0) return connection;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("redis-server did not start");
}

/// Of the length and look of addresses in the wild.
std::string address_of(uint64_t number) {
  static constexpr const char* names[] = {"maria.", "john_", "olena.k.", "sales-"};
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.net",
                                            "company.example"};
  const uint64_t mixed = fingerprint_of(number).high;
  return names[mixed % 4] + std::to_string(number) + "." + std::to_string(mixed >> 44) + "@" +
         domains[mixed >> 8 & 3];
}

/// SADD of the members [begin, end), in Redis' protocol.
std::string add_command(uint64_t begin, uint64_t end) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  std::string command = "*" + std::to_string(end - begin + 2) + "\r\n" + bulk("SADD") + bulk("set");
  for (uint64_t i = begin; i < end; ++i) command += bulk(address_of(i));
  return command;
}

void send(redisContext* connection, const std::string& command) {
  void* received = nullptr;
  if (redisAppendFormattedCommand(connection, command.data(), command.size()) != REDIS_OK ||
      redisGetReply(connection, &received) != REDIS_OK || received == nullptr) {
    throw std::runtime_error("redis-server did not answer");
  }
  const bool failed = static_cast<redisReply*>(received)->type == REDIS_REPLY_ERROR;
  freeReplyObject(received);
  if (failed) throw std::runtime_error("redis-server refused SADD");
}

}  // namespace

double redis_bytes_per_member(uint64_t members) {
  const TemporaryDirectory directory;
  const uint16_t port = free_port();
  Child server({"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", directory.path().string()},
               directory.path() / "log");
  const Connection connection = connect(server, port);
  const uint64_t before = server.resident_bytes();
  for (uint64_t begin = 0; begin < members; begin += members_per_call) {
    send(connection.get(), add_command(begin, std::min(begin + members_per_call, members)));
  }
  const auto grown = static_cast<double>(server.resident_bytes() - before);
  return grown / static_cast<double>(members);
}

}  // namespace suppressd::bench
