#include "tools/suppressctl/import_options.hpp"

#include <CLI/CLI.hpp>

#include "tools/suppressctl/api.hpp"

namespace suppressctl {

Format ImportOptions::row_format() const {
  if (!format.empty()) return parse_format(format);
  const Format guessed = format_of_name(file);
  return guessed == Format::text && !columns[0].empty() ? Format::csv : guessed;
}

std::string ImportOptions::identity() const {
  Json json{format,   delimiter, header,  no_header, reason,
            campaign, evidence,  channel, region,    rows_per_batch()};
  for (const auto& column : columns) json.push_back(column);
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

void add_import_options(CLI::App& command, ImportOptions& options) {
  command.add_option("FILE", options.file, "the list; - reads standard input");
  command.add_option("--format", options.format, "text, csv or ndjson; else by the file's name");
  command.add_option("--reason", options.reason, "reason of rows that give none")
      ->type_name("REASON");
  command.add_option("--column", options.columns[0],
                     "CSV: the addresses, by name or number from 1");
  for (size_t i = 1; i < import_members.size(); ++i) {
    const std::string name(import_members[i]);
    command.add_option("--" + name + "-column", options.columns[i],
                       "CSV: " + name + "; else the column of that name, if there is one");
  }
  command.add_option("--delimiter", options.delimiter, "CSV: ',', ';' or tab; else found out");
  auto* header = command.add_flag("--header", options.header, "CSV: the first row is a header");
  command.add_flag("--no-header", options.no_header, "CSV: the first row is data")
      ->excludes(header);
  command.add_option("--campaign", options.campaign, "campaign of rows that give none");
  command.add_option("--evidence", options.evidence, "evidence of rows that give none");
  command.add_option("--channel", options.channel, "email or phone; else an @ decides")
      ->check(CLI::IsMember({"email", "phone"}).description(""));
  command.add_option("--region", options.region,
                     "country of phones in national format, such as UA");
  command.add_flag("--platform", options.platform, "into the list of all accounts");
  command.add_option("--errors", options.errors_file,
                     "write rejected rows here: line, error, address");
  auto* resume = command.add_flag("--resume", options.resume,
                                  "insist on resuming: an error when nothing was interrupted");
  command.add_flag("--restart", options.restart, "forget an interrupted import of this file")
      ->excludes(resume);
  command
      .add_option("--batch", options.batch_rows, "rows a request (1000000; 10000 with --errors)")
      ->check(CLI::Range(1u, batch_rows_max).description(""));
  command.add_option("--connections", options.connections, "requests in flight (4)")
      ->check(CLI::Range(1, 64).description(""));
  command.add_option("--retry-for", options.retry_seconds,
                     "seconds to wait for a busy or lost server (60)");
}

ImportJobOptions import_job_options(const ImportOptions& options, const CLI::App& command) {
  for (const char* name : {"--platform", "--resume", "--restart", "--batch", "--connections",
                           "--errors", "--channel", "--evidence", "--campaign-column"}) {
    if (command.count(name) > 0)
      throw Failure(std::string(name) + " is for lists in batches, without --mode or --attach.");
  }
  ImportJobOptions job = options.job;
  job.file = options.file;
  job.format = options.format;
  job.delimiter = options.delimiter;
  job.header = options.header ? "true" : options.no_header ? "false" : "";
  job.region = options.region;
  job.reason = options.reason;
  job.campaign = options.campaign;
  job.retry_seconds = options.retry_seconds;
  if (job.email_column.empty() && job.phone_column.empty())
    job.email_column = job.phone_column = options.columns[0];
  for (size_t i = 1; i < import_members.size(); ++i) {
    if (import_members[i] == "reason") job.reason_column = options.columns[i];
    if (import_members[i] == "at") job.at_column = options.columns[i];
    if (import_members[i] == "evidence") job.evidence_column = options.columns[i];
    if (import_members[i] == "region") job.region_column = options.columns[i];
  }
  return job;
}

}  // namespace suppressctl
