#include "server/config.hpp"

#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "server/listener.hpp"

namespace suppressd {
namespace {

constexpr std::string_view exit_codes =
    "Exit codes: 0 stopped in order; 1 other failure; 2 bad option or configuration;\n"
    "3 the data directory cannot be used; 4 cannot listen; 5 a second signal ended the stop.\n"
    "An option's value is taken from its flag, else its environment variable, else the file that\n"
    "--config names, else its default. Bytes may be written 64MiB, times 5s or 250ms.";

size_t index_of(const OptionRow& row) {
  return static_cast<size_t>(&row - option_rows().data());
}

void set(Configuration& configuration, const OptionRow& row, std::string_view text,
         const std::string& source, const std::string& where) {
  try {
    set_value(configuration.options, row, text);
  } catch (const std::invalid_argument& problem) {
    throw ConfigError(where + " is \"" + std::string(text) + "\", but " + problem.what());
  }
  configuration.sources[index_of(row)] = source;
}

std::string description(const OptionRow& row) {
  static const Options defaults;
  const std::string value = value_text(defaults, row);
  std::string text(row.sentence);
  text += " [";
  if (row.kind != OptionKind::flag) text += std::string(row.unit) + ", ";
  return text + "default " + (value.empty() ? "none" : value) + "; " + environment_name(row) + "]";
}

/// What the command line said, before it is applied.
struct CommandLine {
  std::vector<std::string> values;
  std::vector<const CLI::Option*> flags;
  bool config_command = false;
};

void declare(CLI::App& app, CommandLine& line) {
  line.values.resize(option_rows().size());
  for (const OptionRow& row : option_rows()) {
    std::string& value = line.values[index_of(row)];
    const std::string flag = "--" + std::string(row.name);
    CLI::Option* option = row.kind == OptionKind::flag
                              ? app.add_flag(flag, value, description(row))
                              : app.add_option(flag, value, description(row))->type_name("");
    line.flags.push_back(option->take_last());
  }
  app.set_version_flag("--version", "suppressd " SUPPRESSD_VERSION);
  app.footer(std::string(exit_codes));
  app.add_subcommand("config", "Prints every option with its value and where it comes from.")
      ->fallthrough()
      ->callback([&line] { line.config_command = true; });
}

std::string text_of(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* real = node.as_floating_point()) {
    std::ostringstream text;
    text << real->get();
    return text.str();
  }
  throw ConfigError(where + " must be a text, a number, true or false");
}

void read_file(Configuration& configuration, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    throw ConfigError(path + ":" + std::to_string(error.source().begin.line) + ": " +
                      std::string(error.description()));
  }
  for (const auto& [key, node] : table) {
    const std::string source = path + ":" + std::to_string(key.source().begin.line);
    const OptionRow* row = find_option(key.str());
    if (row == nullptr || row->name == "config") {
      throw ConfigError(source + ": there is no option \"" + std::string(key.str()) +
                        "\"; `suppressd config` lists them");
    }
    const std::string where = source + ": " + std::string(row->name);
    set(configuration, *row, text_of(node, where), source, where);
  }
}

void apply(Configuration& configuration, const CommandLine& line, const Environment& environment) {
  const OptionRow& config = *find_option("config");
  const char* config_variable = environment(environment_name(config).c_str());
  const bool config_flag = line.flags[index_of(config)]->count() > 0;
  const std::string file = config_flag       ? line.values[index_of(config)]
                           : config_variable ? std::string(config_variable)
                                             : std::string();
  if (!file.empty()) read_file(configuration, file);
  for (const OptionRow& row : option_rows()) {
    const std::string variable = environment_name(row);
    if (const char* value = environment(variable.c_str())) {
      set(configuration, row, value, "environment " + variable, variable);
    }
    if (line.flags[index_of(row)]->count() > 0) {
      set(configuration, row, line.values[index_of(row)], "flag", "--" + std::string(row.name));
    }
  }
}

/// A line an option, in columns: name, value, unit, source; and beneath what it is for.
std::string table_text(const Configuration& configuration) {
  static const Options defaults;
  std::string text;
  for (const OptionRow& row : option_rows()) {
    const std::string value = value_text(configuration.options, row);
    const std::string standard = value_text(defaults, row);
    text += std::string(row.name) + " = " + (value.empty() ? "\"\"" : value);
    text += "   (from " + configuration.sources[index_of(row)] + ")\n    " +
            std::string(row.sentence) + "\n    ";
    if (row.kind != OptionKind::flag) text += "unit " + std::string(row.unit) + ", ";
    text +=
        "default " + (standard.empty() ? "none" : standard) + ", " + environment_name(row) + "\n";
  }
  return text;
}

}  // namespace

void check_together(const Options& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    throw ConfigError("tls-certificate and tls-key must be given together");
  }
  ListenAddress address;
  try {
    address = parse_listen_address(options.listen);
  } catch (const std::invalid_argument& problem) {
    throw ConfigError(std::string("listen: ") + problem.what());
  }
  const bool encrypted = !options.tls_certificate.empty() || options.behind_tls_proxy;
  if (!address.loopback() && !encrypted) {
    throw ConfigError("listen is \"" + options.listen +
                      "\", which other machines can reach, and keys would travel in the clear: "
                      "give tls-certificate and tls-key, or behind-tls-proxy if a proxy does TLS");
  }
}

Configuration read_configuration(const std::vector<std::string>& arguments,
                                 const Environment& environment) {
  Configuration configuration;
  configuration.sources.assign(option_rows().size(), "default");
  CLI::App app("suppressd answers which addresses must not be contacted, and why.", "suppressd");
  CommandLine line;
  declare(app, line);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& outcome) {
    if (outcome.get_exit_code() != 0) throw ConfigError(outcome.what());
    std::ostringstream text;
    app.exit(outcome, text, text);
    configuration.command = Configuration::Command::print;
    configuration.text = text.str();
    return configuration;
  }
  apply(configuration, line, environment);
  if (line.config_command) {
    configuration.command = Configuration::Command::print;
    configuration.text = table_text(configuration);
  } else {
    check_together(configuration.options);
  }
  return configuration;
}

}  // namespace suppressd
