// One GET over HTTPS, for certificates and confirmations of SNS (sns_client.hpp).
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "server/log.hpp"
#include "server/sns_client.hpp"

namespace suppressd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

/// A walk of callbacks, each begun by the one before; `done` stays false when one failed or the
/// time was over.
class Fetch {
 public:
  Fetch(asio::io_context& context, asio::ssl::context& tls, std::string host, std::string target)
      : host_(std::move(host)), resolver_(context), stream_(context, tls) {
    request_.version(11);
    request_.method(http::verb::get);
    request_.target(target);
    request_.set(http::field::host, host_);
    request_.set(http::field::user_agent, "suppressd/" SUPPRESSD_VERSION);
    parser_.body_limit(fetched_octets_max);
    parser_.header_limit(fetched_octets_max / 4);
  }

  void begin() {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification(host_));
    if (SSL_set_tlsext_host_name(stream_.native_handle(), host_.c_str()) != 1) return;
    resolver_.async_resolve(host_, "443", [this](error_code error, auto endpoints) {
      if (error) return;
      beast::get_lowest_layer(stream_).async_connect(
          endpoints, [this](error_code failed, const tcp::endpoint&) { connected(failed); });
    });
  }

  bool done = false;
  http::response<http::string_body> take() { return parser_.release(); }

 private:
  void connected(error_code error) {
    if (error) return;
    stream_.async_handshake(asio::ssl::stream_base::client, [this](error_code failed) {
      if (failed) return;
      http::async_write(stream_, request_, [this](error_code broken, size_t) {
        if (broken) return;
        http::async_read(stream_, buffer_, parser_,
                         [this](error_code ended, size_t) { done = !ended; });
      });
    });
  }

  const std::string host_;
  tcp::resolver resolver_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  http::request<http::empty_body> request_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
};

}  // namespace

std::optional<std::string> fetch_over_https(const std::string& url) {
  constexpr std::string_view scheme = "https://";
  if (!std::string_view(url).starts_with(scheme)) return std::nullopt;
  const size_t slash = std::min(url.find('/', scheme.size()), url.size());
  const std::string host = url.substr(scheme.size(), slash - scheme.size());
  const std::string target = slash == url.size() ? "/" : url.substr(slash);
  try {
    asio::io_context context;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls.set_default_verify_paths();
    Fetch fetch(context, tls, host, target);
    fetch.begin();
    context.run_for(fetch_deadline);
    if (fetch.done) {
      http::response<http::string_body> answer = fetch.take();
      if (answer.result() == http::status::ok) return std::move(answer.body());
      log(LogLevel::warning, "a fetch for a webhook was refused",
          {{"host", host}, {"status", answer.result_int()}});
      return std::nullopt;
    }
  } catch (const std::exception&) {
    // Told below, as what did not come in time is.
  }
  log(LogLevel::warning, "a fetch for a webhook failed", {{"host", host}});
  return std::nullopt;
}

}  // namespace suppressd
