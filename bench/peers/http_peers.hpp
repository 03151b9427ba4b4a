// The peers of the comparison over the network: each a server in a child process with a directory
// of its own, loaded with the same members and asked about the same addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/peers/child.hpp"
#include "bench/peers/http_client.hpp"

namespace suppressd::bench {

inline constexpr size_t addresses_per_request = 10'000;
inline constexpr size_t different_requests = 32;

/// One side: asks request number i and returns how many of its addresses are members.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual uint64_t ask(size_t request) = 0;
  virtual Child& child() = 0;
  virtual const char* name() const = 0;
  /// Whether it knows members at all.
  virtual bool answers() const { return true; }
  std::vector<double> nanoseconds;  // CPU an address, of each round
};

/// Redis with `members` in one set, asked by SMISMEMBER.
std::unique_ptr<Peer> make_redis(uint64_t members);

/// A server that reads the bodies of text checks and drops them.
std::unique_ptr<Peer> make_drain(const std::string& program, uint64_t members);

/// Our server with `members` on an account's list.
class Suppressd {
 public:
  Suppressd(const std::string& program, uint64_t members);
  Child& child() { return child_; }
  HttpClient& client() { return *client_; }

 private:
  void load(uint64_t members);

  TemporaryDirectory directory_;
  Child child_;
  std::unique_ptr<HttpClient> client_;
};

enum class Body : uint8_t { text, json, ndjson, csv };

/// Checks with bodies of one format; `accept` names the answer's.
std::unique_ptr<Peer> make_check(Suppressd& server, Body body, const char* accept,
                                 uint64_t members);

}  // namespace suppressd::bench
