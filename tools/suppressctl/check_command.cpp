// suppressctl check: a filter. Rows go out only after their verdicts came in, whole batches in
// order; on any error the output ends at a batch's boundary.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "core/types.hpp"
#include "tools/suppressctl/columns.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/output.hpp"
#include "tools/suppressctl/request_pool.hpp"
#include "tools/suppressctl/verdicts.hpp"

namespace suppressctl {
namespace {

constexpr std::string_view verdict_columns[] = {"verdict", "reason", "scope"};

struct CheckOptions {
  std::string file = "-";
  std::string format;
  std::string column;
  std::string delimiter;
  bool header = false;
  bool no_header = false;
  std::string blocked_file;
  bool invert = false;
  bool annotate = false;
  bool count = false;
  bool exit_code = false;
  std::string region;
  std::string channel;
  std::string purpose;
  unsigned batch_rows = 50'000;
  unsigned connections = 4;
  unsigned retry_seconds = 5;

  Format row_format() const {
    if (!format.empty()) return parse_format(format);
    const Format guessed = format_of_name(file);
    return guessed == Format::text && !column.empty() ? Format::csv : guessed;
  }
  HeaderChoice header_choice() const {
    return header ? HeaderChoice::yes : no_header ? HeaderChoice::no : HeaderChoice::guess;
  }
};

/// How rows of one input are taken apart; known once the first row was seen.
struct Shape {
  Format format = Format::text;
  char delimiter = ',';
  size_t column = 0;
  std::string member;
  std::string header;  // raw, with its line end; empty when there is none

  std::string_view value_of(std::string_view row, std::string& scratch) const {
    if (format == Format::text) return row;
    if (format == Format::csv) return cell_text(row, delimiter, column, scratch);
    const Json json = Json::parse(row, nullptr, false);
    const Json* value = &json;
    if (json.is_object()) {
      const auto found = json.find(member);
      if (found == json.end()) return {};
      value = &*found;
    }
    scratch = value->is_string() ? value->get<std::string>() : std::string();
    return scratch;
  }
};

Shape shape_of(RowReader& reader, const CheckOptions& options) {
  Shape shape;
  shape.format = options.row_format();
  shape.member = options.column.empty() ? "address" : options.column;
  if (shape.format != Format::csv) {
    if (shape.format == Format::text && !options.column.empty())
      throw Failure("Text has no columns; say --format csv.");
    return shape;
  }
  const RowBatch* first = reader.first();
  if (first == nullptr) return shape;
  shape.delimiter = reader.delimiter();
  shape.column = options.column.empty()
                     ? guess_address_column(first->text(0), shape.delimiter)
                     : find_column(first->text(0), shape.delimiter, options.column);
  const bool named = options.column.find_first_not_of("0123456789") != std::string::npos;
  if (named && options.no_header) throw Failure("Without a header --column must be a number.");
  const bool header =
      named || is_header(*first, shape.delimiter, shape.column, options.header_choice());
  if (header) {
    shape.header = first->raw(0);
    reader.take_first();
  }
  return shape;
}

/// Rows with their verdicts: in the format of the input, or as JSON objects.
class RowWriter {
 public:
  RowWriter(Writer& writer, const Shape& shape, bool annotated, bool json)
      : writer_(writer), shape_(shape), annotated_(annotated), json_(json) {}

  void begin(std::string_view prefix) {
    if (json_) return;
    writer_.append(prefix);
    if (shape_.header.empty()) return;
    std::string_view header = shape_.header;
    std::string_view ending = header.substr(header.find_last_not_of("\r\n") + 1);
    header.remove_suffix(ending.size());
    writer_.append(header);
    if (annotated_)
      for (const auto name : verdict_columns)
        writer_.append(std::string(1, shape_.delimiter).append(name));
    writer_.append(ending);
  }

  void row(const RowBatch& batch, size_t i, const Finding* finding) {
    if (json_) return json_row(batch, i, finding);
    if (!annotated_) return writer_.append(batch.raw(i));
    if (shape_.format == Format::ndjson) return annotated_json(batch, i, finding);
    const char separator = shape_.format == Format::csv ? shape_.delimiter : '\t';
    writer_.append(batch.text(i));
    const std::string cells[] = {verdict_of(finding), finding ? finding->reason : "",
                                 finding ? finding->scope : ""};
    for (const auto& cell : cells) writer_.append(separator + cell);
    writer_.append(batch.ending(i));
  }

