// suppressctl import: a file into the list, in batches, resumable; with --mode an import of the
// server's instead (import_job.hpp). Of the batches: progress is saved only behind
// what the server acknowledged; each batch carries an Idempotency-Key of its own, so one that is
// sent again after a lost answer is stored once and counted once.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/import_options.hpp"
#include "tools/suppressctl/import_rows.hpp"
#include "tools/suppressctl/import_state.hpp"
#include "tools/suppressctl/output.hpp"
#include "tools/suppressctl/progress.hpp"
#include "tools/suppressctl/request_pool.hpp"

namespace suppressctl {
namespace {

constexpr size_t import_batch_bytes = 64 << 20;
/// Read while the connections work: a batch is large, and reading one is quick.
constexpr unsigned batches_ready_max = 1;
struct Job {
  RowBatch batch;
  ImportCounts counts;
  std::vector<RejectedRow> rejected;
};

/// The rejected rows' file: one CSV line each, cut back to what was acknowledged when resuming.
class ErrorsFile {
 public:
  ErrorsFile(const std::string& path, uint64_t keep_bytes) {
    if (path.empty()) return;
    std::error_code missing;
    const bool resumed = keep_bytes > 0 && std::filesystem::file_size(path, missing) >= keep_bytes;
    writer_.emplace(path, resumed ? std::optional<uint64_t>(keep_bytes) : std::nullopt);
    bytes_ = resumed ? keep_bytes : 0;
    if (!resumed) append("line,error,address\n");
  }

  void add(uint64_t line, const std::string& error, std::string_view address) {
    if (!writer_) return;
    std::string cell;
    const bool quoted = address.find_first_of(",\"\r\n") != std::string_view::npos;
    for (const char c : address) cell.append(c == '"' ? 2 : 1, c);
    append(std::to_string(line) + "," + error + "," + (quoted ? "\"" + cell + "\"" : cell) + "\n");
  }
  void flush() {
    if (writer_) writer_->writer.flush();
  }
  uint64_t bytes() const { return bytes_; }

 private:
  struct File {
    File(const std::string& path, std::optional<uint64_t> keep)
        : writer(keep ? Writer::continued(path, *keep) : Writer::file(path)) {}
    Writer writer;
  };
  void append(const std::string& line) {
    writer_->writer.append(line);
    bytes_ += line.size();
  }
  std::optional<File> writer_;
  uint64_t bytes_ = 0;
};

class Import {
 public:
  Import(const Settings& settings, const ImportOptions& options)
      : settings_(settings), options_(options), input_(options.file) {
    if (!options.errors_file.empty() && options.rows_per_batch() > batch_rows_with_errors_max)
      throw Failure("With --errors a batch has at most " +
                    std::to_string(batch_rows_with_errors_max) + " rows.");
    if (!input_.is_standard_input()) {
      state_file_.emplace(options.file,
                          settings.server + suppressions_path(settings, options.platform),
                          environment_variable);
      state_.file = identify(input_);
    }
    state_.options = options.identity();
    resumed_ = resume_from_saved();
    reader_.emplace(
        input_, options.row_format(),
        resumed_ ? std::optional<char>(state_.delimiter) : parse_delimiter(options.delimiter),
        options.rows_per_batch(), state_.position, import_batch_bytes);
    read_shape();
    target_ = target();
    if (resumed_) return;
    state_.id = random_id();
    // Before the first row is sent: whatever happens to its answer, its key is known again.
    if (state_file_) state_file_->save(state_);
  }

  int run() {
    ErrorsFile errors(options_.errors_file, state_.errors_bytes);
    Progress progress(state_.file.size, state_.position.offset, settings_.quiet);
    uint64_t rows_now = 0;
    run_in_order<Job>(
        settings_, options_.connections, [this](Job& job) { return reader_->next(job.batch); },
        [this](Job& job, Connection& connection, RequestPool& pool) {
          send(job, connection, pool);
        },
        [&](const Job& job) {
          acknowledge(job, errors);
          rows_now += job.batch.size();
          progress.update(state_.position.offset, rows_now);
        },
        batches_ready_max);
    errors.flush();
    if (state_file_) state_file_->remove();
    const double seconds = progress.elapsed().count();
    say_summary(rows_now, seconds);
    return exit_done;
  }

 private:
  std::string target() const {
    QueryText query;
    query.add("source", "import")
        .add("channel", options_.channel)
        .add("region", options_.region)
        .add("reason", options_.reason)
        .add("campaign", options_.campaign)
        .add("evidence", options_.evidence);
    shape_.add_to(query);
    return suppressions_path(settings_, options_.platform) + query.text();
  }

