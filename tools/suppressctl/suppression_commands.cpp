// suppressctl add, remove, list: single entries of the list.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

struct AddOptions {
  std::vector<std::string> addresses;
  std::string reason = "manual";
  std::string evidence;
  std::string campaign;
  std::string channel;
  std::string region;
  bool platform = false;
};

struct RemoveOptions {
  std::vector<std::string> addresses;
  std::string channel;
  bool platform = false;
};

struct ListOptions {
  std::string channel;
  std::string reason;
  std::string source;
  std::string since;
  std::string prefix;
  PageOptions pages;
  bool platform = false;
};

Json row_of(const std::string& address, const AddOptions& options) {
  Json row{{"address", address}, {"reason", options.reason}};
  if (!options.channel.empty()) row["channel"] = options.channel;
  if (!options.region.empty()) row["region"] = options.region;
  if (!options.evidence.empty()) row["evidence"] = options.evidence;
  if (!options.campaign.empty()) row["campaign"] = options.campaign;
  return row;
}

int add(const Settings& settings, const AddOptions& options) {
  const auto addresses = expand_lines(options.addresses);
  if (addresses.empty()) return exit_done;
  Json rows = Json::array();
  for (const auto& address : addresses) rows.push_back(row_of(address, options));
  const Json answer = Api(settings).post(suppressions_path(settings, options.platform),
                                         Json{{"suppressions", std::move(rows)}});
  Writer output = Writer::standard_output();
  if (settings.json) {
    output.append(answer.dump() + "\n");
  } else if (!settings.quiet) {
    Columns columns({"ADDED", "UPDATED", "UNCHANGED", "INVALID", "SEQUENCE"});
    columns.add({text_of(answer, "added"), text_of(answer, "updated"), text_of(answer, "unchanged"),
                 text_of(answer, "invalid"), text_of(answer, "sequence")});
    columns.write(output);
  }
  output.flush();
  for (const Json& error : member_of(answer, "errors")) {
    const size_t index = error.value("index", addresses.size());
    const std::string address = index < addresses.size() ? printable(addresses[index]) : "a row";
    if (!settings.quiet)
      std::fprintf(stderr, "%s: %s\n", address.c_str(), text_of(error, "error").c_str());
  }
  return answer.value("invalid", uint64_t{0}) == 0 ? exit_done : exit_no;
}

int remove(const Settings& settings, const RemoveOptions& options) {
  Api api(settings);
  Writer output = Writer::standard_output();
  int exit_code = exit_done;
  for (const auto& address : expand_lines(options.addresses)) {
    const std::string channel = !options.channel.empty()                 ? options.channel
                                : address.find('@') != std::string::npos ? "email"
                                                                         : "phone";
    Json result{{"address", address}, {"removed", true}};
    try {
      const Json answer = api.remove(suppressions_path(settings, options.platform) + "/" + channel +
                                     "/" + percent_encode(address));
      result["sequence"] = answer.value("sequence", uint64_t{0});
    } catch (const Refusal& refusal) {
      if (refusal.type != "/problems/unknown-suppression") throw;
      result["removed"] = false;
      exit_code = exit_no;
    }
    if (settings.json)
      output.append(result.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    else if (!settings.quiet)
      output.append(printable(address) +
                    (result["removed"].get<bool>() ? ": removed\n" : ": was not on the list\n"));
  }
  output.flush();
  return exit_code;
}

const Table entry_table{
    {"ADDRESS", "address"},
    {"CHANNEL", "channel"},
    {"REASON", "reason"},
    {"CAUSES", [](const Json& item) { return std::to_string(member_of(item, "causes").size()); }},
    {"SINCE", "first_at"},
    {"LAST", "last_at"}};

int list(const Settings& settings, const ListOptions& options) {
  Api api(settings);
  const QueryText query = QueryText()
                              .add("channel", options.channel)
                              .add("reason", options.reason)
                              .add("source", options.source)
                              .add("since", options.since)
                              .add("prefix", options.prefix);
  show_list(settings, api, suppressions_path(settings, options.platform), query, entry_table,
            options.pages);
  return exit_done;
}

void add_add(CLI::App& app, Context& context) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* command = add_command(
      app, "add", "Put addresses on the list",
      "Reasons: hard_bounce complaint unsubscribe manual invalid_address spam_trap legal\n"
      "soft_bounce_limit\n\n"
      "Exit codes: 0 all are on the list, 1 some could not be read, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl add ada@example.com --reason complaint --evidence 'ticket 4711'\n"
      "  suppressctl add --platform --reason hard_bounce +380501234567\n"
      "  grep -h @ *.txt | suppressctl add - --reason unsubscribe");
  command->add_option("ADDRESS", options->addresses, "emails and phones; - reads lines")
      ->required();
  command->add_option("--reason", options->reason, "why (manual)");
  command->add_option("--evidence", options->evidence, "what proves it, such as an SMTP reply");
  command->add_option("--campaign", options->campaign, "the campaign it came from");
  command->add_option("--channel", options->channel, "email or phone; else an @ decides");
  command->add_option("--region", options->region, "country of phones in national format");
  command->add_flag("--platform", options->platform, "for all accounts");
  command->callback([options, &context] { context.exit_code = add(context.settings(), *options); });
}

void add_remove(CLI::App& app, Context& context) {
  auto options = std::make_shared<RemoveOptions>();
  CLI::App* command =
      add_command(app, "remove", "Take addresses off the list: they become active again",
                  "Exit codes: 0 all were removed, 1 some were not on the list, 2 error.\n\n"
                  "Examples:\n"
                  "  suppressctl remove ada@example.com\n"
                  "  suppressctl remove --platform +380501234567");
  command->add_option("ADDRESS", options->addresses, "emails and phones; - reads lines")
      ->required();
  command->add_option("--channel", options->channel, "email or phone; else an @ decides");
  command->add_flag("--platform", options->platform, "from the list of all accounts");
  command->callback(
      [options, &context] { context.exit_code = remove(context.settings(), *options); });
}

void add_list(CLI::App& app, Context& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command =
      add_command(app, "list", "Show the list",
                  "With --json one entry a line, with all its causes.\n\n"
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Examples:\n"
                  "  suppressctl list --reason complaint --since 2026-01-01T00:00:00Z\n"
                  "  suppressctl list --prefix info@ --all\n"
                  "  suppressctl list --all --json > backup.ndjson");
  command->add_option("--channel", options->channel, "email or phone");
  command->add_option("--reason", options->reason, "only with this strongest reason");
  command->add_option("--source", options->source, "only with a cause from this source");
  command->add_option("--since", options->since, "only with a cause since, as RFC 3339");
  command->add_option("--prefix", options->prefix, "only addresses that begin so");
  add_page_options(*command, options->pages);
  command->add_flag("--platform", options->platform, "the list of all accounts");
  command->callback(
      [options, &context] { context.exit_code = list(context.settings(), *options); });
}

}  // namespace

void add_suppressions(CLI::App& app, Context& context) {
  add_add(app, context);
  add_remove(app, context);
  add_list(app, context);
}

}  // namespace suppressctl
