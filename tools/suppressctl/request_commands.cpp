// suppressctl requests: what accounts ask of support, and what support says.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "tools/suppressctl/contact_names.hpp"
#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/job_wait.hpp"
#include "tools/suppressctl/request_output.hpp"

namespace suppressctl {
namespace {

constexpr uint64_t addresses_per_answer_max = 1000;

struct FileOptions {
  std::string kind;
  std::vector<std::string> targets;
  std::string segment, channel, statement;
};

struct ListOptions {
  std::string state, kind, contact;
  bool queue = false;
  PageOptions pages;
};

struct ShowOptions {
  std::string request;
  PageOptions pages;
};

struct DecideOptions {
  std::string request, note;
  std::vector<uint64_t> only;
  bool no_wait = false;
};

std::string request_path(const Settings& settings, const std::string& id, const char* rest = "") {
  return account_path(settings, "/requests/" + percent_encode(id) + rest);
}

int file_request(const Settings& settings, const FileOptions& options) {
  Json body{{"kind", options.kind}};
  for (const std::string& target : expand_lines(options.targets))
    body[is_id('c', target) ? "contacts" : "addresses"].push_back(target);
  if (!options.segment.empty()) body["segment"] = options.segment;
  if (!options.channel.empty()) body["channel"] = options.channel;
  if (!options.statement.empty()) body["statement"] = options.statement;
  show_item(settings, Api(settings).post(account_path(settings, "/requests"), body), request_table);
  return exit_done;
}

/// Of the account; or, for support, of all accounts: what waits for a decision.
int list_requests(const Settings& settings, const ListOptions& options) {
  const bool queue = options.queue || settings.account.empty();
  if (queue && !options.contact.empty())
    throw Failure("--contact is about one account's requests: say which with --account.");
  Api api(settings);
  const QueryText query = QueryText()
                              .add("state", options.state)
                              .add("kind", options.kind)
                              .add("contact", options.contact);
  show_list(settings, api, queue ? "/v1/requests" : account_path(settings, "/requests"), query,
            request_table, options.pages);
  return exit_done;
}

/// With its addresses up to the limit, of as many answers as it takes.
Json request_with_addresses(const Settings& settings, Api& api, const ShowOptions& options) {
  const uint64_t wanted =
      options.pages.all ? UINT64_MAX : std::max<uint64_t>(1, options.pages.limit);
  const auto part = [&](uint64_t offset) {
    const uint64_t limit = std::min(wanted - offset, addresses_per_answer_max);
    return api.get(request_path(settings, options.request) +
                   QueryText()
                       .add("limit", std::to_string(limit))
                       .add("offset", std::to_string(offset))
                       .text());
  };
  Json request = part(0);
  Json& addresses = request["addresses"];
  const uint64_t end = std::min(wanted, request.value("targets", uint64_t{0}));
  while (addresses.size() < end) {
    const Json next = part(addresses.size());
    if (member_of(next, "addresses").empty()) break;
    for (const Json& address : member_of(next, "addresses")) addresses.push_back(address);
  }
  return request;
}

int show_request(const Settings& settings, const ShowOptions& options) {
  Api api(settings);
  const Json request = request_with_addresses(settings, api, options);
  Writer output = Writer::standard_output();
  if (settings.json)
    output.append(request.dump() + "\n");
  else
    write_request(request, output);
  output.flush();
  return exit_done;
}

int decide(const Settings& settings, const DecideOptions& options, const char* verb) {
  Json body = Json::object();
  if (!options.note.empty()) body["note"] = options.note;
  if (!options.only.empty()) body["only"] = options.only;
  Api api(settings);
  Json request = api.post(request_path(settings, options.request, verb), body);
  const std::string job = text_of(request, "job");
  int exit_code = exit_done;
  if (!job.empty() && !options.no_wait) {
    exit_code = job_exit_code(wait_for_job(settings, api, job));
    request = api.get(request_path(settings, options.request) + "?limit=1");
  }
  show_item(settings, request, request_table);
  return exit_code;
}

void add_file(CLI::App& requests, Context& context) {
  const auto options = std::make_shared<FileOptions>();
  CLI::App* command =
      add_command(requests, "file", "Ask support to blacklist, unsubscribe or reactivate",
                  "To reactivate, say in --statement that the addresses exist.\n\n"
                  "Exit codes: 0 filed, 2 error.\n\n"
                  "Examples:\n"
                  "  suppressctl requests file reactivate ann@example.com --statement 'She wrote "
                  "to us today.'\n"
                  "  suppressctl requests file blacklist --segment s3 --channel email");
  command->add_option("KIND", options->kind, "blacklist, unsubscribe or reactivate")->required();
  CLI::Option* targets =
      command->add_option("TARGET", options->targets, "contacts' ids and addresses; - reads lines");
  command->add_option("--segment", options->segment, "all contacts of this segment")
      ->excludes(targets);
  command->add_option("--channel", options->channel, "of contacts and segments: email or phone");
  command->add_option("--statement", options->statement, "why");
  on_run(*command, context,
         [options](const Settings& settings) { return file_request(settings, *options); });
}

void add_list(CLI::App& requests, Context& context) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* command = add_command(
      requests, "list", "List requests, oldest first",
      "Without an account, or with --queue, those of all accounts: for support. There only open\n"
      "ones are shown unless --state says otherwise.\n\n"
      "Exit codes: 0 done, 2 error.\n\n"
      "Example:\n"
      "  suppressctl requests list --queue --kind reactivate");
  command->add_option("--state", options->state, "open, approved, approved_in_part or rejected");
  command->add_option("--kind", options->kind, "blacklist, unsubscribe or reactivate");
  command->add_option("--contact", options->contact, "only about this one, such as c17");
  command->add_flag("--queue", options->queue, "of all accounts");
  add_page_options(*command, options->pages);
  on_run(*command, context,
         [options](const Settings& settings) { return list_requests(settings, *options); });
}

void add_show(CLI::App& requests, Context& context) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = add_command(requests, "show", "Show a request with its addresses' verdicts",
                                  "Exit codes: 0 done, 2 error.\n\n"
                                  "Example:\n"
                                  "  suppressctl requests show r5 --account acme");
  command->add_option("REQUEST", options->request, "its id, such as r5")->required();
  add_page_options(*command, options->pages);
  on_run(*command, context,
         [options](const Settings& settings) { return show_request(settings, *options); });
}

