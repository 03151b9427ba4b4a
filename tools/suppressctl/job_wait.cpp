#include "tools/suppressctl/job_wait.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <thread>

#include "tools/suppressctl/progress.hpp"

namespace suppressctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{1000};

bool ended(const Json& job) {
  const std::string state = text_of(job, "state");
  return state == "done" || state == "cancelled" || state == "failed";
}

}  // namespace

const Table job_table{{"JOB", "id"},
                      {"KIND", "kind"},
                      {"STATE", "state"},
                      number_column("TOTAL", "total"),
                      number_column("DONE", "done"),
                      number_column("CHANGED", "changed"),
                      number_column("SKIPPED", "skipped"),
                      {"CREATED", "created_at"},
                      {"BY", "by"}};

void add_wait_option(CLI::App& command, bool& no_wait) {
  command.add_flag("--no-wait", no_wait, "do not wait until the job has ended");
}

Json wait_for_job(const Settings& settings, Api& api, const std::string& id) {
  const std::string path = account_path(settings, "/jobs/" + percent_encode(id));
  std::optional<Progress> progress;
  milliseconds pause = first_pause;
  while (true) {
    Json job = api.get(path);
    if (ended(job)) return job;
    const uint64_t done = job.value("done", uint64_t{0});
    if (!progress) progress.emplace(job.value("total", uint64_t{0}), done, settings.quiet);
    progress->update(done, done);
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

int job_exit_code(const Json& job) {
  return ended(job) && text_of(job, "state") != "done" ? exit_no : exit_done;
}

int finish_job(const Settings& settings, Api& api, const Json& answer, bool no_wait) {
  Json job = member_of(answer, "job");
  if (!no_wait) job = wait_for_job(settings, api, text_of(job, "id"));
  show_item(settings, job, job_table);
  return job_exit_code(job);
}

}  // namespace suppressctl
