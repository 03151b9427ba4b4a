#include "bench/peers/http_client.hpp"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "bench/peers/child.hpp"

namespace suppressd::bench {
namespace {

bool is_field(const std::string& line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         strncasecmp(line.data(), name.data(), name.size()) == 0;
}

}  // namespace

HttpClient::HttpClient(uint16_t port, std::string key)
    : socket_(connect_to(port)), key_(std::move(key)) {}

HttpClient::~HttpClient() {
  close(socket_);
}

void HttpClient::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the server closed the connection");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void HttpClient::receive_more() {
  char buffer[65536];
  const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
  if (count <= 0) throw std::runtime_error("the server's answer broke off");
  received_.append(buffer, static_cast<size_t>(count));
}

std::string HttpClient::take(size_t count) {
  while (received_.size() - taken_ < count) receive_more();
  std::string part = received_.substr(taken_, count);
  taken_ += count;
  return part;
}

std::string HttpClient::take_line() {
  size_t end;
  while ((end = received_.find("\r\n", taken_)) == std::string::npos) receive_more();
  std::string line = received_.substr(taken_, end - taken_);
  taken_ = end + 2;
  return line;
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target,
                               std::string_view content_type, std::string_view body,
                               std::string_view accept) {
  std::string head;
  head.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!key_.empty()) head.append("Authorization: Bearer ").append(key_).append("\r\n");
  head.append("Accept: ").append(accept).append("\r\n");
  if (!content_type.empty()) head.append("Content-Type: ").append(content_type).append("\r\n");
  head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  send_all(head);
  send_all(body);

  received_.erase(0, taken_);
  taken_ = 0;
  HttpAnswer answer;
  answer.status = std::atoi(take_line().substr(sizeof "HTTP/1.1").c_str());
  size_t length = 0;
  bool chunked = false;
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    if (is_field(line, "Content-Length")) length = std::strtoull(&line[15], nullptr, 10);
    chunked = chunked || is_field(line, "Transfer-Encoding");
  }
  if (!chunked) {
    answer.body = take(length);
    return answer;
  }
  while ((length = std::strtoull(take_line().c_str(), nullptr, 16)) > 0) {
    answer.body += take(length);
    take_line();
  }
  take_line();
  return answer;
}

}  // namespace suppressd::bench