void add_approve(CLI::App& requests, Context& context) {
  const auto options = std::make_shared<DecideOptions>();
  CLI::App* command = add_command(
      requests, "approve", "Do what a request asks for, in its account",
      "Exit codes: 0 approved, 1 its job did not finish, 2 error, or it was decided before.\n\n"
      "Example:\n"
      "  suppressctl requests approve r5 --account acme --only 0,2 --note 'the third is a trap'");
  command->add_option("REQUEST", options->request, "its id, such as r5")->required();
  command->add_option("--note", options->note, "for the account to read");
  command->add_option("--only", options->only, "positions, as `requests show` counts them")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_wait_option(*command, options->no_wait);
  on_run(*command, context,
         [options](const Settings& settings) { return decide(settings, *options, "/approve"); });
}

void add_reject(CLI::App& requests, Context& context) {
  const auto options = std::make_shared<DecideOptions>();
  CLI::App* command = add_command(
      requests, "reject", "Refuse a request",
      "Exit codes: 0 rejected, 2 error, or it was decided before.\n\n"
      "Example:\n"
      "  suppressctl requests reject r5 --account acme --note 'They asked to be left alone.'");
  command->add_option("REQUEST", options->request, "its id, such as r5")->required();
  command->add_option("--note", options->note, "why, for the account to read")->required();
  on_run(*command, context,
         [options](const Settings& settings) { return decide(settings, *options, "/reject"); });
}

}  // namespace

void add_requests(CLI::App& app, Context& context) {
  CLI::App* requests = add_group(app, "requests", "File requests to support, and decide them",
                                 "Example:\n"
                                 "  suppressctl requests list --queue");
  add_file(*requests, context);
  add_list(*requests, context);
  add_show(*requests, context);
  add_approve(*requests, context);
  add_reject(*requests, context);
}

}  // namespace suppressctl
