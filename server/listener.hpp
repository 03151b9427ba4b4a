// The I/O threads: each with its own io_context, its own listening socket (SO_REUSEPORT: the kernel
// spreads connections over them) and its own sessions; nothing is shared but the admission
// counters.
//
// Life: construct (binds, throws ListenError) → start() → drain() → destroy. Destroyed before what
// its handlers and exchanges refer to; wakes may come later still, and do nothing. Thread safety:
// one owner's, except port() and endpoint().
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/metrics.hpp"
#include "server/session.hpp"

namespace suppressd {

/// Start-up failure; what() is a sentence for the operator.
struct ListenError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IP address or "localhost"
  uint16_t port = 0;               // 0: the kernel chooses
  bool loopback() const;
};
/// "127.0.0.1:8080", "[::1]:8080", "localhost:0"; throws std::invalid_argument with a sentence.
ListenAddress parse_listen_address(std::string_view text);

/// After accept() ran out of descriptors, one more is tried after this long.
inline constexpr std::chrono::milliseconds accept_backoff{100};

class Listener {
 public:
  struct Options {
    ListenAddress address;
    unsigned threads = 1;
    uint64_t connections_max = 10'000;
    uint64_t in_flight_bytes_max = 1ull << 30;
    SessionLimits limits;
  };
  /// Makes a thread's handler, on that thread; what the handler owns is that thread's.
  using MakeHandler = std::function<Handler(ThreadCounters&)>;

  /// Binds. `tls` may be null.
  Listener(const Options& options, std::shared_ptr<boost::asio::ssl::context> tls, Metrics& metrics,
           MakeHandler make_handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  uint16_t port() const { return port_; }
  const std::string& endpoint() const { return endpoint_; }  // "127.0.0.1:8080"

  void start();
  /// Accepts no more, closes idle connections, lets requests under way finish; after `deadline`
  /// cuts off the rest. True when nothing was cut off. Returns when the threads have ended.
  bool drain(std::chrono::milliseconds deadline);

 private:
  class IoThread;

  Options options_;
  Admission admission_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  MakeHandler make_handler_;
  std::string endpoint_;
  uint16_t port_ = 0;
  std::vector<std::unique_ptr<IoThread>> threads_;
};

}  // namespace suppressd
