// A small HTTP/1.1 client: one connection, one request at a time, kept alive between requests.
//
// Invariants
//  1. Full duplex: the answer is read while the body is still being sent, so a server that streams
//     its answer never waits for us, and an early refusal (401, 413) is heard.
//  2. An answer is returned whole or not at all: one that ends early, or whose end only a closed
//     connection would mark, throws ConnectionLost. A sink gets pieces before that is known: what it
//     got may be used only once exchange() has returned.
//  3. A request is sent again by itself only on a kept-alive connection that the server closed
//     before it answered a byte: the ordinary race with an idle timeout. Nothing else is repeated.
// Thread safety: a Connection is one thread's. https verifies the certificate and the host's name.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/suppressctl/failure.hpp"

namespace suppressctl {

/// Where the server is: http://host[:port][/prefix] or https://….
struct Endpoint {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 literal
  std::string port;
  std::string prefix;  // without a slash at its end

  std::string host_field() const;
};
/// Throws Failure when the text is no such URL.
Endpoint parse_endpoint(std::string_view url);

struct HttpRequest {
  std::string_view method = "GET";
  std::string target;  // path and query, percent-encoded
  std::vector<std::pair<std::string, std::string>> fields;
  std::string_view body;  // must outlive the exchange
  /// Takes the body of an answer below 400, a piece at a time, instead of HttpAnswer::body; so that
  /// an answer of any size needs little memory. What it throws ends the exchange.
  std::function<void(std::string_view)> sink;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;

  /// Empty when there is no such field.
  std::string_view field(const std::string& lower_case_name) const;
};

class Connection {
 public:
  /// `patience`: how long nothing at all may happen before the server counts as gone.
  Connection(Endpoint endpoint, std::chrono::seconds patience);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Throws ConnectionLost.
  HttpAnswer exchange(const HttpRequest& request);

 private:
  struct Wire;
  struct Exchange;
  HttpAnswer exchange_once(const HttpRequest& request, bool& answered);
  void connect();

  Endpoint endpoint_;
  std::chrono::seconds patience_;
  std::unique_ptr<Wire> wire_;  // null: not connected
};

}  // namespace suppressctl
