// suppressctl events: what campaigns learn of addresses, told to the server.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

const Table total_table{number_column("ACCEPTED", "accepted"),
                        number_column("INVALID", "invalid"),
                        number_column("SUPPRESSED", "suppressed"),
                        {"SEQUENCE", "sequence"}};

int send_events(const Settings& settings, const std::string& file) {
  Api api(settings);
  const Json total = send_ndjson(settings, api, account_path(settings, "/events"), file);
  show_item(settings, total, total_table);
  write_row_errors(settings, total.at("errors"));
  return total.value("invalid", uint64_t{0}) == 0 ? exit_done : exit_no;
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
  CLI::App* events = add_group(app, "events", "Tell what happened to messages",
                               "Example:\n"
                               "  suppressctl events send events.ndjson");
  const auto file = std::make_shared<std::string>();
  CLI::App* command = add_command(
      *events, "send", "Send events: sent, delivered, opened, clicked, bounced, …",
      "An event a line:\n"
      "  "
      "{\"type\":\"bounced\",\"address\":\"ann@example.com\",\"code\":550,\"enhanced\":\"5.1.1\",\n"
      "   \"text\":\"no such user\",\"campaign\":\"spring\",\"at\":\"2026-01-31T09:30:00Z\","
      "\"event_id\":\"e1\"}\n"
      "Types: sent delivered opened clicked bounced complained unsubscribed replied\n"
      "A bounced one has its reply (code, enhanced, text), or \"bounce\":\"hard\" or \"soft\".\n"
      "An event_id counts once within 7 days.\n\n"
      "Exit codes: 0 all were taken, 1 some could not be read, 2 error.\n\n"
      "Example:\n"
      "  grep -h bounced *.ndjson | suppressctl events send -");
  command->add_option("FILE", *file, "NDJSON; - reads standard input")->required();
  on_run(*command, context,
         [file](const Settings& settings) { return send_events(settings, *file); });
}

}  // namespace suppressctl
