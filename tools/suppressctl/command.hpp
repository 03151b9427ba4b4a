// What every subcommand gets, and the functions that register them. A subcommand's callback runs
// after parsing; it returns its exit code in `exit_code` and reports errors by throwing Failure.
#pragma once

#include <functional>
#include <string>

#include "tools/suppressctl/settings.hpp"

namespace CLI {
class App;
}

namespace suppressctl {

struct Context {
  Flags flags;
  int exit_code = 0;

  Settings settings() const { return resolve(flags, environment_variable); }
};

/// Adds a subcommand whose help ends with examples and its exit codes.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& sentence,
                      const std::string& footer);
/// One that does nothing without a subcommand of its own; `footer` shows examples.
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& sentence,
                    const std::string& footer);
/// What the command does when it was chosen; gives its exit code.
void on_run(CLI::App& command, Context& context, std::function<int(const Settings&)> run);

void add_check(CLI::App& app, Context& context);           // check_command.cpp
void add_import(CLI::App& app, Context& context);          // import_command.cpp
void add_suppressions(CLI::App& app, Context& context);    // suppression_commands.cpp
void add_explain(CLI::App& app, Context& context);         // explain_command.cpp
void add_administration(CLI::App& app, Context& context);  // admin_commands.cpp
void add_bench(CLI::App& app, Context& context);           // bench_command.cpp
void add_classify(CLI::App& app, Context& context);        // classify_command.cpp
void add_changes(CLI::App& app, Context& context);         // changes_command.cpp
void add_contacts(CLI::App& app, Context& context);        // contact_commands.cpp
void add_erase(CLI::App& app, Context& context);           // erase_command.cpp
void add_segments(CLI::App& app, Context& context);        // segment_commands.cpp
void add_requests(CLI::App& app, Context& context);        // request_commands.cpp
void add_export(CLI::App& app, Context& context);          // export_command.cpp
void add_counts(CLI::App& app, Context& context);          // counts_commands.cpp
void add_events(CLI::App& app, Context& context);          // events_command.cpp
void add_jobs(CLI::App& app, Context& context);            // job_commands.cpp
void add_plan(CLI::App& app, Context& context);            // plan_command.cpp
void add_status(CLI::App& app, Context& context);          // status_command.cpp
void add_webhooks(CLI::App& app, Context& context);        // webhook_commands.cpp

}  // namespace suppressctl
