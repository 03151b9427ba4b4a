#include "tests/tools/stub_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace tools_tests {
namespace {

/// False at the end of the connection.
bool read_more(int socket, std::string& buffer) {
  char piece[65536];
  const ssize_t n = ::recv(socket, piece, sizeof piece, 0);
  if (n <= 0) return false;
  buffer.append(piece, static_cast<size_t>(n));
  return true;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

StubRequest parse_head(std::string_view head) {
  StubRequest request;
  const size_t first = head.find(' ');
  const size_t second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.target = head.substr(first + 1, second - first - 1);
  size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, end - at);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) break;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    request.fields[name] = line.substr(colon + 2);
    at = end + 2;
  }
  return request;
}

}  // namespace

StubAnswer answer_with(int status, const std::string& body, const std::string& type,
                       const std::string& more_fields) {
  return {"HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: " + type +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more_fields + "\r\n" +
              body,
          false};
}

StubServer::StubServer(Handler handler, RawHandler raw)
    : handler_(std::move(handler)), raw_(std::move(raw)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, where, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, where, &size) != 0)
    throw std::runtime_error("the stub cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

StubServer::~StubServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();
  threads.swap(threads_);
  for (auto& thread : threads) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::vector<StubRequest> StubServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int StubServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(sockets_.size());
}

void StubServer::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_ || socket < 0) {
      if (socket >= 0) ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void StubServer::serve(int socket) {
  std::string buffer;
  while (true) {
    size_t head_end;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!read_more(socket, buffer)) return;
    StubRequest request = parse_head(std::string_view(buffer).substr(0, head_end + 2));
    buffer.erase(0, head_end + 4);
    if (raw_) {
      request.body = buffer;
      raw_(socket, request);
      ::shutdown(socket, SHUT_RDWR);
      return;
    }
    const auto length = request.fields.find("content-length");
    const size_t body_size = length == request.fields.end() ? 0 : std::stoul(length->second);
    while (buffer.size() < body_size)
      if (!read_more(socket, buffer)) return;
    request.body = buffer.substr(0, body_size);
    buffer.erase(0, body_size);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const StubAnswer answer = handler_(request);
    if (!send_all(socket, answer.bytes) || answer.bytes.empty() || answer.close_after) {
      ::shutdown(socket, SHUT_RDWR);
      return;
    }
  }
}

StubAnswer judge(const StubRequest& request) {
  std::string bits;
  std::string results;
  size_t rows = 0, suppressed = 0, invalid = 0;
  std::string_view body = request.body;
  for (; !body.empty(); ++rows) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(line.size() + 1);
    if (rows % 8 == 0) bits += '\0';
    const bool block = line.find("blocked") != std::string_view::npos;
    const bool bad = line.find('@') == std::string_view::npos && !line.starts_with('+');
    if (!block && !bad) continue;
    bits.back() = static_cast<char>(bits.back() | 1 << (rows % 8));
    results += "{\"index\":" + std::to_string(rows) +
               (bad ? R"(,"verdict":"invalid","error":"no_at_sign"})"
                    : R"(,"verdict":"suppressed","reason":"complaint","scope":"account"})") +
               "\n";
    (bad ? invalid : suppressed) += 1;
  }
  if (request.fields.at("accept") == "application/octet-stream")
    return answer_with(200, bits, "application/octet-stream");
  results += "{\"summary\":{\"sequence\":1,\"checked\":" + std::to_string(rows) +
             ",\"clear\":" + std::to_string(rows - suppressed - invalid) +
             ",\"suppressed\":" + std::to_string(suppressed) +
             ",\"invalid\":" + std::to_string(invalid) + "}}\n";
  return answer_with(200, results, "application/x-ndjson");
}

}  // namespace tools_tests
