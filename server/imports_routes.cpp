// Imports: upload, report, list, progress, downloads, pause, resume, cancel, confirm, delete.
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/confirmation.hpp"
#include "server/contact_ids.hpp"
#include "server/handlers.hpp"
#include "server/import_download.hpp"
#include "server/import_json.hpp"
#include "server/import_progress.hpp"
#include "server/import_upload.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t jobs_examined_max = 1'000;  // for a page of the list
constexpr uint64_t rows_max = 1ull << 53;

/// The path's import, and no query but these names. 0 is nobody's.
std::optional<Problem> read_name(const Call& call, std::initializer_list<std::string_view> known,
                                 Query& query, JobId& id) {
  if (auto problem = Query::parse(call.head.query, known, query)) return problem;
  id = parse_job_id(call.path.id).value_or(0);
  if (id == 0) return unknown_import_problem();
  return std::nullopt;
}

Problem bad_field(std::string name, const std::string& expected) {
  return invalid_request_problem(std::move(name), "bad_value", expected);
}

/// Upload-Complete (?1 or ?0), Upload-Offset, and a coding that the file itself may have.
std::optional<Problem> read_upload_fields(const Call& call, bool needs_offset,
                                          ImportUpload& upload) {
  const auto complete = call.head.field("upload-complete").value_or("?1");
  if (complete != "?1" && complete != "?0") {
    return bad_field("Upload-Complete", "Expected for Upload-Complete: ?1 or ?0.");
  }
  upload.completes = complete == "?1";
  upload.octets_max = call.parts.limits.streaming_body_bytes_max;
  // A coding is kept as it comes: what is compressed is found by its first octets.
  const auto coding = call.head.field("content-encoding").value_or("identity");
  if (coding != "identity" && coding != "gzip" && coding != "zstd") {
    return media_type_problem("gzip, zstd");
  }
  const auto offset = call.head.field("upload-offset");
  if (!needs_offset && !offset) return std::nullopt;
  const std::string_view text = offset.value_or("");
  const auto result = std::from_chars(text.data(), text.data() + text.size(), upload.offset);
  const bool number = result.ec == std::errc() && result.ptr == text.data() + text.size();
  if (!number || (!needs_offset && upload.offset != 0)) {
    return bad_field("Upload-Offset",
                     "Expected for Upload-Offset: the number of octets that are there already.");
  }
  return std::nullopt;
}

/// Sets the state of a job that is an import, then shows it.
std::unique_ptr<Exchange> change_import(const JobAuthor& author, SetJobState set,
                                        std::string_view content) {
  const JobId id = set.id;
  Change change = author.change(std::move(set), content);
  return commit_then(
      author.parts, author.wake, std::move(change), [author, id](const Outcome& made) {
        if (made.status == Outcome::Status::not_found) {
          return problem_exchange(unknown_import_problem());
        }
        if (made.status != Outcome::Status::stopped) return show_import(author, id, 200, made);
        return read_then(author.parts, author.wake, [author, id] {
          const auto job = find_import(author.parts.store.contacts(), {author.account, id});
          return problem_exchange(job ? stopped_job_problem(*job) : unknown_import_problem());
        });
      });
}

std::unique_ptr<Exchange> set_state(Call& call, JobState state) {
  Query query;
  JobId id = 0;
  if (auto problem = read_name(call, {}, query, id)) return problem_exchange(*problem);
  JobAuthor author(call);
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return read_then(call.parts, call.wake, [author, id, state] {
    if (!find_import(author.parts.store.contacts(), {author.account, id})) {
      return problem_exchange(unknown_import_problem());
    }
    return change_import(author, {author.account, id, state, "", {}}, "");
  });
}

/// What waits for a confirmation said so in its result.
bool waits_for_confirmation(const Job& job) {
  const Json result = Json::parse(job.result, nullptr, false);
  return job.state == JobState::paused && result.is_object() &&
         result.value("error", "") == "confirmation_needed";
}

