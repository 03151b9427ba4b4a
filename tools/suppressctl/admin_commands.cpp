// suppressctl accounts, keys: administration.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

struct AccountOptions {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> region;
  std::optional<bool> self_service, trusted_bounces;
  bool if_missing = false;
};

struct KeyOptions {
  std::string id;
  std::string role;
  std::string name;
};

const Table account_table{{"ACCOUNT", "account"},
                          {"NAME", "name"},
                          {"REGION", "default_region"},
                          {"CREATED", "created_at"}};

const Table key_table{{"ID", "id"},     {"ROLE", "role"},          {"ACCOUNT", "account"},
                      {"NAME", "name"}, {"CREATED", "created_at"}, {"REVOKED", "revoked_at"}};

Json account_body(const AccountOptions& options) {
  Json body = Json::object();
  if (options.name) body["name"] = *options.name;
  if (options.region)
    body["default_region"] = options.region->empty() ? Json(nullptr) : Json(*options.region);
  if (options.self_service) body["policies"]["self_service"] = *options.self_service;
  if (options.trusted_bounces) body["policies"]["trusted_bounces"] = *options.trusted_bounces;
  return body;
}

int create_account(const Settings& settings, const AccountOptions& options) {
  Json body{{"account", options.id}};
  body.update(account_body(options));
  Api api(settings);
  Json account;
  try {
    account = api.post("/v1/accounts", body);
  } catch (const Refusal& refusal) {
    if (!options.if_missing || refusal.type != "/problems/account-exists") throw;
    account = api.get("/v1/accounts/" + percent_encode(options.id));
  }
  show_item(settings, account, account_table);
  return exit_done;
}

int show_account(const Settings& settings, const AccountOptions& options) {
  const Json account = Api(settings).get("/v1/accounts/" + percent_encode(options.id));
  show_item(settings, account, account_table);
  return exit_done;
}

int set_account(const Settings& settings, const AccountOptions& options) {
  const Json body = account_body(options);
  if (body.empty()) throw Failure("Nothing to set: give --name, --region or a policy.");
  const Json account = Api(settings).patch("/v1/accounts/" + percent_encode(options.id), body);
  show_item(settings, account, account_table);
  return exit_done;
}

int list_accounts(const Settings& settings) {
  Api api(settings);
  show_list(settings, api, "/v1/accounts", QueryText(), account_table);
  return exit_done;
}

/// The account belongs to the roles that are bound to one; it may come from the settings like any.
int create_key(const Settings& settings, const KeyOptions& options) {
  Json body{{"role", options.role}};
  const bool bound = options.role != "admin" && options.role != "support";
  if (bound) body["account"] = settings.required_account();
  if (!options.name.empty()) body["name"] = options.name;
  const Json key = Api(settings).post("/v1/keys", body);
  Writer output = Writer::standard_output();
  output.append(settings.json ? key.dump() + "\n" : text_of(key, "key") + "\n");
  output.flush();
  if (!settings.json && !settings.quiet)
    std::fprintf(stderr, "This is key %s of role %s. It is shown this once; keep it safe.\n",
                 text_of(key, "id").c_str(), text_of(key, "role").c_str());
  return exit_done;
}

int revoke_key(const Settings& settings, const KeyOptions& options) {
  const Json answer = Api(settings).remove("/v1/keys/" + percent_encode(options.id));
  const auto id = [&options](const Json&) { return options.id; };
  const auto state = [](const Json&) { return "revoked"; };
  show_item(settings, answer, {{"ID", id}, {"STATE", state}});
  return exit_done;
}

int list_keys(const Settings& settings) {
  Api api(settings);
  show_list(settings, api, "/v1/keys", QueryText(), key_table);
  return exit_done;
}

void add_accounts(CLI::App& app, Context& context) {
  CLI::App* accounts =
      add_command(app, "accounts", "Create, list, show and change accounts",
                  "Example:\n"
                  "  suppressctl accounts create acme --name 'Acme Ltd' --region UA");
  accounts->require_subcommand(1);
  auto options = std::make_shared<AccountOptions>();
  const auto sub = [&](const char* name, const char* sentence, auto run) {
    CLI::App* command = add_command(*accounts, name, sentence, "Exit codes: 0 done, 2 error.");
    command->callback(
        [options, &context, run] { context.exit_code = run(context.settings(), *options); });
    return command;
  };
  CLI::App* create = sub("create", "Create an account", create_account);
  create->add_flag("--if-missing", options->if_missing, "an account that exists is no error");
  CLI::App* set = sub("set", "Change an account", set_account);
  CLI::App* show_command = sub("show", "Show one account", show_account);
  sub("list", "List all accounts",
      [](const Settings& settings, const AccountOptions&) { return list_accounts(settings); });
  set->add_option("--self-service", options->self_service,
                  "yes: owners may add suppressions and make contacts active themselves");
  set->add_option("--trusted-bounces", options->trusted_bounces,
                  "yes: its hard bounces count for all accounts at once");
  for (CLI::App* command : {create, set, show_command})
    command->add_option("ID", options->id, "lower-case letters, digits, - and _")->required();
  for (CLI::App* command : {create, set}) {
    command->add_option("--name", options->name, "what people call it");
    command->add_option("--region", options->region,
                        "country of its phones in national format, such as UA; '' for none");
  }
}

void add_keys(CLI::App& app, Context& context) {
  CLI::App* keys = add_command(app, "keys", "Create, list and revoke API keys",
                               "Example:\n"
                               "  suppressctl keys create --role sender --account acme "
                               "--name pipeline");
  keys->require_subcommand(1);
  auto options = std::make_shared<KeyOptions>();
  const auto sub = [&](const char* name, const char* sentence, auto run) {
    CLI::App* command = add_command(*keys, name, sentence, "Exit codes: 0 done, 2 error.");
    command->callback(
        [options, &context, run] { context.exit_code = run(context.settings(), *options); });
    return command;
  };
  CLI::App* create =
      sub("create", "Create a key; it is written to standard output, once", create_key);
  create->add_option("--role", options->role, "admin, support, owner, sender or checker")
      ->required();
  create->add_option("--name", options->name, "what it is for");
  sub("list", "List all keys; the keys themselves are never shown",
      [](const Settings& settings, const KeyOptions&) { return list_keys(settings); });
  sub("revoke", "Revoke a key", revoke_key)
      ->add_option("ID", options->id, "the key's id, as in the list")
      ->required();
}

}  // namespace

void add_administration(CLI::App& app, Context& context) {
  add_accounts(app, context);
  add_keys(app, context);
}

}  // namespace suppressctl
