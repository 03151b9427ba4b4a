#include "tools/suppressctl/settings.hpp"

#include <unistd.h>

#include <toml++/toml.h>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

constexpr size_t key_file_octets_max = 4096;

std::string position(const toml::source_region& region) {
  return "line " + std::to_string(region.begin.line);
}

void read_config(const std::filesystem::path& path, Settings& settings) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  toml::table table;
  try {
    table = toml::parse_file(path.string());
  } catch (const toml::parse_error& e) {
    throw Failure("The configuration file " + path.string() + " cannot be read, " +
                  position(e.source()) + ": " + std::string(e.description()) + ".");
  }
  for (const auto& [name, value] : table) {
    std::string* target = name == "server"    ? &settings.server
                          : name == "key"     ? &settings.key
                          : name == "account" ? &settings.account
                                              : nullptr;
    const std::string where = path.string() + ", " + position(value.source()) + ": ";
    if (target == nullptr)
      throw Failure(where + "unknown option '" + std::string(name.str()) +
                    "'; known are server, key and account.");
    if (!value.is_string())
      throw Failure(where + "'" + std::string(name.str()) + "' must be a string.");
    *target = value.as_string()->get();
  }
}

std::string read_key_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure("The key file " + path + " cannot be read.");
  std::string key(key_file_octets_max, '\0');
  file.read(key.data(), static_cast<std::streamsize>(key.size()));
  key.resize(static_cast<size_t>(file.gcount()));
  const size_t begin = key.find_first_not_of(" \t\r\n");
  const size_t end = begin == std::string::npos ? begin : key.find_first_of(" \t\r\n", begin);
  if (begin == std::string::npos) throw Failure("The key file " + path + " is empty.");
  return key.substr(begin, end - begin);
}

}  // namespace

const std::string& Settings::required_account() const {
  if (account.empty())
    throw Failure(
        "Which account? Pass --account, set SUPPRESSCTL_ACCOUNT, or put account = \"…\" into the "
        "configuration file.");
  return account;
}

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::filesystem::path config_path(const Environment& environment) {
  if (const auto base = environment("XDG_CONFIG_HOME"))
    return std::filesystem::path(*base) / "suppressctl.toml";
  if (const auto home = environment("HOME"))
    return std::filesystem::path(*home) / ".config" / "suppressctl.toml";
  return {};
}

Settings resolve(const Flags& flags, const Environment& environment) {
  Settings settings;
  const auto path = config_path(environment);
  if (!path.empty()) read_config(path, settings);
  if (const auto value = environment("SUPPRESSCTL_SERVER")) settings.server = *value;
  if (const auto value = environment("SUPPRESSCTL_KEY")) settings.key = *value;
  if (const auto value = environment("SUPPRESSCTL_ACCOUNT")) settings.account = *value;
  if (flags.server) settings.server = *flags.server;
  if (flags.key_file) settings.key = read_key_file(*flags.key_file);
  if (flags.key) settings.key = *flags.key;
  if (flags.account) settings.account = *flags.account;
  // A line break in a header field would be a second field.
  if (settings.key.find_first_of("\r\n \t") != std::string::npos)
    throw Failure("The key holds white space; it must be one word.");
  settings.json = flags.json;
  settings.quiet = flags.quiet;
  settings.timeout = std::chrono::seconds(flags.timeout_seconds);
  const auto terminal = environment("TERM");
  settings.color = !flags.no_color && !flags.json && !environment("NO_COLOR") &&
                   terminal.value_or("dumb") != "dumb" && isatty(STDOUT_FILENO) == 1;
  return settings;
}

}  // namespace suppressctl
