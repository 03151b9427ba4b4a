// suppressctl counts, analytics, causes: an account in numbers.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/job_wait.hpp"

namespace suppressctl {
namespace {

struct CountsOptions {
  bool recalculate = false;
  bool no_wait = false;
};

struct AnalyticsOptions {
  std::string channel, inactive_days;
};

struct CausesOptions {
  std::string channel, by = "reason", sort;
  PageOptions pages;
};

/// {"email":{…},"phone":{…}} as a list, each with its key as `member`.
Json rows_of(const Json& json, std::initializer_list<const char*> keys, const char* member) {
  Json rows = Json::array();
  for (const char* key : keys) {
    Json row{{member, key}};
    if (member_of(json, key).is_object()) row.update(json.at(key));
    rows.push_back(std::move(row));
  }
  return rows;
}

/// JSON as it came, or the table.
void show_answer(const Settings& settings, const Json& answer, const Json& rows,
                 const Table& table) {
  Writer output = Writer::standard_output();
  if (settings.json)
    output.append(answer.dump() + "\n");
  else
    write_table(rows, table, output);
  output.flush();
}

const Table count_table{{"CHANNEL", "channel"},
                        number_column("ALL", "all"),
                        number_column("ACTIVE", "active"),
                        number_column("SOFT BOUNCED", "soft_bounced"),
                        number_column("UNSUBSCRIBED", "unsubscribed"),
                        number_column("BLACKLISTED", "blacklisted"),
                        number_column("DELETED", "deleted")};

const Table difference_table{{"CHANNEL", "channel"},
                             {"COUNT", "count"},
                             {"VALUE", "value"},
                             number_column("STORED", "stored"),
                             number_column("COUNTED", "counted")};

int recalculate(const Settings& settings, const CountsOptions& options) {
  Api api(settings);
  const Json answer = api.post(account_path(settings, "/counts/recalculate"), Json::object());
  const int exit_code = finish_job(settings, api, answer, options.no_wait);
  if (options.no_wait || settings.json || settings.quiet) return exit_code;
  const Json job =
      api.get(account_path(settings, "/jobs/" + text_of(member_of(answer, "job"), "id")));
  const Json& result = member_of(job, "result");
  const Json& differences = member_of(result, "differences");
  Writer output = Writer::standard_output();
  output.append("\n" + counted(differences.size(), "difference") + ", " +
                text_of(result, "repaired") + " repaired\n");
  if (!differences.empty()) write_table(differences, difference_table, output);
  output.flush();
  return exit_code;
}

int counts(const Settings& settings, const CountsOptions& options) {
  if (options.recalculate) return recalculate(settings, options);
  const Json answer = Api(settings).get(account_path(settings, "/counts"));
  show_answer(settings, answer, rows_of(answer, {"email", "phone"}, "channel"), count_table);
  return exit_done;
}

std::string share_text(const Json& group) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * group.value("share_blacklisted", 0.0));
  return text;
}

/// "hard_bounce 3, complaint 1"
std::string reasons_text(const Json& group) {
  std::string text;
  for (const auto& [reason, number] : member_of(group, "by_reason").items())
    text += (text.empty() ? "" : ", ") + reason + " " + grouped(number.get<uint64_t>());
  return text;
}

int analytics(const Settings& settings, const AnalyticsOptions& options) {
  static const Table table{{"GROUP", "group"},
                           number_column("CONTACTS", "contacts"),
                           number_column("BLACKLISTED", "blacklisted"),
                           number_column("UNSUBSCRIBED", "unsubscribed"),
                           {"BLACKLISTED SHARE", share_text},
                           {"REASONS", reasons_text}};
  const Json answer = Api(settings).get(account_path(settings, "/analytics") +
                                        QueryText()
                                            .add("channel", options.channel)
                                            .add("inactive_days", options.inactive_days)
                                            .text());
  const Json& groups = member_of(answer, "groups");
  show_answer(settings, answer,
              rows_of(groups, {"active", "inactive", "lost", "never_sent"}, "group"), table);
  return exit_done;
}

int causes(const Settings& settings, const CausesOptions& options) {
  static const Table table{{"VALUE", "value"}, number_column("CONTACTS", "contacts")};
  Api api(settings);
  const QueryText query =
      QueryText().add("channel", options.channel).add("by", options.by).add("sort", options.sort);
  show_list(settings, api, account_path(settings, "/causes"), query, table, options.pages);
  return exit_done;
}

void add_counts_command(CLI::App& app, Context& context) {
  const auto options = std::make_shared<CountsOptions>();
  CLI::App* command = add_command(
      app, "counts", "Count an account's contacts by channel and state",
      "ACTIVE holds the soft-bounced ones, ALL all but the deleted. --recalculate counts the\n"
      "records anew, says what differed, and repairs it.\n\n"
      "Exit codes: 0 done, 1 the job did not finish, 2 error.\n\n"
      "Example:\n"
      "  suppressctl counts --recalculate");
  command->add_flag("--recalculate", options->recalculate, "count the records anew");
  add_wait_option(*command, options->no_wait);
  on_run(*command, context,
         [options](const Settings& settings) { return counts(settings, *options); });
}

void add_analytics(CLI::App& app, Context& context) {
  const auto options = std::make_shared<AnalyticsOptions>();
  CLI::App* command =
      add_command(app, "analytics", "Tell active, inactive, lost and never-sent contacts apart",
                  "The contacts behind a row: suppressctl contacts list --group lost\n\n"
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Example:\n"
                  "  suppressctl analytics --channel phone --inactive-days 30");
  command->add_option("--channel", options->channel, "email (default) or phone");
  command->add_option("--inactive-days", options->inactive_days,
                      "days without a sign after which one counts as inactive (90)");
  on_run(*command, context,
         [options](const Settings& settings) { return analytics(settings, *options); });
}

void add_causes(CLI::App& app, Context& context) {
  const auto options = std::make_shared<CausesOptions>();
  CLI::App* command =
      add_command(app, "causes", "Count suppressed contacts by what suppressed them",
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Example:\n"
                  "  suppressctl causes --by domain --limit 20");
  command->add_option("--by", options->by,
                      "reason (default), source, campaign, domain, day or scope");
  command->add_option("--channel", options->channel, "email (default) or phone");
  command->add_option("--sort", options->sort, "count or value");
  add_page_options(*command, options->pages);
  on_run(*command, context,
         [options](const Settings& settings) { return causes(settings, *options); });
}

}  // namespace

void add_counts(CLI::App& app, Context& context) {
  add_counts_command(app, context);
  add_analytics(app, context);
  add_causes(app, context);
}

}  // namespace suppressctl
