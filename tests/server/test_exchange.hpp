// Exchanges of known behaviour, chosen by path, for tests of the session; and a listener around
// them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "server/listener.hpp"

namespace suppressd::test {

/// Wakes that exchanges asked for, so that a test can give them from its own thread.
class Wakes {
 public:
  void add(Wake wake) {
    std::lock_guard lock(mutex_);
    wakes_.push_back(std::move(wake));
    changed_.notify_all();
  }
  Wake take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !wakes_.empty(); });
    Wake wake = std::move(wakes_.front());
    wakes_.pop_front();
    return wake;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Wake> wakes_;
};

struct Observed {
  Wakes wakes;
  std::atomic<uint64_t> body_bytes{0};      // given to exchanges
  std::atomic<uint64_t> largest_answer{0};  // bytes waiting in an Answer when a body piece came
  std::atomic<uint64_t> exchanges_alive{0};
};

/// Path → behaviour:
///   /echo      the whole body, after its end        /stream   the body, as it comes
///   /ignore    answers at once, wants no body       /early    403 at the first body bytes
///   /big       query-many bytes, after the end      /wait     waits once, after the end
///   /wait-body waits once at the first body bytes   /broken   query-many bytes, then breaks off
///   /throw     throws in on_body                    /hold     keeps the body (buffered_bytes)
///   /flood-wait   query-many bytes at the first body bytes, then waits
///   /woken-first  wakes when it is made, waits after the end
///   anything else: 404
class TestExchange : public Exchange {
 public:
  TestExchange(const RequestHead& head, Wake wake, Observed& observed)
      : path_(head.path), wake_(std::move(wake)), observed_(observed) {
    if (!head.query.empty()) bytes_ = std::stoull(head.query);
    ++observed_.exchanges_alive;
    if (path_ == "/woken-first") wake_();
  }
  ~TestExchange() override { --observed_.exchanges_alive; }

  bool wants_body() const override { return path_ != "/ignore" && path_ != "/nowhere"; }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    observed_.body_bytes += bytes.size();
    if (answer.body.size() > observed_.largest_answer)
      observed_.largest_answer = answer.body.size();
    if (path_ == "/throw") throw std::runtime_error("thrown by a test");
    if (path_ == "/stream") answer.body.append(bytes);
    if (path_ == "/echo" || path_ == "/hold" || path_ == "/wait-body") kept_.append(bytes);
    if (path_ == "/early") {
      answer.status = 403;
      answer.body = "refused early";
      return Progress::done;
    }
    if (path_ == "/flood-wait") answer.body.assign(bytes_, 'f');
    if ((path_ == "/wait-body" || path_ == "/flood-wait") && !waited_) return wait();
    return Progress::more;
  }

  Progress on_end(Answer& answer) override {
    answer.fields.emplace_back("Content-Type", "text/plain");
    if (path_ == "/wait") return wait();
    if (path_ == "/woken-first") return Progress::wait;
    if (path_ == "/echo" || path_ == "/wait-body") answer.body = std::move(kept_);
    if (path_ == "/ignore") answer.body = "ignored";
    if (path_ == "/big" || path_ == "/broken") answer.body.assign(bytes_, 'b');
    if (path_ == "/hold") answer.body = std::to_string(kept_.size());
    if (path_ == "/broken") return Progress::broken;
    return Progress::done;
  }

  Progress on_wake(Answer& answer) override {
    if (path_ == "/wait-body") return Progress::more;
    answer.body = "woken";
    return Progress::done;
  }

  std::string_view route() const override { return "/test"; }
  uint64_t buffered_bytes() const override { return kept_.size(); }

 private:
  Progress wait() {
    waited_ = true;
    observed_.wakes.add(wake_);
    return Progress::wait;
  }

  std::string path_;
  uint64_t bytes_ = 0;
  Wake wake_;
  Observed& observed_;
  std::string kept_;
  bool waited_ = false;
};

struct TestServer {
  Observed observed;
  Metrics metrics;
  Listener listener;

  explicit TestServer(const Listener::Options& options = {},
                      std::shared_ptr<boost::asio::ssl::context> tls = nullptr)
      : listener(options, std::move(tls), metrics, [this](ThreadCounters&) -> Handler {
          return [this](const RequestHead& head, Wake wake) -> std::unique_ptr<Exchange> {
            return std::make_unique<TestExchange>(head, std::move(wake), observed);
          };
        }) {
    listener.start();
  }
  uint16_t port() const { return listener.port(); }
};

}  // namespace suppressd::test
