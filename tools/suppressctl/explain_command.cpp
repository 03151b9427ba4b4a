// suppressctl explain: may this address be contacted, and if not, who said so, when and why.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/causes_output.hpp"
#include "tools/suppressctl/command.hpp"

namespace suppressctl {
namespace {

struct ExplainOptions {
  std::string address;
  std::string channel;
  bool exit_code = false;
};

std::string colored(const Settings& settings, std::string_view verdict) {
  const std::string text(verdict);
  if (!settings.color) return text;
  const char* color = verdict == "clear"     ? "\x1b[32m"
                      : verdict == "invalid" ? "\x1b[33m"
                                             : "\x1b[31m";
  return color + text + "\x1b[0m";
}

void write_verdict(const Settings& settings, const Json& answer, Writer& output) {
  const std::string verdict = text_of(answer, "verdict");
  output.append(text_of(answer, "address") + ": " + colored(settings, verdict));
  const std::string reason =
      verdict == "invalid" ? text_of(answer, "error") : text_of(answer, "reason");
  if (!reason.empty()) output.append(" (" + reason);
  const std::string scope = text_of(answer, "scope");
  if (!reason.empty()) output.append(scope.empty() ? ")" : ", scope " + scope + ")");
  output.append("\n");
}

int explain(const Settings& settings, const ExplainOptions& options) {
  Api api(settings);
  const std::string query =
      QueryText().add("channel", options.channel).add("address", options.address).text();
  const Json answer = api.get(account_path(settings, "/explain") + query);
  Writer output = Writer::standard_output();
  if (settings.json) {
    output.append(answer.dump() + "\n");
  } else {
    write_verdict(settings, answer, output);
    write_causes(member_of(answer, "causes"), output);
    write_exemption(member_of(answer, "exemption"), output);
  }
  output.flush();
  return options.exit_code && text_of(answer, "verdict") != "clear" ? exit_no : exit_done;
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = add_command(
      app, "explain", "Say whether an address may be contacted, and why not",
      "Exit codes: 0 done, 2 error. With --exit-code: 0 clear, 1 not clear, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl explain ada@example.com\n"
      "  suppressctl explain --json +380501234567");
  command->add_option("ADDRESS", options->address, "email or phone")->required();
  command->add_option("--channel", options->channel, "email or phone; else an @ decides")
      ->check(CLI::IsMember({"email", "phone"}).description(""));
  command->add_flag("--exit-code", options->exit_code, "exit with 1 unless it is clear");
  command->callback(
      [options, &context] { context.exit_code = explain(context.settings(), *options); });
}

}  // namespace suppressctl
