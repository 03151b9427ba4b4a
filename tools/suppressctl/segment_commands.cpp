// suppressctl segments: named lists of contacts.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/confirmation.hpp"
#include "tools/suppressctl/job_wait.hpp"
#include "tools/suppressctl/selection.hpp"

namespace suppressctl {
namespace {

struct SegmentOptions {
  std::string segment;
  std::string name;
  std::vector<std::string> contacts;
  PageOptions pages;
};

struct DeleteOptions {
  std::string segment;
  std::string delete_contacts;
  std::string note;
  Confirmation confirmation;
};

TableColumn contacts_column(const char* header, const char* channel) {
  const TableColumn column = number_column(header, channel);
  return {header,
          [column](const Json& segment) { return column.cell(member_of(segment, "contacts")); }};
}

const Table segment_table{{"SEGMENT", "id"},
                          {"NAME", "name"},
                          contacts_column("EMAILS", "email"),
                          contacts_column("PHONES", "phone"),
                          {"CREATED", "created_at"}};

std::string segment_path(const Settings& settings, const std::string& id, const char* rest = "") {
  return account_path(settings, "/segments/" + percent_encode(id) + rest);
}

int create_segment(const Settings& settings, const SegmentOptions& options) {
  const Json segment =
      Api(settings).post(account_path(settings, "/segments"), Json{{"name", options.name}});
  show_item(settings, segment, segment_table);
  return exit_done;
}

int list_segments(const Settings& settings, const SegmentOptions& options) {
  Api api(settings);
  show_list(settings, api, account_path(settings, "/segments"), QueryText(), segment_table,
            options.pages);
  return exit_done;
}

int show_segment(const Settings& settings, const SegmentOptions& options) {
  show_item(settings, Api(settings).get(segment_path(settings, options.segment)), segment_table);
  return exit_done;
}

int rename_segment(const Settings& settings, const SegmentOptions& options) {
  const Json segment =
      Api(settings).patch(segment_path(settings, options.segment), Json{{"name", options.name}});
  show_item(settings, segment, segment_table);
  return exit_done;
}

int add_members(const Settings& settings, const SegmentOptions& options) {
  return write_selection(settings, segment_path(settings, options.segment, "/contacts"),
                         options.contacts, Json::object(), "added");
}

int remove_members(const Settings& settings, const SegmentOptions& options) {
  return write_selection(settings, segment_path(settings, options.segment, "/contacts"),
                         options.contacts, Json::object(), "removed", SelectionMethod::remove);
}

/// The segment alone: its contacts stay.
int delete_segment(const Settings& settings, Api& api, const DeleteOptions& options,
                   const std::string& name) {
  if (!options.confirmation.yes)
    throw Failure("This would delete the segment '" + printable(name) +
                  "', not its contacts. Nothing was done; with --yes it is.");
  const Json answer =
      api.remove(segment_path(settings, options.segment) + QueryText().add("confirm", name).text());
  return finish_job(settings, api, answer, options.confirmation.no_wait);
}

int delete_with_contacts(const Settings& settings, Api& api, const DeleteOptions& options,
                         const std::string& name) {
  const Json page = api.get(segment_path(settings, options.segment, "/contacts") + "?limit=1");
  const auto write = [&](uint64_t shown_at, uint64_t expected) {
    return api.remove(segment_path(settings, options.segment) +
                      QueryText()
                          .add("confirm", name)
                          .add("delete_contacts", options.delete_contacts)
                          .add("shown_at", std::to_string(shown_at))
                          .add("expected", std::to_string(expected))
                          .add("reason", options.note)
                          .text());
  };
  return confirm_and_write(settings, api, options.confirmation, page.value("sequence", uint64_t{0}),
                           "would be deleted with the segment '" + printable(name) + "'", write);
}

int delete_command(const Settings& settings, const DeleteOptions& options) {
  Api api(settings);
  const Json segment = api.get(segment_path(settings, options.segment));
  const std::string name = segment.value("name", std::string());
  return options.delete_contacts.empty() ? delete_segment(settings, api, options, name)
                                         : delete_with_contacts(settings, api, options, name);
}

void add_delete(CLI::App& segments, Context& context) {
  const auto options = std::make_shared<DeleteOptions>();
  CLI::App* command = add_command(
      segments, "delete", "Delete a segment, and with --delete-contacts those in it",
      "Exit codes: 0 deleted, 1 the job did not finish, or there are no such contacts, 2 error or\n"
      "not confirmed.\n\n"
      "Examples:\n"
      "  suppressctl segments delete s3 --yes\n"
      "  suppressctl segments delete s3 --delete-contacts both --yes");
  command->add_option("SEGMENT", options->segment, "its id, such as s3")->required();
  command->add_option("--delete-contacts", options->delete_contacts,
                      "email, phone or both: these addresses of its contacts too");
  command->add_option("--note", options->note, "why; it is kept with the deleted contacts");
  add_confirmation_options(*command, options->confirmation);
  on_run(*command, context,
         [options](const Settings& settings) { return delete_command(settings, *options); });
}

}  // namespace

void add_segments(CLI::App& app, Context& context) {
  CLI::App* segments = add_group(app, "segments", "Keep named lists of contacts",
                                 "The contacts of one: suppressctl contacts list --segment s3\n\n"
                                 "Example:\n"
                                 "  suppressctl segments create 'Spring customers'");
  const auto options = std::make_shared<SegmentOptions>();
  using Run = int (*)(const Settings&, const SegmentOptions&);
  const auto verb = [&](const std::string& name, const char* sentence, const std::string& arguments,
                        Run run) {
    CLI::App* command = add_command(
        *segments, name, sentence,
        "Exit codes: 0 done, 2 error.\n\nExample:\n  suppressctl segments " + name + arguments);
    on_run(*command, context,
           [options, run](const Settings& settings) { return run(settings, *options); });
    return command;
  };
  CLI::App* create =
      verb("create", "Create an empty segment", " 'Spring customers'", create_segment);
  CLI::App* list = verb("list", "List the segments by name", " --all", list_segments);
  CLI::App* show = verb("show", "Show one segment", " s3", show_segment);
  CLI::App* rename = verb("rename", "Give a segment another name", " s3 'Spring'", rename_segment);
  CLI::App* add = verb("add", "Put contacts into a segment; exits with 1 if some were in it",
                       " s3 c17 ann@example.com", add_members);
  CLI::App* remove =
      verb("remove", "Take contacts out of a segment; exits with 1 if some were not in it",
           " s3 c17", remove_members);
  for (CLI::App* command : {show, rename, add, remove})
    command->add_option("SEGMENT", options->segment, "its id, such as s3")->required();
  for (CLI::App* command : {create, rename})
    command->add_option("NAME", options->name, "what people call it")->required();
  for (CLI::App* command : {add, remove})
    command->add_option("CONTACT", options->contacts, "ids or addresses; - reads lines")
        ->required();
  add_page_options(*list, options->pages);
  add_delete(*segments, context);
}

}  // namespace suppressctl
