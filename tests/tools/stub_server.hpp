// A server whose every answer the test decides, down to the bytes: for the ways a real one fails.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tools_tests {

struct StubRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
};

struct StubAnswer {
  std::string bytes;  // the whole answer as sent; empty: close without a word
  bool close_after = false;
};

/// An answer with this status, body and type.
StubAnswer answer_with(int status, const std::string& body, const std::string& type,
                       const std::string& more_fields = "");

class StubServer {
 public:
  using Handler = std::function<StubAnswer(const StubRequest&)>;
  /// Takes over a connection after the head was read: for what is about timing.
  using RawHandler = std::function<void(int socket, const StubRequest& head)>;

  explicit StubServer(Handler handler, RawHandler raw = nullptr);
  ~StubServer();
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<StubRequest> requests() const;
  int connections() const;

 private:
  void accept_all();
  void serve(int socket);

  Handler handler_;
  RawHandler raw_;
  int listener_;
  int port_;
  mutable std::mutex mutex_;
  std::vector<StubRequest> requests_;  // guarded by mutex_
  std::vector<int> sockets_;           // guarded by mutex_
  std::vector<std::thread> threads_;   // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
  std::thread acceptor_;
};

/// Judges as a stand-in for the check: a line that holds "blocked" is suppressed, one without '@'
/// that does not begin with '+' is invalid, others are clear. Answers as Accept asks.
StubAnswer judge(const StubRequest& request);

}  // namespace tools_tests
