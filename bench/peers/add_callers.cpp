#include "bench/peers/add_callers.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "bench/peers/child.hpp"

namespace suppressd::bench {
namespace {

using Clock = std::chrono::steady_clock;

class Callers {
 public:
  Callers(uint16_t port, const std::string& key, const std::string& account, unsigned callers)
      : head_("POST /v1/accounts/" + account + "/suppressions HTTP/1.1\r\nHost: localhost\r\n" +
              "Authorization: Bearer " + key +
              "\r\nContent-Type: application/json\r\nContent-Length: "),
        poll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < callers; ++i) {
      sockets_.push_back(connect_to(port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = sockets_.back();
      epoll_ctl(poll_, EPOLL_CTL_ADD, sockets_.back(), &event);
    }
  }
  ~Callers() {
    for (const int socket : sockets_) close(socket);
    close(poll_);
  }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  AddedOnes run(double seconds, uint64_t first) {
    next_ = first;
    AddedOnes added;
    const auto begin = Clock::now();
    for (const int socket : sockets_) send(socket);
    for (size_t waiting = sockets_.size(); waiting != 0;) {
      std::array<epoll_event, 64> events;
      const int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (ready <= 0) throw std::runtime_error("the server does not answer");
      added.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      for (int i = 0; i < ready; ++i) {
        receive(events[static_cast<size_t>(i)].data.fd);
        ++added.adds;
        if (added.seconds < seconds) {
          send(events[static_cast<size_t>(i)].data.fd);
        } else {
          --waiting;
        }
      }
    }
    return added;
  }

 private:
  void send(int socket) {
    const std::string number = std::to_string(next_++);
    const std::string body =
        R"({"address":"single.)" + number + R"(@example.com","reason":"unsubscribe"})";
    request_ = head_ + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto size = static_cast<ssize_t>(request_.size());
    if (::send(socket, request_.data(), request_.size(), MSG_NOSIGNAL) != size) {
      throw std::runtime_error("the server closed a connection");
    }
  }

  static void receive(int socket) {
    std::array<char, 4096> buffer;
    std::string_view answer;
    while (!answer.ends_with('}') && !answer.ends_with("}\n")) {
      const size_t size = answer.size();
      const ssize_t count = recv(socket, buffer.data() + size, buffer.size() - size, 0);
      if (count <= 0) throw std::runtime_error("the server closed a connection");
      answer = {buffer.data(), size + static_cast<size_t>(count)};
    }
    if (!answer.starts_with("HTTP/1.1 200") ||
        answer.find("\"added\":1,") == std::string_view::npos) {
      throw std::runtime_error("an add was answered " + std::string(answer.substr(0, 64)));
    }
  }

  const std::string head_;
  const int poll_;
  std::vector<int> sockets_;
  std::string request_;
  uint64_t next_ = 0;
};

}  // namespace

AddedOnes add_singly(uint16_t port, const std::string& key, const std::string& account,
                     unsigned callers, double seconds, uint64_t first) {
  return Callers(port, key, account, callers).run(seconds, first);
}

}  // namespace suppressd::bench
