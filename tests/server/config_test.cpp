// Options: where values come from, and what is said about bad ones.
#include "server/config.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

using namespace suppressd;
using Catch::Matchers::Contains;
using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

namespace {

Configuration read(const Arguments& arguments, const Variables& variables = {}) {
  return read_configuration(arguments, [&](const char* name) -> const char* {
    const auto variable = variables.find(name);
    return variable == variables.end() ? nullptr : variable->second.c_str();
  });
}

std::string source_of(const Configuration& configuration, std::string_view name) {
  return configuration.sources[static_cast<size_t>(find_option(name) - option_rows().data())];
}

/// A configuration file that is removed again.
struct ConfigFile {
  std::filesystem::path directory;
  std::string path;
  explicit ConfigFile(std::string_view text) {
    std::string pattern = std::filesystem::temp_directory_path() / "suppressd-config-XXXXXX";
    directory = mkdtemp(pattern.data());
    path = directory / "suppressd.toml";
    std::ofstream(path) << text;
  }
  ~ConfigFile() { std::filesystem::remove_all(directory); }
};

std::string error_of(const Arguments& arguments, const Variables& variables = {}) {
  try {
    (void)read(arguments, variables);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("without anything, every option has its default", "[config]") {
  const Configuration configuration = read({});
  CHECK(configuration.command == Configuration::Command::serve);
  CHECK(configuration.options.listen == "127.0.0.1:8080");
  CHECK(configuration.options.json_body_bytes_max == 64u << 20);
  for (const std::string& source : configuration.sources) CHECK(source == "default");
}

TEST_CASE("flag before environment before file before default", "[config]") {
  const ConfigFile file(
      "connections-max = 10\n"
      "line-bytes-max = \"2MiB\"\n"
      "header-deadline = 0.5\n"
      "behind-tls-proxy = true\n");
  const Configuration configuration =
      read({"--config", file.path, "--connections-max", "30"},
           {{"SUPPRESSD_CONNECTIONS_MAX", "20"}, {"SUPPRESSD_LINE_BYTES_MAX", "3MiB"}});
  CHECK(configuration.options.connections_max == 30);
  CHECK(source_of(configuration, "connections-max") == "flag");
  CHECK(configuration.options.line_bytes_max == 3u << 20);
  CHECK(source_of(configuration, "line-bytes-max") == "environment SUPPRESSD_LINE_BYTES_MAX");
  CHECK(configuration.options.header_deadline == std::chrono::milliseconds(500));
  CHECK(source_of(configuration, "header-deadline") == file.path + ":3");
  CHECK(configuration.options.behind_tls_proxy);
  CHECK(source_of(configuration, "idle-deadline") == "default");
}

TEST_CASE("the environment can name the file, and a flag another one", "[config]") {
  const ConfigFile first("threads = 3\n");
  const ConfigFile second("threads = 4\n");
  CHECK(read({}, {{"SUPPRESSD_CONFIG", first.path}}).options.threads == 3);
  CHECK(read({"--config", second.path}, {{"SUPPRESSD_CONFIG", first.path}}).options.threads == 4);
}

TEST_CASE("a repeated flag's last value counts", "[config]") {
  CHECK(read({"--data-dir", "a", "--data-dir=b"}).options.data_dir == "b");
}

TEST_CASE("values are read in their units", "[config]") {
  CHECK(read({"--in-flight-bytes-max", "1048576"}).options.in_flight_bytes_max == 1u << 20);
  CHECK(read({"--in-flight-bytes-max", "1.5GiB"}).options.in_flight_bytes_max == 3u << 29);
  CHECK(read({"--stop-deadline", "250ms"}).options.stop_deadline.count() == 250);
  CHECK(read({"--stop-deadline", "2m"}).options.stop_deadline.count() == 120'000);
  CHECK(read({"--behind-tls-proxy"}).options.behind_tls_proxy);
  CHECK_FALSE(read({"--behind-tls-proxy=false"}).options.behind_tls_proxy);
}

TEST_CASE("a value written is the value read back", "[config]") {
  const Options defaults;
  for (const OptionRow& row : option_rows()) {
    INFO(row.name);
    Options options;
    set_value(options, row, value_text(defaults, row));
    CHECK(value_text(options, row) == value_text(defaults, row));
    if (row.kind != OptionKind::text && row.kind != OptionKind::flag) CHECK(row.max > row.min);
  }
}

TEST_CASE("a bad value is refused with its option, the value and what is allowed", "[config]") {
  CHECK_THAT(error_of({"--connections-max", "many"}),
             Contains("--connections-max") && Contains("\"many\"") &&
                 Contains("a number of connections from 1 to 1000000"));
  CHECK_THAT(error_of({}, {{"SUPPRESSD_THREADS", "-1"}}), Contains("SUPPRESSD_THREADS"));
  for (const char* bad : {"0", "1000001", "1.5", "5 connections", "", "inf", "nan", "0x10"}) {
    INFO(bad);
    CHECK_THAT(error_of({"--connections-max=" + std::string(bad)}), Contains("--connections-max"));
  }
  CHECK_THAT(error_of({"--stop-deadline", "5h"}), Contains("seconds from 0s to 86400s"));
  CHECK_THAT(error_of({"--log-level", "loud"}), Contains("debug|info|warning|error|off"));
  CHECK_THAT(error_of({"--behind-tls-proxy=maybe"}), Contains("behind-tls-proxy"));
}

TEST_CASE("an unknown flag is an error that names it", "[config]") {
  CHECK_THAT(error_of({"--conections-max", "3"}), Contains("--conections-max"));
  CHECK_THAT(error_of({"serve"}), Contains("serve"));
}

TEST_CASE("an unknown key in the file is an error with file and line", "[config]") {
  const ConfigFile file("threads = 2\n\nconections-max = 3\n");
  CHECK_THAT(error_of({"--config", file.path}),
             Contains(file.path + ":3: ") && Contains("conections-max"));
}

TEST_CASE("a damaged file is an error with file and line", "[config]") {
  for (std::string_view text : {"threads = 2\nlisten = \"127", "threads = 2\n= 3", "threads = 1\n[",
                                "threads = 2\nthreads = 3\n"}) {
    const ConfigFile file(text);
    INFO(text);
    CHECK_THAT(error_of({"--config", file.path}), Contains(file.path + ":2: "));
  }
}

TEST_CASE("a file that is not text is an error that names it", "[config]") {
  const ConfigFile file("\xff\xfe\x00\x01");
  CHECK_THAT(error_of({"--config", file.path}), Contains(file.path + ":1: "));
}

TEST_CASE("a value of the wrong type in the file is an error with file and line", "[config]") {
  for (std::string_view text : {"\nthreads = \"two\"", "\nthreads = [2]", "\nthreads = 2020-01-01",
                                "\nbehind-tls-proxy = 1", "\nthreads = {a = 1}",
                                "\nconfig = \"other.toml\"", "\n[listen]\nhost = \"x\""}) {
    const ConfigFile file(text);
    INFO(text);
    CHECK_THAT(error_of({"--config", file.path}), Contains(file.path + ":2: "));
  }
}

TEST_CASE("a file that is not there is an error that names it", "[config]") {
  CHECK_THAT(error_of({"--config", "/nowhere/suppressd.toml"}),
             Contains("/nowhere/suppressd.toml"));
}

TEST_CASE("keys never travel in the clear unless somebody says so", "[config]") {
  CHECK_THAT(error_of({"--listen", "0.0.0.0:8080"}), Contains("behind-tls-proxy"));
  CHECK_THAT(error_of({"--listen", "[::]:8080"}), Contains("behind-tls-proxy"));
  CHECK(error_of({"--listen", "0.0.0.0:8080", "--behind-tls-proxy"}).empty());
  CHECK(error_of({"--listen", "0.0.0.0:1", "--tls-certificate", "c", "--tls-key", "k"}).empty());
  CHECK(error_of({"--listen", "[::1]:8080"}).empty());
  CHECK(error_of({"--listen", "localhost:0"}).empty());
  CHECK_THAT(error_of({"--tls-certificate", "c"}), Contains("together"));
}

TEST_CASE("a listen address that is none is refused", "[config]") {
  for (const char* bad : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x",
                          "::1:80", "[127.0.0.1]:80", "example.com:80", "127.0.0.1:80 "}) {
    INFO(bad);
    CHECK_THAT(error_of({std::string("--listen=") + bad}), Contains("listen"));
  }
}

TEST_CASE("help and config explain every option", "[config]") {
  const Configuration help = read({"--help"});
  const Configuration config =
      read({"config", "--threads", "7"}, {{"SUPPRESSD_LISTEN", "[::1]:1"}});
  CHECK(help.command == Configuration::Command::print);
  CHECK(config.command == Configuration::Command::print);
  for (const OptionRow& row : option_rows()) {
    INFO(row.name);
    const std::string text = value_text(Options{}, row);
    for (const Configuration* output : {&help, &config}) {
      CHECK_THAT(output->text, Contains(std::string(row.name)));
      CHECK_THAT(output->text, Contains(environment_name(row)));
      CHECK_THAT(output->text, Contains("default " + (text.empty() ? "none" : text)));
    }
    CHECK_THAT(config.text, Contains(std::string(row.sentence)));
  }
  CHECK_THAT(help.text, Contains("Exit codes"));
  CHECK_THAT(config.text, Contains("threads = 7   (from flag)"));
  CHECK_THAT(config.text, Contains("listen = [::1]:1   (from environment SUPPRESSD_LISTEN)"));
}

TEST_CASE("the version is printed", "[config]") {
  const Configuration version = read({"--version"});
  CHECK(version.command == Configuration::Command::print);
  CHECK(version.text == "suppressd " SUPPRESSD_VERSION "\n");
}
