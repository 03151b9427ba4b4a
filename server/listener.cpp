#include "server/listener.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <future>
#include <thread>

#include "server/log.hpp"

namespace suppressd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int listen_backlog = 4096;

tcp::endpoint endpoint_of(const ListenAddress& address) {
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  return {asio::ip::make_address(host), address.port};
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

[[noreturn]] void fail(const tcp::endpoint& endpoint, const error_code& error) {
  const std::string where = "cannot listen on " + text_of(endpoint) + ": ";
  if (error == asio::error::address_in_use) {
    throw ListenError(where + "another process listens there; stop it or choose another port");
  }
  throw ListenError(where + error.message());
}

/// SO_REUSEPORT would let a second server of the same user join in silently. A socket without it
/// cannot be bound beside one that listens, so it tells.
void refuse_port_in_use(const tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return;
  asio::io_context io;
  asio::basic_socket_acceptor<tcp, Executor> probe(io);
  error_code error;
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (error) fail(endpoint, error);
}

}  // namespace

bool ListenAddress::loopback() const {
  return endpoint_of(*this).address().is_loopback();
}

ListenAddress parse_listen_address(std::string_view text) {
  auto refuse = [&](const char* what) -> ListenAddress {
    throw std::invalid_argument("\"" + std::string(text) + "\" " + what);
  };
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return refuse("is not HOST:PORT, such as 127.0.0.1:8080");
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host;
  const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (bad != std::errc() || end != port.data() + port.size()) {
    return refuse("has no port between 0 and 65535 after its last colon");
  }
  error_code error;
  const auto ip =
      asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error);
  if (error || ip.is_v6() != bracketed) {
    return refuse("has no IPv4 address, [IPv6 address] or localhost before its last colon");
  }
  return address;
}

/// One I/O thread. Everything but the constructor, start, post and join happens on its own thread.
class Listener::IoThread {
 public:
  IoThread(const Options& options, asio::ssl::context* tls, Admission& admission,
           ThreadCounters& counters, const tcp::endpoint& endpoint)
      : io_(std::make_shared<asio::io_context>(1)),
        host_(io_, options.limits, admission, counters),
        acceptor_(*io_),
        backoff_(*io_),
        ticker_(*io_),
        tls_(tls),
        admission_(admission),
        reserve_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    bind(endpoint);
  }

  /// The thread has ended; its sessions go here, waiting or not.
  ~IoThread() {
    for (auto& [key, session] : host_.sessions) session->abandon();
    host_.sessions.clear();
    acceptor_.close();
    io_->restart();
    io_->poll();  // aborted operations still hold sessions
    if (reserve_ >= 0) close(reserve_);
  }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  void start(const MakeHandler& make_handler) {
    std::promise<void> ended;
    ended_ = ended.get_future();
    thread_ = std::thread([this, make_handler, ended = std::move(ended)]() mutable {
      clockid_t clock = -1;
      if (pthread_getcpuclockid(pthread_self(), &clock) == 0) host_.counters.cpu_clock = clock;
      host_.handler = make_handler(host_.counters);
      host_.date = http_date();
      accept();
      tick();
      io_->run();
      ended.set_value();
    });
  }

  void begin_drain() {
    asio::post(*io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      backoff_.cancel();
      host_.draining = true;
      for_each_session([](Session& session) { session.drain(); });
      stop_if_empty();
    });
  }

  /// False when it took longer.
  bool wait_until(std::chrono::steady_clock::time_point deadline) {
    return !thread_.joinable() || ended_.wait_until(deadline) == std::future_status::ready;
  }

  /// Cuts off what is still under way, and ends the thread.
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(*io_, [this] {
      for_each_session([](Session& session) { session.abort(); });
      io_->stop();
    });
    thread_.join();
  }

 private:
  void bind(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.set_option(ReusePort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(listen_backlog, error);
    if (error) fail(endpoint, error);
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, Socket socket) {
      if (!acceptor_.is_open()) return;
      if (error == asio::error::no_descriptors ||
          error == error_code(ENFILE, boost::system::system_category())) {
        return out_of_descriptors();
      }
      if (!error) admit(std::move(socket));
      accept();
    });
  }

  void admit(Socket socket) {
    const uint64_t open = admission_.connections.fetch_add(1, std::memory_order_relaxed) + 1;
    const bool shed = open > admission_.connections_max;
    if (shed) ThreadCounters::add(host_.counters.connections_refused);
    if (open > admission_.connections_max + shed_connections_max) {
      admission_.connections.fetch_sub(1, std::memory_order_relaxed);
      error_code ignored;
      socket.close(ignored);
    } else {
      Session::start(host_, std::move(socket), tls_, shed);
    }
  }

  /// The waiting connection would wake us forever: take it with the reserve descriptor, close it,
  /// and rest a while.
  void out_of_descriptors() {
    ThreadCounters::add(host_.counters.connections_refused);
    log(LogLevel::warning, "out of file descriptors; accepting pauses",
        {{"milliseconds", static_cast<int64_t>(accept_backoff.count())}});
    if (reserve_ >= 0) close(reserve_);
    error_code ignored;
    acceptor_.non_blocking(true, ignored);
    acceptor_.accept(ignored).close(ignored);
    reserve_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
    backoff_.expires_after(accept_backoff);
    backoff_.async_wait([this](error_code error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  void tick() {
    ticker_.expires_after(host_.limits.tick);
    ticker_.async_wait([this](error_code) {
      host_.date = http_date();
      const auto now = Session::Clock::now();
      for_each_session([now](Session& session) { session.tick(now); });
      if (!stop_if_empty()) tick();
    });
  }

  bool stop_if_empty() {
    if (!host_.draining || !host_.sessions.empty()) return false;
    io_->stop();
    return true;
  }

  /// Calls may end sessions, which takes them out of the map.
  template <class Call>
  void for_each_session(Call&& call) {
    visited_.clear();
    for (const auto& [key, session] : host_.sessions) visited_.push_back(session);
    for (const auto& session : visited_) call(*session);
    visited_.clear();
  }

  std::shared_ptr<asio::io_context> io_;
  SessionHost host_;
  Acceptor acceptor_;
  Timer backoff_;
  Timer ticker_;
  asio::ssl::context* tls_;
  Admission& admission_;
  std::vector<std::shared_ptr<Session>> visited_;
  int reserve_;
  std::future<void> ended_;
  std::thread thread_;
};

Listener::Listener(const Options& options, std::shared_ptr<asio::ssl::context> tls,
                   Metrics& metrics, MakeHandler make_handler)
    : options_(options),
      admission_(options.connections_max, options.in_flight_bytes_max),
      tls_(std::move(tls)),
      make_handler_(std::move(make_handler)) {
  tcp::endpoint endpoint = endpoint_of(options_.address);
  refuse_port_in_use(endpoint);
  for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) {
    threads_.push_back(std::make_unique<IoThread>(options_, tls_.get(), admission_,
                                                  metrics.add_thread(), endpoint));
    endpoint = threads_.front()->endpoint();  // the others share the port that the first was given
  }
  endpoint_ = text_of(endpoint);
  port_ = endpoint.port();
}

Listener::~Listener() {
  for (auto& thread : threads_) thread->stop();
}

void Listener::start() {
  for (auto& thread : threads_) thread->start(make_handler_);
}

bool Listener::drain(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (auto& thread : threads_) thread->begin_drain();
  bool whole = true;
  for (auto& thread : threads_) whole = thread->wait_until(until) && whole;
  for (auto& thread : threads_) thread->stop();
  return whole;
}

}  // namespace suppressd
