#include "tools/suppressctl/import_job.hpp"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "tools/suppressctl/import_upload.hpp"
#include "tools/suppressctl/listing.hpp"
#include "tools/suppressctl/progress.hpp"

namespace suppressctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_look{10};
constexpr milliseconds longest_look{1000};
constexpr int server_error = 500;

volatile sig_atomic_t interrupted = 0;

/// The first Ctrl-C ends the command in order; the second one at once.
class InterruptGuard {
 public:
  InterruptGuard() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;

 private:
  struct sigaction before_ {};
};

std::string nested(const Json& json, const char* outer, const char* inner) {
  const Json& object = member_of(json, outer);
  if (!object.is_object() || !object.contains(inner)) return "";
  const Json& value = object[inner];
  return value.is_number_unsigned() ? grouped(value.get<uint64_t>()) : text_of(object, inner);
}

const Table import_table{
    {"IMPORT", "id"},
    {"MODE", "mode"},
    {"STATE", "state"},
    number_column("ROWS", "rows"),
    number_column("NEW", "new"),
    number_column("UPDATED", "updated"),
    number_column("UNCHANGED", "unchanged"),
    number_column("RESTORED", "restored"),
    number_column("DELETED", "deleted_kept"),
    number_column("DUPLICATE", "duplicate"),
    {"SUPPRESSED", [](const Json& json) { return nested(json, "suppressed", "rows"); }},
    {"INVALID", [](const Json& json) { return nested(json, "invalid", "rows"); }},
    number_column("CLEAR", "clear"),
    {"RESULT", [](const Json& json) { return nested(json, "result", "error"); }},
};

bool ended(const Json& import) {
  const std::string state = text_of(import, "state");
  return state == "done" || state == "cancelled" || state == "failed";
}

bool waits_for_confirmation(const Json& import) {
  return text_of(import, "state") == "paused" &&
         nested(import, "result", "error") == "confirmation_needed";
}

/// People count columns from 1, the server from 0.
std::string column_for_server(const std::string& column) {
  if (column.empty() || column.size() > 9 ||
      column.find_first_not_of("0123456789") != std::string::npos)
    return column;
  const unsigned long number = std::stoul(column);
  if (number == 0) throw Failure("Columns are counted from 1.");
  return std::to_string(number - 1);
}

std::string mode_of(const ImportJobOptions& options) {
  if (options.dry_run) return "dry_run";
  if (options.contacts) return "contacts";
  return options.mode == "dry-run" ? "dry_run" : options.mode;
}

std::string query_of(const ImportJobOptions& options) {
  QueryText query;
  query.add("mode", mode_of(options))
      .add("email_column", column_for_server(options.email_column))
      .add("phone_column", column_for_server(options.phone_column))
      .add("reason_column", column_for_server(options.reason_column))
      .add("at_column", column_for_server(options.at_column))
      .add("evidence_column", column_for_server(options.evidence_column))
      .add("region_column", column_for_server(options.region_column))
      .add("format", options.format)
      .add("delimiter", options.delimiter == "\t" ? "tab" : options.delimiter)
      .add("header", options.header)
      .add("encoding", options.encoding)
      .add("default_region", options.region)
      .add("reason", options.reason)
      .add("campaign", options.campaign)
      .add("segment", options.segment)
      .add("restore_deleted", options.restore_deleted ? "true" : "")
      .add("confirm", options.confirm == 0 ? "" : std::to_string(options.confirm));
  std::string text = query.text();
  // An empty list of fields means none, which is not the same as no list.
  if (options.fields == "none") return text + (text.empty() ? "?fields=" : "&fields=");
  if (options.fields.empty()) return text;
  return text + (text.empty() ? "?" : "&") + "fields=" + percent_encode(options.fields);
}

