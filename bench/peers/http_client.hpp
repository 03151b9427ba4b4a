// The load client of the comparison: one connection, one request at a time, kept alive. It knows
// just enough HTTP/1.1 for our own server on loopback.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace suppressd::bench {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

class HttpClient {
 public:
  /// `key` goes into Authorization; empty for none. Throws std::runtime_error when nobody listens.
  HttpClient(uint16_t port, std::string key);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Throws std::runtime_error when the connection or the framing breaks.
  HttpAnswer request(std::string_view method, std::string_view target,
                     std::string_view content_type, std::string_view body,
                     std::string_view accept = "application/json");

 private:
  void send_all(std::string_view bytes);
  void receive_more();
  std::string take(size_t count);
  std::string take_line();

  int socket_;
  std::string key_;
  std::string received_;
  size_t taken_ = 0;
};

}  // namespace suppressd::bench
