#include "tools/suppressctl/settings.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "tests/tools/program.hpp"
#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

using tools_tests::TemporaryFolder;

struct World {
  TemporaryFolder folder;
  std::map<std::string, std::string> variables{{"XDG_CONFIG_HOME", folder.path("")}};

  void config(std::string_view text) const { folder.write("suppressctl.toml", text); }
  Settings settings(const Flags& flags = {}) const {
    return resolve(flags, [this](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    });
  }
};

TEST_CASE("a flag beats the environment, which beats the file, which beats the default") {
  World world;
  CHECK(world.settings().server == "http://127.0.0.1:8080");
  CHECK(world.settings().key.empty());
  world.config("server = \"http://file\"\nkey = \"file-key\"\naccount = \"file-account\"\n");
  CHECK(world.settings().server == "http://file");
  CHECK(world.settings().key == "file-key");
  CHECK(world.settings().account == "file-account");
  world.variables["SUPPRESSCTL_SERVER"] = "http://environment";
  world.variables["SUPPRESSCTL_KEY"] = "environment-key";
  world.variables["SUPPRESSCTL_ACCOUNT"] = "environment-account";
  CHECK(world.settings().server == "http://environment");
  CHECK(world.settings().key == "environment-key");
  CHECK(world.settings().account == "environment-account");
  Flags flags;
  flags.server = "http://flag";
  flags.account = "flag-account";
  flags.key_file = world.folder.write("key", "  flag-key\n");
  CHECK(world.settings(flags).server == "http://flag");
  CHECK(world.settings(flags).account == "flag-account");
  CHECK(world.settings(flags).key == "flag-key");
}

TEST_CASE("the file is looked for in XDG_CONFIG_HOME, else in ~/.config") {
  const auto path_with = [](std::map<std::string, std::string> variables) {
    return config_path([&](const char* name) -> std::optional<std::string> {
             if (variables.count(name) == 0) return std::nullopt;
             return variables[name];
           })
        .string();
  };
  CHECK(path_with({{"HOME", "/h"}}) == "/h/.config/suppressctl.toml");
  CHECK(path_with({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}) == "/x/suppressctl.toml");
  CHECK(path_with({}).empty());
}

TEST_CASE("a misspelled, mistyped or damaged configuration is an error that says where") {
  World world;
  world.config("server = \"http://x\"\nacount = \"demo\"\n");
  CHECK_THROWS_WITH(world.settings(), Catch::Contains("line 2") && Catch::Contains("'acount'"));
  world.config("account = 7\n");
  CHECK_THROWS_WITH(world.settings(), Catch::Contains("'account' must be a string"));
  world.config("server = \n");
  CHECK_THROWS_WITH(world.settings(), Catch::Contains("line 1"));
}

TEST_CASE("a key that is not one word never reaches a request's head") {
  World world;
  world.variables["SUPPRESSCTL_KEY"] = "one\r\nX-Injected: 1";
  CHECK_THROWS_AS(world.settings(), Failure);
  Flags flags;
  flags.key_file = world.folder.write("empty", " \n");
  CHECK_THROWS_WITH(world.settings(flags), Catch::Contains("is empty"));
  flags.key_file = world.folder.path("missing");
  CHECK_THROWS_WITH(world.settings(flags), Catch::Contains("cannot be read"));
}

TEST_CASE("a command that needs an account says how to give one") {
  World world;
  CHECK_THROWS_WITH(world.settings().required_account(), Catch::Contains("--account"));
}

}  // namespace
}  // namespace suppressctl