class ImportJob {
 public:
  ImportJob(const Settings& settings, const ImportJobOptions& options)
      : settings_(settings),
        options_(options),
        patience_(std::chrono::seconds(options.retry_seconds), [] { return interrupted != 0; }),
        api_(settings),
        id_(options.attach) {
    for (const std::string& one : options.rows) {
      const size_t equals = one.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == one.size())
        throw Failure("'" + one + "' should look like invalid=bad.csv.");
      files_.emplace_back("/rows?class=" + percent_encode(one.substr(0, equals)),
                          one.substr(equals + 1));
    }
    if (!options.rejected.empty()) files_.emplace_back("/rows?class=rejected", options.rejected);
    if (!options.clean.empty()) files_.emplace_back("/clean", options.clean);
  }

  int run() {
    const InterruptGuard guard;
    try {
      if (!options_.file.empty() && !upload()) return say_interrupted();
      if (options_.attach.empty() || !options_.file.empty()) say_id();
      if (options_.confirm != 0 && !options_.attach.empty()) confirm();
      if (options_.detach) return show(look());
      const std::optional<Json> import = follow();
      return import ? finish(*import) : say_interrupted();
    } catch (const ConnectionLost&) {
      say_how_to_go_on();
      throw;
    } catch (const Refusal& refusal) {
      if (refusal.status >= server_error) say_how_to_go_on();  // busy too long, a full disk
      throw;
    }
  }

 private:
  std::string path(const std::string& rest = "") const {
    return account_path(settings_, "/imports/" + percent_encode(id_) + rest);
  }

  bool upload() {
    ImportUpload upload(settings_, options_.file, query_of(options_), id_, patience_);
    std::optional<Progress> progress;
    try {
      const bool whole = upload.run([&](uint64_t bytes, uint64_t of) {
        id_ = upload.id();
        if (!progress) progress.emplace(of, bytes, settings_.quiet, "bytes");
        progress->update(bytes, bytes);
      });
      id_ = upload.id();
      return whole;
    } catch (...) {
      id_ = upload.id();
      throw;
    }
  }

  Json look() {
    Json import;
    while (!patience_.attempt([&] { import = api_.get(path()); }) && !patience_.stopped()) {
    }
    return import;
  }

  void confirm() { (void)api_.post(path("/confirm"), Json{{"rows", options_.confirm}}); }

  /// Until it has ended or waits for a confirmation; nullopt when interrupted.
  std::optional<Json> follow() {
    std::optional<Progress> scanning, importing;
    bool rest_said = false;
    for (milliseconds pause = first_look; !patience_.stopped();
         pause = std::min(pause * 2, longest_look)) {
      const Json import = look();
      if (patience_.stopped()) break;
      const std::string state = text_of(import, "state");
      if (ended(import) || waits_for_confirmation(import)) return import;
      if (state == "uploading")
        throw Failure("The file of import " + id_ + " is not complete. Go on with: " + go_on());
      if (state == "paused" && !std::exchange(rest_said, true) && !settings_.quiet)
        std::fprintf(stderr, "The import rests (%s); it goes on with: suppressctl jobs resume %s\n",
                     nested(import, "result", "error").c_str(), id_.c_str());
      const uint64_t total = import.value("total", uint64_t{0});
      const uint64_t rows = import.value("rows", uint64_t{0});
      if (total == 0) {
        if (!scanning) scanning.emplace(0, 0, settings_.quiet);
        scanning->update(0, import.value("scanned", uint64_t{0}));
      } else {
        scanning.reset();
        if (!importing) importing.emplace(total, rows, settings_.quiet);
        importing->update(rows, rows);
      }
      (void)patience_.pause(pause);
    }
    return std::nullopt;
  }

  int finish(const Json& import) {
    const int code = show(import);
    if (waits_for_confirmation(import)) {
      const uint64_t rows = import["result"].value("rows", uint64_t{0});
      if (!settings_.quiet)
        std::fprintf(stderr,
                     "That would suppress a large share of the account's contacts. If it is meant: "
                     "suppressctl import --attach %s --confirm %s\n",
                     id_.c_str(), std::to_string(rows).c_str());
      return exit_no;
    }
    if (text_of(import, "state") == "failed") return code;
    for (const auto& [what, file] : files_) fetch(what, file);
    return code;
  }

  void fetch(const std::string& what, const std::string& file) {
    write_whole_file(file, [&](Writer& writer) {
      api_.download(path(what), [&writer](std::string_view piece) { writer.append(piece); });
    });
  }

  int show(const Json& import) const {
    show_item(settings_, import, import_table);
    const bool stopped = ended(import) && text_of(import, "state") != "done";
    return stopped ? exit_no : exit_done;
  }

  std::string go_on() const {
    return "suppressctl import --attach " + id_ +
           (options_.file.empty() ? " FILE" : " " + options_.file);
  }

  void say_id() const {
    if (!settings_.quiet) std::fprintf(stderr, "Import %s.\n", id_.c_str());
  }

  void say_how_to_go_on() const {
    if (id_.empty() || settings_.quiet) return;
    std::fprintf(stderr, "What the server has of it stays. Go on with: %s\n", go_on().c_str());
  }

  int say_interrupted() const {
    say_how_to_go_on();
    throw Failure(id_.empty() ? "Interrupted before the server took anything." : "Interrupted.");
  }

  const Settings& settings_;
  const ImportJobOptions& options_;
  Patience patience_;
  Api api_;
  std::string id_;
  std::vector<std::pair<std::string, std::string>> files_;  // what is fetched, and where to
};

}  // namespace

