// What suppressctl import is told on its command line: of both ways of importing.
#pragma once

#include <string>

#include "tools/suppressctl/columns.hpp"
#include "tools/suppressctl/import_job.hpp"
#include "tools/suppressctl/import_rows.hpp"
#include "tools/suppressctl/rows.hpp"

namespace suppressctl {

inline constexpr unsigned batch_rows_max = 1'000'000;
/// The server names at most so many rejected rows in an answer; each must have its line in
/// --errors.
inline constexpr unsigned batch_rows_with_errors_max = 10'000;

struct ImportOptions {
  std::string file;
  std::string format;
  WantedColumns columns;
  std::string delimiter;
  bool header = false;
  bool no_header = false;
  std::string reason;
  std::string campaign;
  std::string evidence;
  std::string channel;
  std::string region;
  std::string errors_file;
  bool platform = false;
  bool resume = false;
  bool restart = false;
  unsigned batch_rows = 0;  // as many as may be
  unsigned connections = 4;
  unsigned retry_seconds = 60;
  ImportJobOptions job;

  Format row_format() const;
  unsigned rows_per_batch() const {
    if (batch_rows != 0) return batch_rows;
    return errors_file.empty() ? batch_rows_max : batch_rows_with_errors_max;
  }
  HeaderChoice header_choice() const {
    return header ? HeaderChoice::yes : no_header ? HeaderChoice::no : HeaderChoice::guess;
  }
  /// What decides how rows are read and what they mean: a resumed import must agree in all of it.
  std::string identity() const;
};

void add_import_options(CLI::App& command, ImportOptions& options);
/// Those of an import of the server's. Throws Failure for options that such imports do not know.
ImportJobOptions import_job_options(const ImportOptions& options, const CLI::App& command);

}  // namespace suppressctl
