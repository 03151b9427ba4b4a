// Runs the tools as people do: as programs, with arguments, an environment, input and output.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tools_tests {

/// A folder of its own, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view content) const;
  std::string read(std::string_view name) const;
  bool has(std::string_view name) const { return std::filesystem::exists(path_ / name); }

 private:
  std::filesystem::path path_;
};

using Environment = std::map<std::string, std::string>;

struct Finished {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};

/// A program under way. Its environment holds PATH and what is given, nothing else.
class Program {
 public:
  Program(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
          const Environment& environment, std::string_view input = "");
  /// Kills it when it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Finished wait();
  void signal(int number) const;
  bool running();
  /// Of standard output, so far.
  size_t output_size() const { return std::filesystem::file_size(out_path_); }

 private:
  std::string out_path_, err_path_;
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

/// Tries until the condition holds; fails the test after a minute.
void wait_until(const char* what, const std::function<bool()>& condition);

/// Random tests: SUPPRESSD_SEED, else a fresh one; printed on failure by the caller's INFO.
unsigned long long test_seed();

}  // namespace tools_tests
