// Servers started for a comparison: each a child process with a directory of its own, ended and
// cleaned up whatever happens, and asked how much CPU it used.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace suppressd::bench {

/// A fresh directory under the system's temporary one, removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();  // throws std::runtime_error
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Child {
 public:
  /// Starts the program with stdout and stderr in `log`. Throws std::runtime_error. The kernel ends
  /// the child should this process die first.
  Child(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~Child();  // SIGTERM, then waits
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  /// Sends the signal and waits for the end; returns the exit status, 128 + signal when killed.
  int end(int signal);
  /// User and system time of all its threads so far, in steps of a clock tick (10 ms).
  double cpu_seconds() const;
  uint64_t resident_bytes() const;
  /// The most that was resident so far.
  uint64_t peak_resident_bytes() const;

 private:
  pid_t pid_;
};

/// A TCP port of 127.0.0.1 that was free a moment ago.
uint16_t free_port();
/// A connected socket that sends at once what it is given. Throws std::runtime_error.
int connect_to(uint16_t port);

}  // namespace suppressd::bench
