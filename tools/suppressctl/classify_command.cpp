// suppressctl classify: what the server's bounce rules make of a reply.
#include <CLI/CLI.hpp>
#include <memory>

#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

struct ClassifyOptions {
  std::vector<std::string> texts;
  std::string code, enhanced;
};

constexpr size_t replies_per_request = 500;  // of what the server takes at once, half

const Table result_table{{"CLASS", "class"},
                         {"SUPPRESSES",
                          [](const Json& one) {
                            if (one.at("suppresses") == true) return text_of(one, "reason");
                            return std::string(one.at("reason").is_null() ? "no" : "if said again");
                          }},
                         {"RULE", "rule"},
                         {"EXPLANATION", "explanation"}};

Json reply_of(const ClassifyOptions& options, const std::string& text) {
  Json reply = Json::object();
  if (!options.code.empty()) reply["code"] = options.code;
  if (!options.enhanced.empty()) reply["enhanced"] = options.enhanced;
  if (!text.empty()) reply["text"] = text;
  return reply;
}

int classify(const Settings& settings, const ClassifyOptions& options) {
  std::vector<std::string> texts = expand_lines(options.texts);
  if (texts.empty() && options.texts.empty()) texts.emplace_back();
  Api api(settings);
  Json results = Json::array();
  for (size_t from = 0; from < texts.size(); from += replies_per_request) {
    Json replies = Json::array();
    for (size_t i = from; i < std::min(texts.size(), from + replies_per_request); ++i) {
      replies.push_back(reply_of(options, texts[i]));
    }
    const Json answer = api.post("/v1/classify", Json{{"replies", std::move(replies)}});
    for (const Json& one : answer.at("results")) results.push_back(one);
  }
  Writer output = Writer::standard_output();
  if (settings.json) {
    for (const Json& one : results) output.append(one.dump() + "\n");
  } else {
    write_table(results, result_table, output);
  }
  output.flush();
  return exit_done;
}

}  // namespace

void add_classify(CLI::App& app, Context& context) {
  const auto options = std::make_shared<ClassifyOptions>();
  CLI::App* command =
      add_command(app, "classify", "Say what a bounce's reply means, and which rule says so",
                  "Classes: hard (suppresses), hard_confirmed (if it is said again a day later), "
                  "soft, blocked\n"
                  "(the sender's or the message's fault).\n\n"
                  "Exit codes: 0 done, 2 error.\n\n"
                  "Examples:\n"
                  "  suppressctl classify '550 5.1.1 no such user'\n"
                  "  suppressctl classify --code 550 --enhanced 5.7.1\n"
                  "  cut -f2 bounces.tsv | suppressctl classify --json -");
  command->add_option("TEXT", options->texts, "replies as servers gave them; - reads lines");
  command->add_option("--code", options->code, "of SMTP, such as 550");
  command->add_option("--enhanced", options->enhanced, "of RFC 3463, such as 5.1.1");
  on_run(*command, context,
         [options](const Settings& settings) { return classify(settings, *options); });
}

}  // namespace suppressctl
