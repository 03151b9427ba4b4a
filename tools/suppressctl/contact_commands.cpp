// suppressctl contacts: the people of an account. Adding and deleting them have files of their own.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "tools/suppressctl/contact_filter.hpp"
#include "tools/suppressctl/contact_names.hpp"
#include "tools/suppressctl/contact_output.hpp"
#include "tools/suppressctl/contact_verbs.hpp"

namespace suppressctl {
namespace {

struct ListOptions {
  ContactFilter filter;
  std::string sort;
  PageOptions pages;
};

struct ActivityOptions {
  std::string contact;
  PageOptions pages;
};

struct EditOptions {
  std::string contact;
  std::optional<std::string> email, phone;
  std::vector<std::string> fields;
  std::string region;
};

int list_contacts(const Settings& settings, const ListOptions& options) {
  Api api(settings);
  show_list(settings, api, account_path(settings, "/contacts"),
            options.filter.query().add("sort", options.sort), contact_table, options.pages);
  return exit_done;
}

void write_contact(const Settings& settings, const Json& card) {
  Writer output = Writer::standard_output();
  if (settings.json)
    output.append(card.dump() + "\n");
  else
    write_card(card, output);
  output.flush();
}

int show_contact(const Settings& settings, const std::string& contact) {
  Api api(settings);
  write_contact(settings, api.get(contact_path(settings, contact_id_of(settings, api, contact))));
  return exit_done;
}

int show_activity(const Settings& settings, const ActivityOptions& options) {
  Api api(settings);
  const std::string id = contact_id_of(settings, api, options.contact);
  show_list(settings, api, contact_path(settings, id, "/activity"), QueryText(), activity_table,
            options.pages);
  return exit_done;
}

/// '' takes the address away.
Json address_value(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

int edit_contact(const Settings& settings, const EditOptions& options) {
  Json body = Json::object();
  if (options.email) body["email"] = address_value(*options.email);
  if (options.phone) body["phone"] = address_value(*options.phone);
  if (!options.fields.empty()) body["fields"] = fields_json(options.fields, EmptyField::removes);
  if (body.empty()) throw Failure("Nothing to edit: give --email, --phone or --field.");
  if (!options.region.empty()) body["region"] = options.region;
  Api api(settings);
  const std::string id = contact_id_of(settings, api, options.contact);
  show_item(settings, api.patch(contact_path(settings, id), body), contact_table);
  return exit_done;
}

void add_list(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* command = add_command(
      contacts, "list", "List contacts, each with the state of both its addresses",
      "With --json one contact a line.\n\n"
      "Exit codes: 0 done, 2 error.\n\n"
      "Example:\n"
      "  suppressctl contacts list --channel email --state blacklisted --reason hard_bounce --all");
  options->filter.add_options(*command);
  command->add_option("--sort", options->sort, "address (default) or time, newest first");
  add_page_options(*command, options->pages);
  on_run(*command, context,
         [options](const Settings& settings) { return list_contacts(settings, *options); });
}

void add_show(CLI::App& contacts, Context& context) {
  const auto contact = std::make_shared<std::string>();
  CLI::App* command =
      add_command(contacts, "show", "Show a contact's card: why, since when, what is asked for",
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Example:\n"
                  "  suppressctl contacts show ann@example.com");
  command->add_option("CONTACT", *contact, "its id, such as c17, or an address")->required();
  on_run(*command, context,
         [contact](const Settings& settings) { return show_contact(settings, *contact); });
}

void add_activity(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<ActivityOptions>();
  CLI::App* command =
      add_command(contacts, "activity", "Show what happened to a contact, newest first",
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Example:\n"
                  "  suppressctl contacts activity c17 --all");
  command->add_option("CONTACT", options->contact, "its id, such as c17, or an address")
      ->required();
  add_page_options(*command, options->pages);
  on_run(*command, context,
         [options](const Settings& settings) { return show_activity(settings, *options); });
}

void add_edit(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<EditOptions>();
  CLI::App* command = add_command(
      contacts, "edit", "Change a contact; what is suppressed stays suppressed",
      "'' takes an address or a field away.\n\n"
      "Exit codes: 0 done, 2 error.\n\n"
      "Example:\n"
      "  suppressctl contacts edit c17 --email ann@example.org --field city=Kyiv --field title=");
  command->add_option("CONTACT", options->contact, "its id, such as c17, or an address")
      ->required();
  command->add_option("--email", options->email, "its email from now on");
  command->add_option("--phone", options->phone, "its phone from now on");
  command->add_option("--field", options->fields, "name=value; may be given more than once")
      ->allow_extra_args(false);
  command->add_option("--region", options->region, "country of a phone in national format");
  on_run(*command, context,
         [options](const Settings& settings) { return edit_contact(settings, *options); });
}

}  // namespace

void add_contacts(CLI::App& app, Context& context) {
  CLI::App* contacts = add_group(app, "contacts", "Add, find, change, delete and restore contacts",
                                 "Example:\n"
                                 "  suppressctl contacts add ann@example.com --field city=Kyiv");
  add_contacts_add(*contacts, context);
  add_list(*contacts, context);
  add_show(*contacts, context);
  add_edit(*contacts, context);
  add_activity(*contacts, context);
  add_contacts_delete(*contacts, context);
  add_contacts_restore(*contacts, context);
}

}  // namespace suppressctl
