// suppressctl contacts restore: the other way round, for some by name or for all that a job
// deleted.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/contact_verbs.hpp"
#include "tools/suppressctl/job_wait.hpp"
#include "tools/suppressctl/selection.hpp"

namespace suppressctl {
namespace {

struct RestoreOptions {
  std::vector<std::string> contacts;
  std::string channel;
  std::string job;
  bool no_wait = false;
};

int restore_named(const Settings& settings, const RestoreOptions& options) {
  Json body = Json::object();
  if (!options.channel.empty()) body["channel"] = options.channel;
  return write_selection(settings, account_path(settings, "/restore-contacts"), options.contacts,
                         body, "restored");
}

int restore_job(const Settings& settings, const RestoreOptions& options) {
  Api api(settings);
  const Json answer =
      api.post(account_path(settings, "/restore-contacts"), Json{{"job", options.job}});
  return finish_job(settings, api, answer, options.no_wait);
}

}  // namespace

void add_contacts_restore(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<RestoreOptions>();
  CLI::App* command = add_command(
      contacts, "restore", "Show deleted contacts again, as suppressed as they are",
      "Exit codes: 0 restored, 1 some were not deleted, or the job did not finish, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl contacts restore c17\n"
      "  suppressctl contacts restore --job j9\n"
      "  suppressctl contacts list --state deleted --since 2026-01-31T00:00:00Z --all --json |\n"
      "    jq -r .id | suppressctl contacts restore -");
  CLI::Option* names =
      command->add_option("CONTACT", options->contacts, "ids or addresses; - reads lines");
  CLI::Option* channel =
      command->add_option("--channel", options->channel, "only their email or phone");
  CLI::Option* job = command->add_option("--job", options->job, "all that this job deleted");
  job->excludes(names)->excludes(channel);
  add_wait_option(*command, options->no_wait);
  on_run(*command, context, [options](const Settings& settings) {
    if (!options->job.empty()) return restore_job(settings, *options);
    if (options->contacts.empty()) throw Failure("Which contacts? Give ids, addresses, or --job.");
    return restore_named(settings, *options);
  });
}

}  // namespace suppressctl