std::unique_ptr<Exchange> confirm(const JobAuthor& author, JobId id, uint64_t rows,
                                  const std::string& body) {
  const auto job = find_import(author.parts.store.contacts(), {author.account, id});
  if (!job) return problem_exchange(unknown_import_problem());
  std::optional<ImportPlan> plan = parse_import_plan(job->plan);
  const bool confirmed = plan && plan->confirmed_rows == rows && !ended(job->state);
  if (!plan || (!waits_for_confirmation(*job) && !confirmed)) {
    return problem_exchange(
        {409, "nothing-to-confirm", "The import waits for no confirmation.", "", {}, {}, {}});
  }
  if (rows != job->total) return problem_exchange(wrong_number_problem(rows, job->total));
  plan->confirmed_rows = rows;
  return change_import(author, {author.account, id, JobState::running, "", import_plan_text(*plan)},
                       body);
}

void write_imports(const AppParts& parts, AccountNumber account, JobId before, size_t limit,
                   Answer& answer) {
  const uint64_t sequence = parts.store.sequence();
  const ContactReader& reader = parts.store.contacts();
  Json json{{"items", Json::array()}, {"next", nullptr}};
  const std::vector<Job> jobs = reader.jobs(account, before, jobs_examined_max + 1);
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (json["items"].size() == limit || i == jobs_examined_max) {
      json["next"] = job_id_text(jobs[i - 1].id);
      break;
    }
    if (jobs[i].kind != JobKind::import_contacts) continue;
    json["items"].push_back(import_json(reader, parts.imports, account, jobs[i]));
  }
  json["sequence"] = sequence;
  write_json(json, 200, answer);
}

std::unique_ptr<Exchange> download(Call& call, const ImportDownload& what, std::string name,
                                   std::string type) {
  Fields fields{{"Content-Type", std::move(type)},
                {"Content-Disposition", "attachment; filename=\"" + name + "\""}};
  return piece_exchange(call.parts, call.wake, import_download(call.parts, what),
                        std::move(fields));
}

}  // namespace

std::unique_ptr<Exchange> post_import(Call& call) {
  ImportUpload upload(call);
  if (auto problem = read_import_plan(call, upload.plan)) return problem_exchange(*problem);
  if (auto problem = read_upload_fields(call, false, upload)) return problem_exchange(*problem);
  if (auto problem = IdempotencyKey::read(call, upload.author.idempotency)) {
    return problem_exchange(*problem);
  }
  return upload_exchange(std::move(upload));
}

std::unique_ptr<Exchange> patch_import_upload(Call& call) {
  ImportUpload upload(call);
  Query query;
  if (auto problem = read_name(call, {}, query, upload.job)) return problem_exchange(*problem);
  if (auto problem = read_upload_fields(call, true, upload)) return problem_exchange(*problem);
  return upload_exchange(std::move(upload));
}

std::unique_ptr<Exchange> get_imports(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  const auto cursor = query.get("cursor");
  const std::optional<JobId> before = cursor ? parse_job_id(*cursor) : JobId{0};
  if (!before) return problem_exchange(bad_field("cursor", "The cursor is not one of this list."));
  return read_exchange(
      call.parts, call.wake,
      [&parts = call.parts, account = call.scope(), before = *before, limit](Answer& answer) {
        write_imports(parts, account, before, limit, answer);
      });
}

std::unique_ptr<Exchange> get_import(Call& call) {
  Query query;
  JobId id = 0;
  if (auto problem = read_name(call, {}, query, id)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&parts = call.parts, name = ImportName{call.scope(), id}](Answer& answer) {
                         const uint64_t sequence = parts.store.sequence();
                         const auto job = find_import(parts.store.contacts(), name);
                         if (!job) return write_problem(unknown_import_problem(), answer);
                         Json json =
                             import_json(parts.store.contacts(), parts.imports, name.account, *job);
                         json["sequence"] = sequence;
                         write_json(json, 200, answer);
                       });
}

