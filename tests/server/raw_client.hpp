// A client that sends exactly the bytes it is told to, for tests of framing, timing and broken
// answers. Blocking, with a long time limit so that a hanging test fails instead.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace suppressd::test {

struct RawAnswer {
  int status = 0;
  std::string head;  // status line and fields
  std::string body;  // unchunked
  bool whole =
      false;  // by Content-Length or the last chunk; until close: the connection ended well

  bool has(std::string_view text) const { return head.find(text) != head.npos; }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer_bytes > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server has closed or reset.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (const char& byte : bytes) send({&byte, 1});
  }
  void finish_sending() { shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// The next answer, interim ones included.
  RawAnswer read_answer(bool head_only = false) {
    RawAnswer answer;
    while (answer.head.empty()) {
      if (size_t end = in_.find("\r\n\r\n"); end != in_.npos) {
        answer.head = in_.substr(0, end + 2);
        in_.erase(0, end + 4);
      } else if (!receive()) {
        return answer;
      }
    }
    answer.status = std::stoi(answer.head.substr(9, 3));
    if (head_only || answer.status < 200 || answer.status == 204) {
      answer.whole = true;
    } else if (size_t at = answer.head.find("Content-Length: "); at != answer.head.npos) {
      read_length(answer, std::stoull(answer.head.substr(at + 16)));
    } else if (answer.has("Transfer-Encoding: chunked")) {
      read_chunks(answer);
    } else {
      while (receive()) {
      }
      answer.body.swap(in_);
      answer.whole = !was_reset_;
    }
    return answer;
  }

  /// True when the server closes without sending any more.
  bool closed_by_server() { return in_.empty() && !receive(); }
  bool was_reset() const { return was_reset_; }
  int descriptor() const { return socket_; }

 private:
  bool receive() {
    char bytes[65536];
    const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) throw std::runtime_error("the server sends nothing");
    if (got < 0) was_reset_ = true;
    if (got <= 0) return false;
    in_.append(bytes, static_cast<size_t>(got));
    return true;
  }
  void read_length(RawAnswer& answer, size_t length) {
    while (in_.size() < length && receive()) {
    }
    answer.whole = in_.size() >= length;
    answer.body = in_.substr(0, length);
    in_.erase(0, length);
  }
  void read_chunks(RawAnswer& answer) {
    while (true) {
      size_t line = in_.find("\r\n");
      if (line == in_.npos) {
        if (!receive()) return;
        continue;
      }
      const size_t size = std::stoul(in_.substr(0, line), nullptr, 16);
      while (in_.size() < line + 2 + size + 2) {
        if (!receive()) return;
      }
      answer.body.append(in_, line + 2, size);
      in_.erase(0, line + 2 + size + 2);
      if (size == 0) {
        answer.whole = true;
        return;
      }
    }
  }

  int socket_;
  std::string in_;
  bool was_reset_ = false;
};

}  // namespace suppressd::test
