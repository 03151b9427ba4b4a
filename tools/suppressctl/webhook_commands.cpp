// suppressctl webhooks: how mail providers prove what they report; and unsubscribe-token, which makes
// what List-Unsubscribe needs.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

struct WebhookOptions {
  std::string provider;
  std::vector<std::string> topics;
  std::string public_key, user, secret_file;
  std::optional<bool> feeds_platform;
};

const Table webhook_table{{"PROVIDER", "provider"},  {"SECRET", "secret_id"},
                          {"USER", "user"},          {"PLATFORM", "feeds_platform"},
                          {"CHANGED", "changed_at"}, {"BY", "changed_by"}};

std::string webhook_path(const Settings& settings, const WebhookOptions& options) {
  return account_path(settings, "/webhooks/" + percent_encode(options.provider));
}

/// A secret on the command line would be seen by others on the machine.
std::string read_secret(const std::string& file) {
  std::string text;
  if (file == "-") {
    std::getline(std::cin, text);
  } else {
    std::ifstream input(file);
    if (!input) throw Failure("Cannot read " + file + ".");
    std::getline(input, text);
  }
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) throw Failure("There is no secret in " + file + ".");
  return text;
}

/// A PEM file's inside is what the server wants.
std::string read_public_key(const std::string& given) {
  std::ifstream input(given);
  if (!input) return given;
  std::string key;
  for (std::string line; std::getline(input, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.starts_with("-----")) key += line;
  }
  return key;
}

int set_webhook(const Settings& settings, const WebhookOptions& options) {
  Json body = Json::object();
  if (!options.topics.empty()) body["topics"] = options.topics;
  if (!options.public_key.empty()) body["public_key"] = read_public_key(options.public_key);
  if (!options.user.empty()) body["user"] = options.user;
  if (!options.secret_file.empty()) {
    const char* const name = options.provider == "mailgun" ? "signing_key" : "secret";
    body[name] = read_secret(options.secret_file);
  }
  if (options.feeds_platform) body["feeds_platform"] = *options.feeds_platform;
  if (body.empty()) throw Failure("Nothing to set: see suppressctl webhooks set --help.");
  const Json set = Api(settings).put(webhook_path(settings, options), body);
  show_item(settings, set, webhook_table);
  return exit_done;
}

int show_webhooks(const Settings& settings, const WebhookOptions& options) {
  Api api(settings);
  if (!options.provider.empty()) {
    show_item(settings, api.get(webhook_path(settings, options)), webhook_table);
    return exit_done;
  }
  const Json items = api.get(account_path(settings, "/webhooks")).at("items");
  Writer output = Writer::standard_output();
  if (settings.json) {
    for (const Json& one : items) output.append(one.dump() + "\n");
  } else {
    write_table(items, webhook_table, output);
  }
  output.flush();
  return exit_done;
}

int remove_webhook(const Settings& settings, const WebhookOptions& options) {
  const Json answer = Api(settings).remove(webhook_path(settings, options));
  const auto provider = [&options](const Json&) { return options.provider; };
  const auto state = [](const Json&) { return "removed"; };
  show_item(settings, answer, {{"PROVIDER", provider}, {"STATE", state}});
  return exit_done;
}

struct TokenOptions {
  std::vector<std::string> addresses;
  std::string list, expires_at;
};

int make_tokens(const Settings& settings, const TokenOptions& options) {
  Json body{{"addresses", options.addresses}};
  if (!options.list.empty()) body["list"] = options.list;
  if (!options.expires_at.empty()) body["expires_at"] = options.expires_at;
  const Json made = Api(settings).post(account_path(settings, "/unsubscribe-tokens"), body);
  Writer output = Writer::standard_output();
  if (settings.json) {
    output.append(made.dump() + "\n");
  } else {
    for (const Json& one : made.at("tokens")) {
      const std::string& address = options.addresses.at(one.at("index").get<size_t>());
      output.append(address + "\t" + text_of(one, "path") + "\n");
    }
  }
  output.flush();
  write_row_errors(settings, made.at("errors"));
  return made.value("invalid", uint64_t{0}) == 0 ? exit_done : exit_no;
}

void add_verbs(CLI::App& webhooks, Context& context) {
  auto options = std::make_shared<WebhookOptions>();
  const auto sub = [&](const char* name, const char* sentence, const char* footer, auto run) {
    CLI::App* command = add_command(webhooks, name, sentence, footer);
    on_run(*command, context,
           [options, run](const Settings& settings) { return run(settings, *options); });
    return command;
  };
  constexpr const char* codes = "Exit codes: 0 done, 2 error.";
  CLI::App* set = sub("set", "Set how a provider proves itself; what is left out stays",
                      "ses: --topic; sendgrid: --public-key; mailgun: --secret-file (the HTTP "
                      "webhook signing key);\npostmark, dsn, arf: --secret-file, and --user for "
                      "basic auth instead of a bearer token.\n\nExit codes: 0 done, 2 error.",
                      set_webhook);
  CLI::App* show_command =
      sub("show", "Show one or all; secrets are never shown", codes, show_webhooks);
  CLI::App* removed = sub("remove", "Take nothing from a provider any more", codes, remove_webhook);
  constexpr const char* names = "ses, sendgrid, mailgun, postmark, dsn or arf";
  for (CLI::App* command : {set, removed}) {
    command->add_option("PROVIDER", options->provider, names)->required();
  }
  show_command->add_option("PROVIDER", options->provider, names);
  set->add_option("--topic", options->topics, "ARN of an SNS topic; may be repeated");
  set->add_option("--public-key", options->public_key, "the key as text, or a PEM file");
  set->add_option("--user", options->user, "name of basic auth");
  set->add_option("--secret-file", options->secret_file, "file that holds the secret; - reads it")
      ->type_name("FILE");
  set->add_option("--feeds-platform", options->feeds_platform,
                  "yes: its hard bounces count for all accounts at once (support only)");
}

}  // namespace

void add_webhooks(CLI::App& app, Context& context) {
  CLI::App* webhooks =
      add_group(app, "webhooks", "Let mail providers report bounces and complaints",
                "Example:\n"
                "  suppressctl webhooks set sendgrid --public-key MFkwEw…");
  add_verbs(*webhooks, context);
  auto options = std::make_shared<TokenOptions>();
  CLI::App* token = add_command(
      app, "unsubscribe-token", "Make tokens for List-Unsubscribe (RFC 8058)",
      "Writes a line an address: the address, a tab, and the path that unsubscribes it.\n\n"
      "Exit codes: 0 done, 1 some could not be read, 2 error.\n\n"
      "Example:\n"
      "  suppressctl unsubscribe-token ann@example.com --list news");
  token->add_option("ADDRESS", options->addresses, "emails or phones")->required();
  token->add_option("--list", options->list, "kept as the campaign of the unsubscribe");
  token->add_option("--expires-at", options->expires_at, "a time such as 2027-01-31T00:00:00Z");
  on_run(*token, context,
         [options](const Settings& settings) { return make_tokens(settings, *options); });
}

}  // namespace suppressctl