std::unique_ptr<Exchange> get_import_progress(Call& call) {
  const auto accept = call.head.field("accept").value_or("");
  if (accept.find("text/event-stream") == std::string_view::npos) return get_import(call);
  Query query;
  JobId id = 0;
  if (auto problem = read_name(call, {}, query, id)) return problem_exchange(*problem);
  return import_progress_exchange(JobAuthor(call), id);
}

std::unique_ptr<Exchange> get_import_rows(Call& call) {
  Query query;
  ImportDownload what;
  what.name.account = call.scope();
  if (auto problem = read_name(call, {"class", "for"}, query, what.name.job)) {
    return problem_exchange(*problem);
  }
  const std::string name(query.get("class").value_or("all"));
  const auto wanted = parse_import_class(name);
  if (!wanted) {
    return problem_exchange(
        bad_field("class",
                  "Expected for class: all, new, updated, unchanged, restored, deleted, conflict, "
                  "duplicate, invalid, suppressed or rejected."));
  }
  what.wanted = *wanted;
  if (const auto reader = query.get("for")) {
    if (*reader != "spreadsheet") {
      return problem_exchange(bad_field("for", "Expected for for: spreadsheet."));
    }
    what.for_spreadsheet = true;
  }
  return download(call, what, job_id_text(what.name.job) + "-" + name + ".csv",
                  "text/csv; charset=utf-8");
}

std::unique_ptr<Exchange> get_import_clean(Call& call) {
  Query query;
  ImportDownload what;
  what.name.account = call.scope();
  what.clean = true;
  if (auto problem = read_name(call, {}, query, what.name.job)) return problem_exchange(*problem);
  return download(call, what, job_id_text(what.name.job) + "-clean", "application/octet-stream");
}

std::unique_ptr<Exchange> post_import_pause(Call& call) {
  return set_state(call, JobState::paused);
}

std::unique_ptr<Exchange> post_import_resume(Call& call) {
  return set_state(call, JobState::running);
}

std::unique_ptr<Exchange> post_import_cancel(Call& call) {
  return set_state(call, JobState::cancelled);
}

std::unique_ptr<Exchange> post_import_confirm(Call& call) {
  const JobId id = parse_job_id(call.path.id).value_or(0);
  if (id == 0) return problem_exchange(unknown_import_problem());
  return json_body_exchange(
      call, control_body_bytes_max,
      [id](const JobAuthor& author, JsonMembers& members, const std::string& body) {
        const auto rows = members.number("rows", rows_max);
        if (!members.has("rows")) members.fail("rows", "required");
        if (auto problem = members.problem()) return problem_exchange(*problem);
        return read_then(author.parts, author.wake, [author, id, rows = *rows, body] {
          return confirm(author, id, rows, body);
        });
      });
}

std::unique_ptr<Exchange> delete_import(Call& call) {
  Query query;
  JobId id = 0;
  if (auto problem = read_name(call, {}, query, id)) return problem_exchange(*problem);
  const JobAuthor author(call);
  Change change = author.change(ForgetImport{author.account, id});
  return commit_then(call.parts, call.wake, std::move(change), [author, id](const Outcome& made) {
    if (made.status == Outcome::Status::not_found) {
      return problem_exchange(unknown_import_problem());
    }
    if (made.status == Outcome::Status::stopped) {
      return problem_exchange(
          {409, "import-not-ended", "The import has not ended.", "Cancel it first.", {}, {}, {}});
    }
    return read_exchange(author.parts, author.wake, [author, id, made](Answer& answer) {
      author.parts.imports.remove({author.account, id});
      add_outcome_fields(made, answer);
      write_json({{"sequence", made.sequence}}, 200, answer);
    });
  });
}

}  // namespace suppressd
