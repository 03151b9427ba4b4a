// suppressctl explain: may this address be contacted, and if not, who said so, when and why.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/output.hpp"

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

void write_causes(const Json& answer, Writer& output) {
  const Json causes = answer.value("causes", Json::array());
  if (causes.empty()) return;
  Columns columns({"REASON", "SCOPE", "WHEN", "SOURCE", "BY", "CAMPAIGN", "EVIDENCE"});
  for (const Json& cause : causes)
    columns.add({text_of(cause, "reason"), text_of(cause, "scope"), text_of(cause, "at"),
                 text_of(cause, "source"), text_of(cause, "by"), text_of(cause, "campaign"),
                 text_of(cause, "evidence")});
  output.append("\n");
  columns.write(output);
}

void write_exemption(const Json& answer, Writer& output) {
  const auto exemption = answer.find("exemption");
  if (exemption == answer.end() || !exemption->is_object()) return;
  output.append("\nMade active again for this account " + text_of(*exemption, "at") + " by " +
                text_of(*exemption, "by"));
  const std::string note = text_of(*exemption, "note");
  output.append(note.empty() ? ".\n" : ": " + note + "\n");
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
    write_causes(answer, output);
    write_exemption(answer, output);
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
