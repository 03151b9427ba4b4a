#include "tests/tools/real_server.hpp"

#include <signal.h>

#include <catch2/catch.hpp>

namespace tools_tests {

void RealServer::start() {
  std::filesystem::remove(folder.path("port"));
  program_.emplace(
      folder,
      std::vector<std::string>{SUPPRESSD_BINARY, "--data-dir", folder.path("data"), "--listen",
                               "127.0.0.1:" + port_, "--port-file", folder.path("port")},
      Environment{{"HOME", folder.path("home")}});
  wait_until("the server's port", [this] {
    REQUIRE(program_->running());
    return folder.has("port") && !folder.read("port").empty();
  });
  port_ = folder.read("port");
  port_.erase(port_.find_last_not_of("\r\n") + 1);
  wait_until("readiness", [this] {
    REQUIRE(program_->running());
    return ctl({"status", "--quiet"}).exit_code == 0;
  });
}

void RealServer::kill_9() {
  program_->signal(SIGKILL);
  program_->wait();
}

int RealServer::stop() {
  program_->signal(SIGTERM);
  return program_->wait().exit_code;
}

std::vector<std::string> RealServer::ctl_command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{SUPPRESSCTL_BINARY, "--server", url()};
  if (folder.has("data/admin.key"))
    command.insert(command.end(), {"--key-file", folder.path("data/admin.key")});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Environment RealServer::ctl_environment() const {
  return {{"XDG_STATE_HOME", folder.path("state")}, {"SUPPRESSCTL_ACCOUNT", "demo"}};
}

Finished RealServer::ctl(const std::vector<std::string>& arguments, std::string_view input) {
  return begin_ctl(arguments, input)->wait();
}

std::unique_ptr<Program> RealServer::begin_ctl(const std::vector<std::string>& arguments,
                                               std::string_view input) {
  return std::make_unique<Program>(folder, ctl_command(arguments), ctl_environment(), input);
}

ServerWithAccount::ServerWithAccount() {
  const Finished created = ctl({"accounts", "create", "demo", "--name", "Demo", "--region", "UA"});
  INFO(created.err);
  REQUIRE(created.exit_code == 0);
}

nlohmann::json ServerWithAccount::json(std::vector<std::string> arguments, std::string_view input) {
  arguments.push_back("--json");
  const Finished done = ctl(arguments, input);
  INFO(done.out << done.err);
  REQUIRE(done.exit_code == 0);
  return nlohmann::json::parse(done.out);
}

std::string ServerWithAccount::generated(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), MAKE_RECIPIENTS_BINARY);
  return Program(folder, arguments, {}).wait().out;
}

}  // namespace tools_tests
