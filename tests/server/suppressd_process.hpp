// The real program as a process of its own, for tests that signal, end or kill it.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/raw_client.hpp"

namespace suppressd::test {

namespace fs = std::filesystem;

struct TemporaryDirectory {
  fs::path path;
  TemporaryDirectory() {
    std::string pattern = fs::temp_directory_path() / "suppressd-process-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

inline std::string read_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

template <class Condition>
void eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) FAIL("what was waited for does not happen");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// A running suppressd on a port of its own; its output goes to files.
class Process {
 public:
  Process(const fs::path& scratch, std::vector<std::string> arguments, bool serves = true)
      : out_(scratch / "stdout"), err_(scratch / "stderr"), port_file_(scratch / "port") {
    fs::remove(port_file_);
    arguments.insert(arguments.begin(), SUPPRESSD_BINARY);
    if (serves) {
      for (const char* more : {"--listen", "127.0.0.1:0", "--port-file"}) arguments.push_back(more);
      arguments.push_back(port_file_);
    }
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&files, 1, out_.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err_.c_str(), flags, 0600);
    const int failed = posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    REQUIRE(failed == 0);
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) { kill(pid_, number); }
  /// The exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  uint16_t port() {
    eventually([&] { return !read_file(port_file_).empty() || ended(); });
    INFO(errors());
    const std::string text = read_file(port_file_);
    REQUIRE_FALSE(text.empty());
    return static_cast<uint16_t>(std::stoi(text));
  }
  void wait_until_ready() {
    const uint16_t at = port();
    eventually([&] {
      RawClient client(at);
      client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
      return client.read_answer().status == 200;
    });
  }
  std::string output() const { return read_file(out_); }
  std::string errors() const { return read_file(err_); }

 private:
  bool ended() {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
  }

  fs::path out_, err_, port_file_;
  pid_t pid_ = -1;
};

}  // namespace suppressd::test
