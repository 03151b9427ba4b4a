// A connection to the real program, as a client has one.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/server/app_driver.hpp"
#include "tests/server/raw_client.hpp"

namespace suppressd::test {

/// One connection to the program.
class Connection {
 public:
  explicit Connection(uint16_t port) : client_(port) {}

  Reply send(const Request& request) {
    std::string head = request.method + " " + request.target +
                       " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + request.key + "\r\n";
    for (const auto& [name, value] : request.fields) head += name + ": " + value + "\r\n";
    if (!request.body.empty() || request.method != "GET") {
      head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    Reply reply;
    reply.broken = true;
    if (!client_.send(head + "\r\n" + request.body)) return reply;
    const RawAnswer answer = client_.read_answer();
    reply.broken = !answer.whole;
    reply.status = answer.status;
    reply.body = answer.body;
    constexpr std::string_view sequence = "\r\nSuppress-Sequence: ";
    if (const size_t at = answer.head.find(sequence); at != std::string::npos) {
      const size_t from = at + sequence.size();
      reply.fields.emplace_back("Suppress-Sequence",
                                answer.head.substr(from, answer.head.find('\r', from) - from));
    }
    return reply;
  }

  /// The answer's JSON; null when the program ended first.
  nlohmann::json ask(const std::string& key, const std::string& method, const std::string& target,
                     const nlohmann::json& body = nullptr) {
    Request request{method, target, key, {}, body.is_null() ? "" : body.dump()};
    if (!body.is_null()) request.fields.emplace_back("content-type", "application/json");
    const Reply reply = send(request);
    if (reply.broken) return nullptr;
    if (reply.status >= 300) throw std::runtime_error(target + " answered " + reply.body);
    return reply.json();
  }

 private:
  RawClient client_;
};

}  // namespace suppressd::test