  bool resume_from_saved() {
    if (!state_file_) {
      if (options_.resume) throw Failure("Standard input cannot be resumed.");
      return false;
    }
    if (options_.restart) {
      state_file_->remove();
      return false;
    }
    const auto saved = state_file_->load();
    if (!saved) {
      if (options_.resume)
        throw Failure("There is no unfinished import of " + options_.file + " to resume.");
      return false;
    }
    if (saved->file != state_.file)
      throw Failure(options_.file +
                    " changed since its import was interrupted. Import it from the start with "
                    "--restart; what is stored already stays as it is.");
    if (saved->options != state_.options)
      throw Failure("The interrupted import of " + options_.file +
                    " had other options. Repeat them, or start over with --restart.");
    state_ = *saved;
    if (!settings_.quiet && state_.position.row > 0)
      std::fprintf(stderr, "Resuming behind row %s.\n", grouped(state_.position.row).c_str());
    return true;
  }

  void read_shape() {
    shape_.format = options_.row_format();
    if (shape_.format != Format::csv) return check_no_columns();
    std::string first_row = state_.header;
    if (!resumed_) {
      const RowBatch* first = reader_->first();
      if (first == nullptr) return;
      shape_.delimiter = reader_->delimiter();
      first_row = first->text(0);
      const auto& wanted = options_.columns[0];
      const bool named = wanted.find_first_not_of("0123456789") != std::string::npos;
      const size_t column = wanted.empty() ? guess_address_column(first_row, shape_.delimiter)
                                           : find_column(first_row, shape_.delimiter, wanted);
      if (named || is_header(*first, shape_.delimiter, column, options_.header_choice())) {
        shape_.header = first->raw(0);
        reader_->take_first();
      }
      state_.delimiter = shape_.delimiter;
      state_.header = first_row;
    }
    shape_.delimiter = state_.delimiter;
    shape_.columns = find_import_columns(first_row, shape_.delimiter, options_.columns,
                                         resumed_ || !shape_.header.empty());
  }

  void check_no_columns() const {
    for (const auto& column : options_.columns)
      if (!column.empty()) throw Failure("Only a CSV has columns; say --format csv.");
  }

  void send(Job& job, Connection& connection, RequestPool& pool) {
    ImportBody body = import_body(job.batch, shape_);
    job.rejected = std::move(body.rejected);
    job.counts.invalid = job.rejected.size();
    if (body.bytes.empty()) return;
    HttpRequest request = request_to(settings_, "POST", target_);
    request.fields.emplace_back("Content-Type", std::string(body.content_type));
    request.fields.emplace_back("Accept", "application/json");
    request.fields.emplace_back("Idempotency-Key",
                                "import-" + state_.id + "-" + std::to_string(job.batch.end_offset));
    request.body = body.bytes;
    const RetryPolicy retry{std::chrono::seconds(options_.retry_seconds), true};
    const HttpAnswer answer = send_patiently(connection, request, retry, [&](auto time) {
      say_waiting();
      return pool.pause(time);
    });
    read_answer(parse_answer(answer.body), body, job);
  }

  static void read_answer(const Json& answer, const ImportBody& body, Job& job) {
    try {
      const uint64_t invalid = answer.at("invalid");
      job.counts.added = answer.at("added");
      job.counts.updated = answer.at("updated");
      job.counts.unchanged = answer.at("unchanged");
      job.counts.invalid += invalid;
      for (const Json& error : answer.value("errors", Json::array()))
        job.rejected.push_back({row_behind(error.at("index").get<size_t>(), body, job),
                                error.at("error").get<std::string>()});
    } catch (const std::exception&) {
      throw Failure("The server's answer to a batch makes no sense; its rows count as not sent.");
    }
    if (job.counts.rows() != job.batch.size())
      throw Failure("The server counted other rows than were sent; the batch counts as not sent.");
  }

  static size_t row_behind(size_t index, const ImportBody& body, const Job& job) {
    const size_t row = body.rows.empty() ? index : body.rows.at(index);
    return row < job.batch.size() ? row : throw std::out_of_range("no such row");
  }

  void say_waiting() {
    if (settings_.quiet || waiting_said_.exchange(true)) return;
    std::fprintf(stderr, "The server does not take rows now; trying again for up to %u seconds.\n",
                 options_.retry_seconds);
  }

  void acknowledge(const Job& job, ErrorsFile& errors) {
    waiting_said_ = false;
    write_rejected(job, errors);
    state_.counts.added += job.counts.added;
    state_.counts.updated += job.counts.updated;
    state_.counts.unchanged += job.counts.unchanged;
    state_.counts.invalid += job.counts.invalid;
    state_.position = {job.batch.end_offset, job.batch.first_row + job.batch.size(),
                       job.batch.end_line};
    state_.errors_bytes = errors.bytes();
    if (state_file_) state_file_->save(state_);
  }

