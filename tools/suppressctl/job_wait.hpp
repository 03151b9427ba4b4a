// Work that the server does in the background: waiting for it, and what came of it.
#pragma once

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {

extern const Table job_table;

/// Adds --no-wait.
void add_wait_option(CLI::App& command, bool& no_wait);

/// Asks until the job has ended, ever more slowly; progress goes to standard error.
Json wait_for_job(const Settings& settings, Api& api, const std::string& id);

/// What a command does with an answer that holds a job: waits unless told not to, then writes it.
/// Exit code: done, or "no" when it was cancelled or failed.
int finish_job(const Settings& settings, Api& api, const Json& answer, bool no_wait);
int job_exit_code(const Json& job);

}  // namespace suppressctl
