#include "tools/suppressctl/http_client.hpp"

#include <utility>
// Asio 1.74 wants <utility> first.
#include <array>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <limits>
#include <optional>

namespace suppressctl {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t read_piece_bytes = 64 * 1024;

}  // namespace

struct Connection::Wire {
  explicit Wire(bool tls) : context(asio::ssl::context::tls_client), plain(loop), idle(loop) {
    if (!tls) return;
    context.set_default_verify_paths();
    context.set_verify_mode(asio::ssl::verify_peer);
    secure.emplace(plain, context);
  }

  template <typename Buffers, typename Handler>
  void write_some(const Buffers& buffers, Handler&& handler) {
    if (secure)
      secure->async_write_some(buffers, std::forward<Handler>(handler));
    else
      plain.async_write_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void read_some(const Buffers& buffers, Handler&& handler) {
    if (secure)
      secure->async_read_some(buffers, std::forward<Handler>(handler));
    else
      plain.async_read_some(buffers, std::forward<Handler>(handler));
  }
  void close() {
    error_code ignored;
    plain.close(ignored);
  }

  /// Runs what was started until it ends, or until nothing happens for that long.
  void run(std::chrono::seconds patience) {
    touch(patience);
    loop.restart();
    loop.run();
  }
  void touch(std::chrono::seconds patience) {
    idle.expires_after(patience);
    idle.async_wait([this](error_code ec) {
      if (ec) return;
      timed_out = true;
      close();
    });
  }

  asio::io_context loop{1};
  asio::ssl::context context;
  tcp::socket plain;
  std::optional<asio::ssl::stream<tcp::socket&>> secure;
  asio::steady_timer idle;
  bool timed_out = false;
};

/// One request under way: writing and reading go on side by side until the answer is whole.
struct Connection::Exchange {
  Exchange(Wire& the_wire, const HttpRequest& the_request, std::chrono::seconds the_patience)
      : wire(the_wire), request(the_request), patience(the_patience), body(request.body) {
    parser.body_limit(std::numeric_limits<uint64_t>::max());
    parser.eager(true);
  }

  void write() {
    const std::array<asio::const_buffer, 2> left{
        sent < head.size() ? asio::buffer(head.data() + sent, head.size() - sent)
                           : asio::const_buffer{},
        sent < head.size() ? asio::buffer(body) : asio::buffer(body.substr(sent - head.size()))};
    wire.write_some(left, [this](error_code ec, size_t bytes) {
      // A failed write is not the end: the server may have refused early, and said why.
      if (ec) return;
      sent += bytes;
      written = sent == head.size() + body.size();
      if (done) return;
      wire.touch(patience);
      if (!written) write();
    });
  }

  void read() {
    wire.read_some(buffer.prepare(read_piece_bytes), [this](error_code ec, size_t bytes) {
      if (ec) return finish(ec);
      heard = true;
      wire.touch(patience);
      buffer.commit(bytes);
      error_code parse_error;
      while (buffer.size() > 0 && !parser.is_done()) {
        const size_t used = parser.put(buffer.data(), parse_error);
        if (parse_error == http::error::need_more) {
          parse_error = {};
          buffer.consume(used);
          break;
        }
        if (parse_error) return finish(parse_error);
        buffer.consume(used);
      }
      hand_on();
      if (parser.is_done()) return finish({});
      read();
    });
  }

  /// Empties what arrived of the body into the sink.
  void hand_on() {
    if (!request.sink || !parser.is_header_done() || parser.get().result_int() >= 400) return;
    std::string& arrived = parser.get().body();
    if (!arrived.empty()) request.sink(arrived);
    arrived.clear();
  }

  void finish(error_code ec) {
    error = ec;
    done = true;
    wire.idle.cancel();
    if (!written || ec || parser.need_eof()) wire.close();
  }

  Wire& wire;
  const HttpRequest& request;
  std::chrono::seconds patience;
  std::string head;
  std::string_view body;
  size_t sent = 0;
  bool written = false;
  bool heard = false;  // a byte of the answer arrived
  bool done = false;
  error_code error;
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
};

std::string Endpoint::host_field() const {
  const std::string bare = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? "443" : "80") ? bare : bare + ":" + port;
}

