// suppressctl jobs: what the server does in the background for an account.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/job_wait.hpp"

namespace suppressctl {
namespace {

std::string job_path(const Settings& settings, const std::string& id, const char* rest = "") {
  return account_path(settings, "/jobs/" + percent_encode(id) + rest);
}

int list_jobs(const Settings& settings, const PageOptions& pages) {
  Api api(settings);
  show_list(settings, api, account_path(settings, "/jobs"), QueryText(), job_table, pages);
  return exit_done;
}

int show_job(const Settings& settings, const std::string& id) {
  show_item(settings, Api(settings).get(job_path(settings, id)), job_table);
  return exit_done;
}

int wait_job(const Settings& settings, const std::string& id) {
  Api api(settings);
  const Json job = wait_for_job(settings, api, id);
  show_item(settings, job, job_table);
  return job_exit_code(job);
}

int steer_job(const Settings& settings, const std::string& id, const char* verb) {
  const Json job = Api(settings).post(job_path(settings, id, verb), Json::object());
  show_item(settings, job, job_table);
  return exit_done;
}

}  // namespace

void add_jobs(CLI::App& app, Context& context) {
  CLI::App* jobs = add_group(app, "jobs", "Follow and steer work in the background",
                             "Example:\n"
                             "  suppressctl jobs list");
  const auto pages = std::make_shared<PageOptions>();
  CLI::App* list = add_command(*jobs, "list", "List the account's jobs, newest first",
                               "Exit codes: 0 done, 2 error.\n\n"
                               "Example:\n"
                               "  suppressctl jobs list --limit 10");
  add_page_options(*list, *pages);
  on_run(*list, context, [pages](const Settings& settings) { return list_jobs(settings, *pages); });

  const auto id = std::make_shared<std::string>();
  using Run = std::function<int(const Settings&, const std::string&)>;
  const auto verb = [&](const std::string& name, const char* sentence, const char* exit_codes,
                        const Run& run) {
    CLI::App* command =
        add_command(*jobs, name, sentence,
                    std::string(exit_codes) + "\n\nExample:\n  suppressctl jobs " + name + " j9");
    command->add_option("JOB", *id, "its id, such as j9")->required();
    on_run(*command, context, [id, run](const Settings& settings) { return run(settings, *id); });
  };
  constexpr const char* plain = "Exit codes: 0 done, 2 error.";
  verb("show", "Show one job", plain, show_job);
  verb("wait", "Wait until a job has ended",
       "Exit codes: 0 it is done, 1 it was cancelled or failed, 2 error.", wait_job);
  const auto steer = [](const char* action) {
    return [action](const Settings& settings, const std::string& job) {
      return steer_job(settings, job, action);
    };
  };
  verb("pause", "Let a job rest", plain, steer("/pause"));
  verb("resume", "Let a job that rests go on", plain, steer("/resume"));
  verb("cancel", "End a job; what it did so far stays", plain, steer("/cancel"));
}

}  // namespace suppressctl
