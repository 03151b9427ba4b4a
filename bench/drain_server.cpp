// What the HTTP path itself costs: bodies of so many addresses a request are read by the real
// listener and session, and dropped. The server is this process, with one I/O thread; the client is
// a child process with one keep-alive connection. The canonical number is addresses per server CPU
// second.
//
//   drain_server [addresses-a-request] [seconds]
//   drain_server --serve PORT-FILE      serves until it is ended, for http_vs_redis
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "server/listener.hpp"

namespace suppressd {
namespace {

struct Totals {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> pieces{0};
};

/// Reads a body to its end and says how long it was.
class Drain : public Exchange {
 public:
  explicit Drain(Totals& totals) : totals_(totals) {}
  bool wants_body() const override { return true; }
  Progress on_body(std::string_view bytes, Answer&) override {
    bytes_ += bytes.size();
    ++pieces_;
    return Progress::more;
  }
  Progress on_end(Answer& answer) override {
    answer.body = std::to_string(bytes_);
    totals_.bytes.fetch_add(bytes_, std::memory_order_relaxed);
    totals_.pieces.fetch_add(pieces_, std::memory_order_relaxed);
    totals_.requests.fetch_add(1, std::memory_order_relaxed);
    return Progress::done;
  }
  Progress on_wake(Answer&) override { return Progress::broken; }

 private:
  Totals& totals_;
  uint64_t bytes_ = 0;
  uint64_t pieces_ = 0;
};

/// Addresses of about the length that lists have, a line each.
std::string make_body(size_t addresses) {
  std::string body;
  for (size_t i = 0; i < addresses; ++i) {
    body += "someone." + std::to_string(1'000'000 + i * 7919 % 9'000'000) + "@example.com\n";
  }
  return body;
}

/// Sends the request over and over until it is killed.
[[noreturn]] void run_client(uint16_t port, const std::string& request) noexcept {
  const int connection = bench::connect_to(port);
  std::string answer(4096, '\0');
  while (true) {
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t more =
          send(connection, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) _exit(1);
      sent += static_cast<size_t>(more);
    }
    if (recv(connection, answer.data(), answer.size(), 0) <= 0) _exit(1);
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Writes the port it listens on into the file, and serves others' clients.
int serve(const char* port_file) {
  Totals totals;
  Metrics metrics;
  Listener listener({}, nullptr, metrics, [&](ThreadCounters&) -> Handler {
    return [&](const RequestHead&, Wake) { return std::make_unique<Drain>(totals); };
  });
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  listener.start();
  std::ofstream(port_file) << listener.port() << "\n";
  int signal = 0;
  sigwait(&ends, &signal);
  listener.drain(std::chrono::milliseconds(0));
  return 0;
}

int run(size_t addresses, double seconds) {
  const std::string body = make_body(addresses);
  const std::string request =
      "POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
      "Authorization: Bearer 0123456789\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  Totals totals;
  Metrics metrics;
  Listener listener({}, nullptr, metrics, [&](ThreadCounters&) -> Handler {
    return [&](const RequestHead&, Wake) { return std::make_unique<Drain>(totals); };
  });
  // Forked while this process has one thread only.
  const pid_t client = fork();
  if (client == 0) run_client(listener.port(), request);
  listener.start();
  while (totals.requests < 10) std::this_thread::yield();
  const uint64_t requests_before = totals.requests;
  const double cpu_before = cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double cpu = cpu_seconds() - cpu_before;
  const uint64_t requests = totals.requests - requests_before;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  kill(client, SIGKILL);
  waitpid(client, nullptr, 0);
  listener.drain(std::chrono::milliseconds(0));
  const double checked = static_cast<double>(requests * addresses);
  std::printf("%zu addresses a request (%zu bytes), %llu requests in %.2f s, server CPU %.2f s\n",
              addresses, body.size(), static_cast<unsigned long long>(requests), wall.count(), cpu);
  std::printf(
      "%.1f million addresses per server CPU second, %.2f microseconds a request, "
      "%.2f pieces a request\n",
      checked / cpu / 1e6, cpu / static_cast<double>(requests) * 1e6,
      static_cast<double>(totals.pieces.load()) / static_cast<double>(totals.requests.load()));
  return requests > 0 && totals.bytes % body.size() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace suppressd

int main(int count, char** arguments) {
  if (count == 3 && arguments[1] == std::string("--serve")) return suppressd::serve(arguments[2]);
  const size_t addresses = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10'000;
  const double seconds = count > 2 ? std::strtod(arguments[2], nullptr) : 3.0;
  std::fputs(suppressd::bench::environment().c_str(), stdout);
  return suppressd::run(addresses, seconds);
}
