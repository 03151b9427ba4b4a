// suppressctl: the command line of suppressd. Exit codes: 0 done, 1 the answer is no, 2 error.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/failure.hpp"

namespace suppressctl {

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& sentence,
                      const std::string& footer) {
  CLI::App* command = parent.add_subcommand(name, sentence);
  command->fallthrough();  // global options may stand behind the command
  command->footer(footer);
  return command;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& sentence,
                    const std::string& footer) {
  CLI::App* group = add_command(parent, name, sentence, footer);
  group->require_subcommand(1);
  return group;
}

void on_run(CLI::App& command, Context& context, std::function<int(const Settings&)> run) {
  command.callback(
      [&context, run = std::move(run)] { context.exit_code = run(context.settings()); });
}

namespace {

constexpr const char* footer =
    "The server, the key and the account come from the option, else from SUPPRESSCTL_SERVER,\n"
    "SUPPRESSCTL_KEY, SUPPRESSCTL_ACCOUNT, else from ~/.config/suppressctl.toml:\n"
    "  server = \"http://127.0.0.1:8080\"\n"
    "  key = \"…\"\n"
    "  account = \"demo\"\n"
    "A key on the command line can be seen by others on this machine; prefer the file.\n\n"
    "Exit codes: 0 done; 1 the answer is no (each command's help says when); 2 error.\n\n"
    "Examples:\n"
    "  suppressctl status\n"
    "  suppressctl import blacklist.csv --reason unsubscribe\n"
    "  suppressctl check recipients.txt > clear.txt\n"
    "  suppressctl explain ada@example.com";

void add_global_options(CLI::App& app, Flags& flags) {
  app.add_option("--server", flags.server, "the server (http://127.0.0.1:8080)")->type_name("URL");
  auto* key = app.add_option("--key", flags.key, "API key");
  app.add_option("--key-file", flags.key_file, "file that holds the API key")
      ->type_name("FILE")
      ->excludes(key);
  app.add_option("--account", flags.account, "the account to act for")->type_name("ID");
  app.add_flag("--json", flags.json, "write JSON, for scripts");
  app.add_flag("--quiet,-q", flags.quiet, "no progress, no remarks");
  app.add_flag("--no-color", flags.no_color, "no colors (also: NO_COLOR)");
  app.add_option("--timeout", flags.timeout_seconds,
                 "seconds without any sign from the server until it counts as gone (60)")
      ->check(CLI::Range(1, 3600).description(""));
}

int run(int argc, char** argv) {
  Context context;
  CLI::App app("Asks and tells suppressd which addresses must not be contacted.", "suppressctl");
  app.footer(footer);
  app.set_version_flag("--version", "suppressctl " SUPPRESSD_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(32);
  add_global_options(app, context.flags);
  add_check(app, context);
  add_import(app, context);
  add_explain(app, context);
  add_suppressions(app, context);
  add_contacts(app, context);
  add_segments(app, context);
  add_export(app, context);
  add_requests(app, context);
  add_events(app, context);
  add_webhooks(app, context);
  add_classify(app, context);
  add_counts(app, context);
  add_jobs(app, context);
  add_erase(app, context);
  add_status(app, context);
  add_administration(app, context);
  add_changes(app, context);
  add_bench(app, context);
  add_plan(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_done : exit_failed;
  }
  return context.exit_code;
}

}  // namespace
}  // namespace suppressctl

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return suppressctl::run(argc, argv);
  } catch (const suppressctl::OutputClosed&) {
    return suppressctl::exit_failed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "suppressctl: %s\n", e.what());
    return suppressctl::exit_failed;
  }
}