  void flush() { writer_.flush(); }

 private:
  static std::string verdict_of(const Finding* finding) {
    return finding == nullptr ? "clear" : finding->invalid ? "invalid" : "suppressed";
  }
  static void add_verdict(const Finding* finding, Json& json) {
    json["verdict"] = verdict_of(finding);
    if (finding == nullptr) return;
    json[finding->invalid ? "error" : "reason"] = finding->reason;
    if (!finding->invalid) json["scope"] = finding->scope;
  }
  void write(const Json& json) {
    writer_.append(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  void json_row(const RowBatch& batch, size_t i, const Finding* finding) {
    Json json{{"row", batch.first_row + i + 1},
              {"address", std::string(shape_.value_of(batch.text(i), scratch_))}};
    add_verdict(finding, json);
    write(json);
  }
  void annotated_json(const RowBatch& batch, size_t i, const Finding* finding) {
    Json json = Json::parse(batch.text(i), nullptr, false);
    if (json.is_discarded()) json = {{"row", std::string(batch.text(i))}};
    if (!json.is_object()) json = {{"address", json}};
    add_verdict(finding, json);
    write(json);
  }

  Writer& writer_;
  const Shape& shape_;
  bool annotated_;
  bool json_;
  std::string scratch_;
};

struct Job {
  RowBatch batch;
  Verdicts verdicts;
};

struct Counts {
  uint64_t checked = 0;
  uint64_t blocked = 0;
  uint64_t invalid = 0;
};

class Check {
 public:
  Check(const Settings& settings, const CheckOptions& options)
      : settings_(settings),
        options_(options),
        input_(options.file),
        reader_(input_, options.row_format(), parse_delimiter(options.delimiter),
                options.batch_rows),
        shape_(shape_of(reader_, options)),
        request_{settings,
                 account_path(settings, "/check") + QueryText()
                                                        .add("channel", options.channel)
                                                        .add("region", options.region)
                                                        .add("purpose", options.purpose)
                                                        .text(),
                 [this](std::string_view row, std::string& scratch) {
                   return shape_.value_of(row, scratch);
                 },
                 options.annotate || settings.json || !options.blocked_file.empty(),
                 RetryPolicy{std::chrono::seconds(options.retry_seconds), false}},
        output_(Writer::standard_output()),
        rows_(output_, shape_, options.annotate, settings.json) {
    if (options.blocked_file.empty()) return;
    blocked_output_.emplace(options.blocked_file);
    blocked_rows_.emplace(blocked_output_->writer, shape_, true, false);
  }

  int run() {
    run_in_order<Job>(
        settings_, options_.connections, [this](Job& job) { return reader_.next(job.batch); },
        [this](Job& job, Connection& connection, RequestPool& pool) {
          job.verdicts = ask_verdicts(request_, job.batch, connection,
                                      [&pool](auto time) { return pool.pause(time); });
        },
        [this](const Job& job) { finish(job); });
    if (!begun_) begin();
    if (options_.count) write_count();
    output_.flush();
    if (blocked_rows_) blocked_rows_->flush();
    say_summary();
    if (!options_.exit_code) return exit_done;
    return selected() > 0 ? exit_done : exit_no;
  }

 private:
  struct BlockedOutput {
    explicit BlockedOutput(const std::string& path) : writer(Writer::file(path)) {}
    Writer writer;
  };

  uint64_t selected() const {
    return options_.invert ? counts_.blocked : counts_.checked - counts_.blocked;
  }

  /// The header, once it is known that the server answers.
  void begin() {
    begun_ = true;
    if (!options_.count) rows_.begin(reader_.prefix());
    if (blocked_rows_) blocked_rows_->begin(reader_.prefix());
  }

  void finish(const Job& job) {
    if (!begun_) begin();
    const Verdicts& verdicts = job.verdicts;
    size_t next_finding = 0;
    for (size_t i = 0; i < job.batch.size(); ++i) {
      const bool blocked = verdicts.blocked[i];
      const Finding* finding = nullptr;
      if (blocked && !verdicts.findings.empty()) {
        finding = &verdicts.findings[next_finding++];
        if (finding->invalid) ++counts_.invalid;
      }
      if (blocked && blocked_rows_) blocked_rows_->row(job.batch, i, finding);
      const bool wanted = options_.annotate || settings_.json ? !options_.invert || blocked
                                                              : blocked == options_.invert;
      if (wanted && !options_.count) rows_.row(job.batch, i, finding);
    }
    counts_.checked += job.batch.size();
    counts_.blocked += verdicts.blocked_count;
    if (blocked_rows_) blocked_rows_->flush();
    output_.flush();
  }

  void write_count() {
    if (!settings_.json) return output_.append(std::to_string(selected()) + "\n");
    output_.append(Json{{"checked", counts_.checked},
                        {"clear", counts_.checked - counts_.blocked},
                        {"suppressed", counts_.blocked - counts_.invalid},
                        {"invalid", counts_.invalid}}
                       .dump() +
                   "\n");
  }

  void say_summary() const {
    if (settings_.quiet || options_.count || isatty(STDERR_FILENO) != 1) return;
    std::fprintf(stderr, "%s checked: %s clear, %s not to send\n", grouped(counts_.checked).c_str(),
                 grouped(counts_.checked - counts_.blocked).c_str(),
                 grouped(counts_.blocked).c_str());
  }

  const Settings& settings_;
  const CheckOptions& options_;
  InputFile input_;
  RowReader reader_;
  Shape shape_;
  CheckRequest request_;
  Writer output_;
  RowWriter rows_;
  std::optional<BlockedOutput> blocked_output_;
  std::optional<RowWriter> blocked_rows_;
  Counts counts_;
  bool begun_ = false;
};

void add_options(CLI::App& command, CheckOptions& options) {
  command.add_option("FILE", options.file, "the list; - or nothing reads standard input");
  command.add_option("--format", options.format, "text, csv or ndjson; else by the file's name");
  command.add_option("--column", options.column,
                     "CSV: the addresses' column by name or number from 1; NDJSON: their member");
  command.add_option("--delimiter", options.delimiter, "CSV: ',', ';' or tab; else found out");
  auto* header = command.add_flag("--header", options.header, "CSV: the first row is a header");
  command.add_flag("--no-header", options.no_header, "CSV: the first row is data")
      ->excludes(header);
  command.add_option("--blocked", options.blocked_file,
                     "write the other rows here, with verdict, reason and scope");
  command.add_flag("--invert,-v", options.invert, "write the rows not to send instead");
  command.add_flag("--annotate", options.annotate,
                   "write all rows, with verdict, reason and scope");
  command.add_flag("--count,-c", options.count, "write only how many rows would be written");
  command.add_flag("--exit-code", options.exit_code,
                   "exit with 0 when a row was selected, 1 when none was");
  command.add_option("--region", options.region,
                     "country of phones in national format, such as UA");
  command.add_option("--channel", options.channel, "email or phone; else an @ decides")
      ->check(CLI::IsMember({"email", "phone"}).description(""));
  command
      .add_option("--purpose", options.purpose,
                  "marketing (default) or transactional: receipts may pass an unsubscribe")
      ->check(CLI::IsMember({"marketing", "transactional"}).description(""));
  command.add_option("--batch", options.batch_rows, "rows a request (50000)")
      ->check(CLI::Range(1, 1'000'000).description(""));
  command.add_option("--connections", options.connections, "requests in flight (4)")
      ->check(CLI::Range(1, 64).description(""));
  command.add_option("--retry-for", options.retry_seconds,
                     "seconds to wait out a busy server (5); a lost one fails at once");
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = add_command(
      app, "check", "Keep the rows that may be contacted: a filter for lists",
      "Writes the clear rows byte for byte; a CSV keeps its header and quoting. A row is written\n"
      "only after the server judged it. On any error check stops and exits with 2, so a pipeline\n"
      "must look at the exit code: what was written until then is right, but not everything.\n\n"
      "Exit codes: 0 done, 2 error. With --exit-code as grep: 0 at least one row was selected\n"
      "(clear, or with --invert not clear), 1 none was, 2 error.\n\n"
      "Examples:\n"
      "  suppressctl check recipients.txt > clear.txt\n"
      "  suppressctl check --column email --blocked rejected.csv customers.csv > clear.csv\n"
      "  zcat list.gz | suppressctl check --count\n"
      "  suppressctl check --invert --annotate list.txt   # who must not be contacted, and why");
  add_options(*command, *options);
  command->callback([options, &context] {
    const Settings settings = context.settings();
    context.exit_code = Check(settings, *options).run();
  });
}

}  // namespace suppressctl
