// The real suppressd on a port of its own, with a data directory that outlives a kill.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/tools/program.hpp"

namespace tools_tests {

class RealServer {
 public:
  RealServer() { start(); }

  /// Starts it and waits until it is ready.
  void start();
  void kill_9();
  /// SIGTERM; returns its exit code.
  int stop();
  bool running() { return program_ && program_->running(); }

  /// Runs suppressctl against it with the first admin key and account "demo".
  Finished ctl(const std::vector<std::string>& arguments, std::string_view input = "");
  /// The same, not waited for.
  std::unique_ptr<Program> begin_ctl(const std::vector<std::string>& arguments,
                                     std::string_view input = "");

  std::string url() const { return "http://127.0.0.1:" + port_; }

  TemporaryFolder folder;

 private:
  std::vector<std::string> ctl_command(const std::vector<std::string>& arguments) const;
  Environment ctl_environment() const;

  std::optional<Program> program_;
  std::string port_ = "0";  // a restart listens where an interrupted import looks for it
};

/// With account "demo", whose phones are Ukrainian.
struct ServerWithAccount : RealServer {
  ServerWithAccount();
  /// What a command that must succeed writes with --json.
  nlohmann::json json(std::vector<std::string> arguments, std::string_view input = "");
  /// What make_recipients writes.
  std::string generated(std::vector<std::string> arguments) const;
};

}  // namespace tools_tests
