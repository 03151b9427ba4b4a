// suppressctl contacts add: one contact from the arguments, or many from NDJSON.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/contact_output.hpp"
#include "tools/suppressctl/contact_verbs.hpp"
#include "tools/suppressctl/input_rows.hpp"

namespace suppressctl {
namespace {

struct AddOptions {
  std::vector<std::string> addresses;
  std::vector<std::string> fields;
  std::string region, segment, source;
  bool restore_deleted = false;
};

const Table total_table{number_column("CREATED", "created"),
                        number_column("UPDATED", "updated"),
                        number_column("UNCHANGED", "unchanged"),
                        number_column("INVALID", "invalid"),
                        {"SEQUENCE", "sequence"}};

TableColumn verdict_column(const char* header, const char* channel) {
  return {header,
          [channel](const Json& result) { return verdict_text(member_of(result, channel)); }};
}

const Table result_table{{"CONTACT", "id"},
                         {"RESULT", "result"},
                         verdict_column("EMAIL", "email"),
                         verdict_column("PHONE", "phone")};

std::string target(const Settings& settings, const AddOptions& options) {
  return account_path(settings, "/contacts") +
         QueryText()
             .add("restore_deleted", options.restore_deleted ? "true" : "")
             .add("segment", options.segment)
             .add("region", options.region)
             .add("source", options.source)
             .text();
}

Json row_of(const AddOptions& options) {
  Json row = Json::object();
  for (const std::string& address : options.addresses) {
    const char* channel = address.find('@') != std::string::npos ? "email" : "phone";
    if (row.contains(channel))
      throw Failure("A contact has at most one email and one phone; - reads many contacts.");
    row[channel] = address;
  }
  if (!options.fields.empty()) row["fields"] = fields_json(options.fields, EmptyField::stays_empty);
  return row;
}

int exit_code_of(const Json& answer) {
  return member_of(answer, "errors").empty() && answer.value("invalid", uint64_t{0}) == 0
             ? exit_done
             : exit_no;
}

int add_one(const Settings& settings, const AddOptions& options) {
  const Json answer = Api(settings).post(target(settings, options), row_of(options));
  Writer output = Writer::standard_output();
  const Json& results = member_of(answer, "results");
  if (settings.json)
    output.append(answer.dump() + "\n");
  else if (!settings.quiet && !results.empty())
    write_table(results, result_table, output);
  output.flush();
  write_row_errors(settings, member_of(answer, "errors"));
  return exit_code_of(answer);
}

int add_rows(const Settings& settings, const AddOptions& options) {
  if (!options.fields.empty()) throw Failure("--field belongs to a contact given as arguments.");
  Api api(settings);
  const Json total = send_ndjson(settings, api, target(settings, options), "-");
  show_item(settings, total, total_table);
  write_row_errors(settings, total.at("errors"));
  return exit_code_of(total);
}

}  // namespace

Json fields_json(const std::vector<std::string>& arguments, EmptyField empty) {
  Json fields = Json::object();
  for (const std::string& argument : arguments) {
    const size_t sign = argument.find('=');
    if (sign == std::string::npos || sign == 0)
      throw Failure("'" + printable(argument) + "' is no field; it should look like city=Kyiv.");
    const std::string value = argument.substr(sign + 1);
    const bool remove = value.empty() && empty == EmptyField::removes;
    fields[argument.substr(0, sign)] = remove ? Json(nullptr) : Json(value);
  }
  return fields;
}

void add_contacts_add(CLI::App& contacts, Context& context) {
  const auto options = std::make_shared<AddOptions>();
  CLI::App* command = add_command(
      contacts, "add", "Add contacts, or change those that have these addresses",
      "- reads a contact a line, such as {\"email\":\"ann@example.com\",\"fields\":{\"city\":"
      "\"Kyiv\"}}.\n"
      "A suppressed address is accepted, stays suppressed, and the answer says so.\n\n"
      "Exit codes: 0 all were taken, 1 some could not be, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl contacts add ann@example.com +380501234567 --field city=Kyiv\n"
      "  suppressctl contacts add - --segment s3 < contacts.ndjson");
  command->add_option("ADDRESS", options->addresses, "an email, a phone, or both; - reads NDJSON")
      ->required();
  command->add_option("--field", options->fields, "name=value; may be given more than once")
      ->allow_extra_args(false);
  command->add_option("--region", options->region, "country of phones in national format");
  command->add_option("--segment", options->segment, "put them into this segment");
  command->add_option("--source", options->source, "api (default) or import");
  command->add_flag("--restore-deleted", options->restore_deleted,
                    "those that were deleted are shown again, as suppressed as before");
  on_run(*command, context, [options](const Settings& settings) {
    const bool rows = options->addresses == std::vector<std::string>{"-"};
    return rows ? add_rows(settings, *options) : add_one(settings, *options);
  });
}

}  // namespace suppressctl
