// suppressctl contacts delete: some by name, or all that a filter finds.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/confirmation.hpp"
#include "tools/suppressctl/contact_filter.hpp"
#include "tools/suppressctl/contact_verbs.hpp"
#include "tools/suppressctl/selection.hpp"

namespace suppressctl {
namespace {

struct DeleteOptions {
  std::vector<std::string> contacts;
  ContactFilter filter;
  std::string note;
  Confirmation confirmation;
};

int delete_named(const Settings& settings, const DeleteOptions& options) {
  const Json filter = options.filter.json();
  if (filter.size() > (filter.contains("channel") ? 1U : 0U))
    throw Failure("Contacts or a filter: of the filter's options only --channel goes with names.");
  Json body = filter;
  if (!options.note.empty()) body["reason"] = options.note;
  return write_selection(settings, account_path(settings, "/delete-contacts"), options.contacts,
                         body, "deleted");
}

int delete_found(const Settings& settings, const DeleteOptions& options) {
  Api api(settings);
  const Json page = api.get(account_path(settings, "/contacts") +
                            options.filter.query().add("limit", "1").text());
  const auto write = [&](uint64_t shown_at, uint64_t expected) {
    Json body{{"filter", options.filter.json()}, {"shown_at", shown_at}, {"expected", expected}};
    if (!options.note.empty()) body["reason"] = options.note;
    return api.post(account_path(settings, "/delete-contacts"), body);
  };
  return confirm_and_write(settings, api, options.confirmation, page.value("sequence", uint64_t{0}),
                           "would be deleted", write);
}

}  // namespace

void add_contacts_delete(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<DeleteOptions>();
  CLI::App* command = add_command(
      contacts, "delete", "Hide contacts from all lists but the deleted; they stay suppressed",
      "Contacts that are named go at once. With a filter instead it is first said how many would\n"
      "go (exit code 2), and --yes deletes exactly what was there at that moment, as a job that\n"
      "`contacts restore --job` undoes. Only addresses of --channel go; named contacts' both.\n\n"
      "Exit codes: 0 deleted, 1 some were not there to delete, or the job did not finish, 2 error\n"
      "or not confirmed.\n\n"
      "Examples:\n"
      "  suppressctl contacts delete c17 ann@example.com --note 'asked by phone'\n"
      "  suppressctl contacts delete --channel email --state blacklisted --yes");
  command->add_option("CONTACT", options->contacts, "ids or addresses; - reads lines");
  options->filter.add_options(*command);
  command->add_option("--note", options->note, "why; it is kept with them");
  add_confirmation_options(*command, options->confirmation);
  on_run(*command, context, [options](const Settings& settings) {
    if (!options->contacts.empty()) return delete_named(settings, *options);
    if (options->filter.empty())
      throw Failure(
          "Which contacts? Give ids, addresses, or a filter such as --state blacklisted.");
    return delete_found(settings, *options);
  });
}

}  // namespace suppressctl
