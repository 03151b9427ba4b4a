// suppressctl export: any list of contacts as CSV, or into a segment.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/suppressctl/contact_filter.hpp"
#include "tools/suppressctl/job_wait.hpp"

namespace suppressctl {
namespace {

struct ExportOptions {
  ContactFilter filter;
  std::string output, columns, sort, segment, new_segment;
  bool spreadsheet = false;
  bool gzip = false;
  bool no_wait = false;
};

int export_to_segment(const Settings& settings, const ExportOptions& options) {
  Json body{{"filter", options.filter.json()}};
  if (!options.segment.empty()) body["segment"] = options.segment;
  if (!options.new_segment.empty()) body["new_segment"] = options.new_segment;
  Api api(settings);
  const Json answer = api.post(account_path(settings, "/exports"), body);
  if (!settings.quiet && !settings.json)
    std::fprintf(stderr, "Into segment %s.\n", text_of(answer, "segment").c_str());
  return finish_job(settings, api, answer, options.no_wait);
}

std::string csv_target(const Settings& settings, const ExportOptions& options) {
  return account_path(settings, "/exports") +
         options.filter.query()
             .add("sort", options.sort)
             .add("columns", options.columns)
             .add("for", options.spreadsheet ? "spreadsheet" : "")
             .add("gzip", options.gzip ? "true" : "")
             .text();
}

void download(const Settings& settings, const ExportOptions& options, Writer& writer) {
  const HttpAnswer answer = Api(settings).download(
      csv_target(settings, options), [&writer](std::string_view piece) { writer.append(piece); });
  writer.flush();
  if (!settings.quiet)
    std::fprintf(stderr, "As of sequence %s.\n",
                 std::string(answer.field("suppress-sequence")).c_str());
}

int export_csv(const Settings& settings, const ExportOptions& options) {
  if (options.output.empty() || options.output == "-") {
    Writer writer = Writer::standard_output();
    download(settings, options, writer);
  } else {
    write_whole_file(options.output, [&](Writer& writer) { download(settings, options, writer); });
  }
  return exit_done;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = add_command(
      app, "export", "Write a list of contacts as CSV, or put it into a segment",
      "All rows are of one moment. A file gets its name when it is whole; to standard output a\n"
      "list is whole when the exit code is 0.\n\n"
      "Exit codes: 0 done, 1 the segment's job did not finish, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl export --state blacklisted --columns all --output blacklisted.csv\n"
      "  suppressctl export --group inactive --into-new 'Sleeping customers'");
  options->filter.add_options(*command);
  command->add_option("--output,-o", options->output, "the file (standard output)")
      ->type_name("FILE");
  command->add_option("--columns", options->columns, "addresses (default), or all that is stored");
  command->add_option("--sort", options->sort, "address (default) or time, newest first");
  command->add_flag("--spreadsheet", options->spreadsheet,
                    "cells that a spreadsheet would run as formulas are made harmless");
  command->add_flag("--gzip", options->gzip, "compressed");
  CLI::Option* into =
      command->add_option("--into", options->segment, "into this segment, such as s3, instead");
  command->add_option("--into-new", options->new_segment, "into a new segment of this name instead")
      ->excludes(into);
  add_wait_option(*command, options->no_wait);
  on_run(*command, context, [options](const Settings& settings) {
    const bool to_segment = !options->segment.empty() || !options->new_segment.empty();
    return to_segment ? export_to_segment(settings, *options) : export_csv(settings, *options);
  });
}

}  // namespace suppressctl