void add_import_job_options(CLI::App& command, ImportJobOptions& options) {
  const char* group = "Imports that the server reads";
  const auto text = [&](const char* name, std::string& value, const char* sentence) {
    return command.add_option(name, value, sentence)->group(group);
  };
  CLI::Option* mode =
      text("--mode", options.mode, "contacts, suppress or dry-run, by the server")
          ->check(CLI::IsMember({"contacts", "suppress", "dry-run", "dry_run"}).description(""));
  CLI::Option* contacts = command.add_flag("--contacts", options.contacts, "--mode contacts")
                              ->group(group)
                              ->excludes(mode);
  command.add_flag("--dry-run", options.dry_run, "--mode dry-run: report only")
      ->group(group)
      ->excludes(mode)
      ->excludes(contacts);
  text("--attach", options.attach,
       "go on with this import: its upload (with FILE), then its report")
      ->type_name("ID");
  command.add_flag("--detach", options.detach, "do not wait until it has ended")->group(group);
  text("--email-column", options.email_column, "by name or number from 1; else found");
  text("--phone-column", options.phone_column, "likewise");
  text("--fields", options.fields,
       "columns that become fields: City:city,Name; or none; else all that are nothing else");
  text("--encoding", options.encoding, "utf-8, utf-16le, utf-16be or latin1; else found");
  text("--segment", options.segment, "contacts join it, such as s3");
  command.add_flag("--restore-deleted", options.restore_deleted, "deleted contacts come back")
      ->group(group);
  command
      .add_option("--confirm", options.confirm,
                  "suppress: that many rows are meant, whatever share of the contacts they are")
      ->type_name("ROWS")
      ->group(group);
  text("--clean", options.clean, "write the clear rows here, as they came")->type_name("FILE");
  text("--rejected", options.rejected, "write the rows that were not taken here, with why")
      ->type_name("FILE");
  command
      .add_option("--rows", options.rows,
                  "write a class of rows: new, updated, unchanged, restored, deleted, conflict,\n"
                  "duplicate, invalid, suppressed, rejected or all; again for more")
      ->type_name("CLASS=FILE")
      ->allow_extra_args(false)
      ->group(group);
}

int run_import_job(const Settings& settings, const ImportJobOptions& options) {
  if (options.file.empty() && options.attach.empty()) throw Failure("Which FILE?");
  if (options.file == "-")
    throw Failure("Standard input cannot be uploaded in parts; put it into a file first.");
  return ImportJob(settings, options).run();
}

}  // namespace suppressctl
