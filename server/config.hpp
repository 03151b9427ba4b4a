// Where each option's value comes from: flag > environment > file > default. Unknown keys are
// errors.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/options.hpp"

namespace suppressd {

/// what() is a sentence for the operator that names the option, the value and where it stands.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Configuration {
  enum class Command : uint8_t {
    serve,
    print,  // --help, --version, config: print `text`, end with 0
  };
  Command command = Command::serve;
  std::string text;
  Options options;
  /// One for each of option_rows(): "default", "flag", "environment SUPPRESSD_LISTEN",
  /// "suppressd.toml:3".
  std::vector<std::string> sources;
};

/// Null when the variable is not set; std::getenv, or a test's own.
using Environment = std::function<const char*(const char* name)>;

/// `arguments` without the program's name. Throws ConfigError.
Configuration read_configuration(const std::vector<std::string>& arguments,
                                 const Environment& environment);

/// The rules between options; throws ConfigError. (Reading does this too, for `serve`.)
void check_together(const Options& options);

}  // namespace suppressd
