#include "tests/tools/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <thread>

namespace tools_tests {
namespace {

constexpr std::chrono::seconds patience{60};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tools_tests.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(std::string_view name, std::string_view content) const {
  const std::string where = path(name);
  std::ofstream(where, std::ios::binary) << content;
  return where;
}

std::string TemporaryFolder::read(std::string_view name) const {
  return content_of(path(name));
}

Program::Program(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                 const Environment& environment, std::string_view input) {
  static std::atomic<int> number{0};
  const std::string name = "program" + std::to_string(number++);
  out_path_ = folder.path(name + ".out");
  err_path_ = folder.path(name + ".err");
  const std::string in_path = folder.write(name + ".in", input);
  std::vector<std::string> argument_texts = arguments;
  std::vector<std::string> variables{"PATH=/usr/bin:/bin"};
  for (const auto& [key, value] : environment) variables.push_back(key + "=" + value);
  const auto argument_pointers = pointers(argument_texts);
  const auto variable_pointers = pointers(variables);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  // In the child: only calls that are safe after fork.
  const int in = ::open(in_path.c_str(), O_RDONLY);
  const int out = ::open(out_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = ::open(err_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::execve(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
  ::_exit(127);
}

Program::~Program() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
}

Finished Program::wait() {
  if (!ended_) ::waitpid(pid_, &status_, 0);
  ended_ = true;
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {code, content_of(out_path_), content_of(err_path_)};
}

void Program::signal(int number) const {
  ::kill(pid_, number);
}

bool Program::running() {
  if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return !ended_;
}

void wait_until(const char* what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    INFO("waiting for: " << what);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

unsigned long long test_seed() {
  const char* given = std::getenv("SUPPRESSD_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace tools_tests
