// suppressctl import --mode: a file into an import of the server's, which reads it as a whole (any
// format, encoding and compression), screens contacts, reports, and gives back clean and rejected
// rows. See import_command.cpp for the other way, suppressions in batches.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/command.hpp"

namespace suppressctl {

/// Texts as on the command line; empty: not given.
struct ImportJobOptions {
  std::string file;
  std::string mode;
  bool contacts = false, dry_run = false;  // short for --mode
  std::string attach;
  bool detach = false;
  std::string email_column, phone_column, reason_column, at_column, evidence_column, region_column;
  std::string fields;
  std::string format, delimiter, header, encoding, region, reason, campaign, segment;
  bool restore_deleted = false;
  uint64_t confirm = 0;
  std::string clean, rejected;
  std::vector<std::string> rows;  // CLASS=FILE
  unsigned retry_seconds = 60;

  /// Whether the command line asks for an import of the server's.
  bool wanted() const { return contacts || dry_run || !mode.empty() || !attach.empty(); }
};

/// The options that are this way's alone.
void add_import_job_options(CLI::App& command, ImportJobOptions& options);
/// Uploads, follows and fetches; gives the exit code.
int run_import_job(const Settings& settings, const ImportJobOptions& options);

}  // namespace suppressctl