  void write_rejected(const Job& job, ErrorsFile& errors) const {
    if (job.rejected.empty()) return errors.flush();
    std::vector<RejectedRow> rejected = job.rejected;
    std::sort(rejected.begin(), rejected.end(),
              [](const RejectedRow& a, const RejectedRow& b) { return a.row < b.row; });
    uint64_t line = job.batch.first_line;
    size_t row = 0;
    std::string scratch;
    for (const auto& one : rejected) {
      for (; row < one.row; ++row) line += job.batch.lines_of(row);
      errors.add(line, one.error, shape_.address_of(job.batch.text(row), scratch));
    }
    errors.flush();
  }

  void say_summary(uint64_t rows_now, double seconds) const {
    const ImportCounts& counts = state_.counts;
    Writer output = Writer::standard_output();
    if (settings_.json) {
      output.append(Json{{"rows", counts.rows()},
                         {"added", counts.added},
                         {"updated", counts.updated},
                         {"unchanged", counts.unchanged},
                         {"invalid", counts.invalid},
                         {"resumed", resumed_}}
                        .dump() +
                    "\n");
    } else if (!settings_.quiet) {
      Columns columns({"ROWS", "ADDED", "UPDATED", "UNCHANGED", "INVALID", "SECONDS", "ROWS/S"});
      char text[32];
      std::snprintf(text, sizeof text, "%.1f", seconds);
      const auto rate =
          static_cast<uint64_t>(static_cast<double>(rows_now) / std::max(seconds, 1e-3));
      columns.add({grouped(counts.rows()), grouped(counts.added), grouped(counts.updated),
                   grouped(counts.unchanged), grouped(counts.invalid), text, grouped(rate)});
      columns.write(output);
    }
    output.flush();
    if (counts.invalid > 0 && options_.errors_file.empty() && !settings_.quiet)
      std::fprintf(stderr, "Which rows are invalid, and why, is written with --errors FILE.\n");
  }

  const Settings& settings_;
  const ImportOptions& options_;
  std::string target_;
  InputFile input_;
  std::optional<ImportStateFile> state_file_;  // none for standard input
  ImportState state_;
  bool resumed_ = false;
  std::optional<RowReader> reader_;
  ImportShape shape_;
  std::atomic<bool> waiting_said_{false};
};

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = add_command(
      app, "import", "Add a file of addresses to the list, or of contacts to the account",
      "Without --mode, a list of suppressions: reads CSV, NDJSON (the API's objects) or plain "
      "text. An import that was interrupted goes "
      "on\n"
      "where the server acknowledged it when the same command is given again; --restart begins\n"
      "anew. A row that cannot be read is counted as invalid and never fails the others.\n\n"
      "With --mode (or --contacts, --dry-run) the file goes to the server as it is, in any "
      "format,\n"
      "encoding and compression; the server finds its columns, screens the contacts and reports.\n"
      "The upload goes on where a broken connection left it; after Ctrl-C, with --attach.\n\n"
      "Reasons: hard_bounce complaint unsubscribe manual invalid_address spam_trap legal\n"
      "soft_bounce_limit\n\n"
      "Exit codes: 0 every row was sent and judged, 1 the server's import was cancelled, failed "
      "or\n"
      "waits for a confirmation, 2 error (resume by repeating the command, or with --attach).\n\n"
      "Examples:\n"
      "  suppressctl import unsubscribed.txt --reason unsubscribe\n"
      "  suppressctl import bounces.csv --column email --reason-column why --errors bad.csv\n"
      "  suppressctl import --platform --reason spam_trap traps.txt\n"
      "  suppressctl import --contacts customers.csv.gz --clean clean.csv --rejected bad.csv\n"
      "  suppressctl import --mode suppress mailgun_bounces.csv");
  add_import_options(*command, *options);
  add_import_job_options(*command, options->job);
  command->callback([options, command, &context] {
    const Settings settings = context.settings();
    if (options->job.wanted()) {
      context.exit_code = run_import_job(settings, import_job_options(*options, *command));
      return;
    }
    if (options->file.empty()) throw Failure("Which FILE? - reads standard input.");
    const auto& job = options->job;
    if (job.detach || !job.clean.empty() || !job.rejected.empty() || !job.rows.empty())
      throw Failure("Give --mode suppress, --contacts or --dry-run for an import that reports.");
    context.exit_code = Import(settings, *options).run();
  });
}

}  // namespace suppressctl
