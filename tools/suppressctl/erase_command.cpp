// suppressctl erase: everything personal of a contact goes; its suppression stays as a hash.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/contact_names.hpp"
#include "tools/suppressctl/job_wait.hpp"

namespace suppressctl {
namespace {

struct EraseOptions {
  std::string contact;
  bool yes = false;
  bool no_wait = false;
};

int erase(const Settings& settings, const EraseOptions& options) {
  Api api(settings);
  const std::string id = contact_id_of(settings, api, options.contact);
  if (!options.yes)
    throw Failure("This would erase contact " + id + " of account " + settings.required_account() +
                  " for ever. Nothing was done; with --yes it is.");
  const Json answer = api.post(contact_path(settings, id, "/erase"), Json{{"confirm", id}});
  return finish_job(settings, api, answer, options.no_wait);
}

}  // namespace

void add_erase(CLI::App& app, Context& context) {
  const auto options = std::make_shared<EraseOptions>();
  CLI::App* command = add_command(
      app, "erase", "Erase everything personal of a contact, as its right to be forgotten asks",
      "Fields, activity and evidence go for ever. What is suppressed stays so: of the address a\n"
      "keyed hash is kept, with reason and date.\n\n"
      "Exit codes: 0 erased, 1 the job did not finish, 2 error or no --yes.\n\n"
      "Example:\n"
      "  suppressctl erase ann@example.com --yes");
  command->add_option("CONTACT", options->contact, "its id, such as c17, or an address")
      ->required();
  command->add_flag("--yes", options->yes, "do it");
  add_wait_option(*command, options->no_wait);
  on_run(*command, context,
         [options](const Settings& settings) { return erase(settings, *options); });
}

}  // namespace suppressctl