Endpoint parse_endpoint(std::string_view url) {
  const auto refuse = [&]() -> Failure {
    return Failure("'" + std::string(url) + "' is not a server address; it should look like " +
                   "http://127.0.0.1:8080");
  };
  Endpoint endpoint;
  std::string_view rest = url;
  if (rest.substr(0, 7) == "http://") {
    rest.remove_prefix(7);
  } else if (rest.substr(0, 8) == "https://") {
    rest.remove_prefix(8);
    endpoint.tls = true;
  } else {
    throw refuse();
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    endpoint.prefix = rest.substr(slash);
    while (endpoint.prefix.size() > 0 && endpoint.prefix.back() == '/') endpoint.prefix.pop_back();
    rest = rest.substr(0, slash);
  }
  size_t host_end = rest.rfind(':');
  if (!rest.empty() && rest[0] == '[') {
    const size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) throw refuse();
    endpoint.host = rest.substr(1, bracket - 1);
    host_end = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
  } else {
    endpoint.host = rest.substr(0, host_end);
  }
  endpoint.port = endpoint.tls ? "443" : "80";
  if (host_end != std::string_view::npos) {
    if (rest[host_end] != ':') throw refuse();
    endpoint.port = rest.substr(host_end + 1);
  }
  const bool digits = endpoint.port.find_first_not_of("0123456789") == std::string::npos;
  if (endpoint.host.empty() || endpoint.port.empty() || !digits) throw refuse();
  if (endpoint.host.find_first_of(" @?#\t") != std::string::npos) throw refuse();
  return endpoint;
}

std::string_view HttpAnswer::field(const std::string& lower_case_name) const {
  const auto found = fields.find(lower_case_name);
  return found == fields.end() ? std::string_view{} : std::string_view(found->second);
}

Connection::Connection(Endpoint endpoint, std::chrono::seconds patience)
    : endpoint_(std::move(endpoint)), patience_(patience) {}
Connection::~Connection() = default;

void Connection::connect() {
  wire_ = std::make_unique<Wire>(endpoint_.tls);
  Wire& wire = *wire_;
  error_code error;
  tcp::resolver resolver(wire.loop);
  const auto found = resolver.resolve(endpoint_.host, endpoint_.port, error);
  if (error) {
    wire_.reset();
    throw ConnectionLost("There is no host '" + endpoint_.host + "' (" + error.message() + ").");
  }
  const auto stop = [&wire, &error](error_code ec) {
    error = ec;
    wire.idle.cancel();
  };
  asio::async_connect(wire.plain, found, [&](error_code ec, const tcp::endpoint&) {
    if (ec) return stop(ec);
    wire.plain.set_option(tcp::no_delay(true), ec);
    if (!wire.secure) return stop({});
    wire.secure->set_verify_callback(asio::ssl::host_name_verification(endpoint_.host));
    SSL_set_tlsext_host_name(wire.secure->native_handle(), endpoint_.host.c_str());
    wire.secure->async_handshake(asio::ssl::stream_base::client, stop);
  });
  wire.run(patience_);
  if (!error) return;
  const std::string why = wire.timed_out ? "no answer in time" : error.message();
  wire_.reset();
  throw ConnectionLost("Cannot reach the server at " + endpoint_.host_field() + " (" + why +
                       "). Is suppressd running there?");
}

HttpAnswer Connection::exchange(const HttpRequest& request) {
  const bool reused = wire_ != nullptr;
  bool heard = false;
  try {
    return exchange_once(request, heard);
  } catch (const ConnectionLost&) {
    if (!reused || heard) throw;
  }
  return exchange_once(request, heard);
}

HttpAnswer Connection::exchange_once(const HttpRequest& request, bool& heard) {
  if (!wire_) connect();
  Exchange exchange(*wire_, request, patience_);
  exchange.head.append(request.method).append(" ").append(endpoint_.prefix);
  exchange.head.append(request.target).append(" HTTP/1.1\r\nHost: ");
  exchange.head.append(endpoint_.host_field()).append("\r\n");
  for (const auto& [name, value] : request.fields)
    exchange.head.append(name).append(": ").append(value).append("\r\n");
  if (request.method != "GET" || !request.body.empty())
    exchange.head.append("Content-Length: " + std::to_string(request.body.size()) + "\r\n");
  exchange.head.append("\r\n");
  exchange.write();
  exchange.read();
  try {
    wire_->run(patience_);
  } catch (...) {  // of the sink: what is still to come is nobody's
    wire_.reset();
    throw;
  }

  heard = exchange.heard;
  const bool timed_out = wire_->timed_out;
  auto& parser = exchange.parser;
  const bool whole = !exchange.error && parser.is_done() && !parser.need_eof();
  if (!whole || !exchange.written || !parser.keep_alive()) wire_.reset();
  if (timed_out)
    throw ConnectionLost("The server did not answer for " + std::to_string(patience_.count()) +
                         " seconds.");
  if (!whole)
    throw ConnectionLost("The connection to the server broke before a whole answer came.");
  HttpAnswer answer;
  answer.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    answer.fields[std::move(name)] = std::string(field.value());
  }
  answer.body = std::move(parser.get().body());
  return answer;
}

}  // namespace suppressctl
