#include "tools/suppressctl/confirmation.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/suppressctl/job_wait.hpp"

namespace suppressctl {
namespace {

/// More contacts than there can be: a write that expects it does nothing but count.
constexpr uint64_t never_expected = (uint64_t{1} << 53) - 1;

/// The server counts, as it will when it acts.
uint64_t count_found(const ConfirmedWrite& write, uint64_t shown_at) {
  try {
    write(shown_at, never_expected);
  } catch (const Refusal& refusal) {
    if (refusal.type == "/problems/nothing-matches") return 0;
    if (refusal.type != "/problems/wrong-confirmation" || !refusal.document.contains("found"))
      throw;
    return refusal.document.value("found", uint64_t{0});
  }
  throw Failure("The server did not ask for a confirmation; nothing more was sent.");
}

void say_what_would_be(const Settings& settings, uint64_t shown_at, uint64_t found,
                       const std::string& what) {
  Writer output = Writer::standard_output();
  if (settings.json)
    output.append(Json{{"found", found}, {"shown_at", shown_at}}.dump() + "\n");
  else
    output.append(counted(found, "contact") + " " + what + ". Nothing was done.\n");
  output.flush();
  if (!settings.quiet && !settings.json && found > 0)
    std::fprintf(stderr, "To do it: the same with --yes --expected %llu\n",
                 static_cast<unsigned long long>(found));
}

}  // namespace

void add_confirmation_options(CLI::App& command, Confirmation& confirmation) {
  command.add_flag("--yes", confirmation.yes, "do it; without this it is only said how many");
  command
      .add_option("--expected", confirmation.expected,
                  "with --yes: only if it is so many, as was said before")
      ->type_name("NUMBER");
  add_wait_option(command, confirmation.no_wait);
}

int confirm_and_write(const Settings& settings, Api& api, const Confirmation& confirmation,
                      uint64_t shown_at, const std::string& what, const ConfirmedWrite& write) {
  const uint64_t found = count_found(write, shown_at);
  if (found == 0 || !confirmation.yes) {
    say_what_would_be(settings, shown_at, found, what);
    return found == 0 ? exit_no : exit_failed;
  }
  const Json answer = write(shown_at, confirmation.expected.value_or(found));
  return finish_job(settings, api, answer, confirmation.no_wait);
}

}  // namespace suppressctl
