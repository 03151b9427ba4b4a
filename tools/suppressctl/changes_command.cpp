// suppressctl changes: the log of changes, as a feed for programs and an audit for people.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

constexpr const char* page_limit = "1000";
constexpr const char* follow_wait_seconds = "15";  // below the default --timeout

struct ChangesOptions {
  uint64_t after = 0;
  bool follow = false;
  bool of_account = false;
};

/// "manual a@example.com", or what else the change was about.
std::string subject_of(const Json& change) {
  const Json entries = change.value("entries", Json::array());
  if (entries.empty()) {
    const Json after = change.value("after", Json::object());
    const std::string id = text_of(after, "id");
    return id.empty() ? text_of(after, "account") : id;
  }
  std::string subject = text_of(entries[0], "address");
  const std::string reason = text_of(entries[0], "reason");
  if (!reason.empty()) subject += " " + reason;
  if (entries.size() > 1) subject += " and " + grouped(entries.size() - 1) + " more";
  return subject;
}

void write_page(const Settings& settings, const Json& page, Writer& output) {
  const Json items = page.value("items", Json::array());
  if (settings.json) {
    for (const Json& item : items) output.append(item.dump() + "\n");
  } else {
    Columns columns({});
    for (const Json& item : items) {
      columns.add({grouped(item.value("sequence", uint64_t{0})), text_of(item, "at"),
                   text_of(item, "by"), text_of(item, "account"), text_of(item, "kind"),
                   subject_of(item)});
    }
    columns.write(output);
  }
  output.flush();
}

int changes(const Settings& settings, const ChangesOptions& options) {
  const std::string path =
      options.of_account ? account_path(settings, "/changes") : std::string("/v1/changes");
  Api api(settings);
  Writer output = Writer::standard_output();
  uint64_t after = options.after;
  for (bool more = true; more || options.follow;) {
    const Json page = api.get(path + QueryText()
                                         .add("after", std::to_string(after))
                                         .add("limit", page_limit)
                                         .add("wait", options.follow ? follow_wait_seconds : "")
                                         .text());
    write_page(settings, page, output);
    after = page.value("after", after);
    more = page.value("more", false);
  }
  return exit_done;
}

}  // namespace

void add_changes(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, "changes", "Show who changed what, in order, and wait for more",
      "Columns: sequence, time, key, account, kind, what it was about. --json writes each change\n"
      "whole, one a line: keep the last \"sequence\" and go on with --after.\n\n"
      "Exit codes: 0 done, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl changes --after 1200\n"
      "  suppressctl changes --follow --json | while read -r change; do …; done\n"
      "  suppressctl changes --account demo --of-account");
  const auto options = std::make_shared<ChangesOptions>();
  command->add_option("--after", options->after, "begin after this sequence (0)")
      ->type_name("SEQUENCE");
  command->add_flag("--follow,-f", options->follow, "wait for more at the end, until stopped");
  command->add_flag("--of-account", options->of_account, "only what concerns the account");
  command->callback(
      [&context, options] { context.exit_code = changes(context.settings(), *options); });
}

}  // namespace suppressctl
