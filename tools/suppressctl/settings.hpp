// Where the server is and who we are: flag > environment > configuration file > default.
//
// The file is $XDG_CONFIG_HOME/suppressctl.toml, else ~/.config/suppressctl.toml, with the strings
// `server`, `key` and `account`; anything else in it is an error, so that a misspelled name is not
// silently without effect.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace suppressctl {

/// What was said on the command line.
struct Flags {
  std::optional<std::string> server;
  std::optional<std::string> key;
  std::optional<std::string> key_file;
  std::optional<std::string> account;
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  unsigned timeout_seconds = 60;
};

struct Settings {
  std::string server = "http://127.0.0.1:8080";
  std::string key;      // empty: none was given
  std::string account;  // empty: none was given
  bool json = false;
  bool quiet = false;
  bool color = false;
  std::chrono::seconds timeout{60};

  /// Throws Failure that says how to give one.
  const std::string& required_account() const;
};

using Environment = std::function<std::optional<std::string>(const char* name)>;
/// The process's own; an empty variable counts as not set.
std::optional<std::string> environment_variable(const char* name);

std::filesystem::path config_path(const Environment& environment);
/// Throws Failure: an unreadable or damaged file, an unknown key, a key file without a key.
Settings resolve(const Flags& flags, const Environment& environment);

}  // namespace suppressctl
