#include "server/import_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "server/contact_ids.hpp"
#include "server/import_rows.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr double ms_per_second = 1000;

/// Where the job stands (import_work.hpp).
struct Place {
  std::string_view stage = "unpacking";
  uint64_t first = 0;  // octets; of a scan: rows
};

Place place_of(const Job& job) {
  if (job.state == JobState::uploading) return {"uploading", 0};
  if (ended(job.state)) return {"ended", 0};
  if (job.position.empty()) return {};
  Place place;
  std::istringstream from(job.position.substr(1));
  from >> place.first;
  switch (job.position[0]) {
    case 's':
      place.stage = "scanning";
      break;
    case 'g':
      place.stage = "guarding";
      break;
    case 'r':
      place.stage = "importing";
      break;
    default:
      break;
  }
  return place;
}

uint64_t size_or_0(const std::filesystem::path& file) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

/// Since the first part, pauses included; nothing to say before the second.
void add_rate(const Job& job, const ImportCounts& counts, Json& json) {
  json["rows_per_second"] = nullptr;
  json["seconds_left"] = nullptr;
  if (counts.last_at <= counts.first_at) return;
  const double rate = static_cast<double>(counts.rows) /
                      (static_cast<double>(counts.last_at - counts.first_at) / ms_per_second);
  json["rows_per_second"] = std::round(rate);
  if (job.state != JobState::running || job.total < job.done) return;
  json["seconds_left"] = std::round(static_cast<double>(job.total - job.done) / rate);
}

Json progress_json(const Job& job) {
  if (job.state == JobState::done) return 1.0;
  if (job.total == 0) return nullptr;
  const double share = static_cast<double>(job.done) / static_cast<double>(job.total);
  return std::min(std::round(share * 10'000) / 10'000, 1.0);
}

Json suppressed_json(const ImportCounts& counts) {
  Json json{{"rows", counts.suppressed}, {"by", Json::array()}};
  for (const auto& [what, rows] : counts.reasons) {
    json["by"].push_back(
        {{"scope", name_of(what.first)}, {"reason", name_of(what.second)}, {"rows", rows}});
  }
  return json;
}

void add_counts(const ImportCounts& counts, Json& json) {
  for (size_t fate = 1; fate < import_fates; ++fate) {
    if (static_cast<ImportFate>(fate) == ImportFate::invalid) continue;
    json[std::string(name_of(static_cast<ImportFate>(fate)))] = counts.fates[fate];
  }
  json["suppressed"] = suppressed_json(counts);
  Json errors = Json::object();
  for (const auto& [error, rows] : counts.errors) {
    errors[error_name(static_cast<ImportError>(error))] = rows;
  }
  json["invalid"] = {{"rows", counts.fates[static_cast<size_t>(ImportFate::invalid)]},
                     {"errors", std::move(errors)}};
  json["clear"] = counts.clear;
}

}  // namespace

std::optional<Job> find_import(const ContactReader& reader, const ImportName& name) {
  std::optional<Job> job = reader.job(name.account, name.job);
  if (job && job->kind != JobKind::import_contacts) job.reset();
  return job;
}

uint64_t received_bytes(const ImportFiles& files, const ImportName& name, const ImportPlan& plan) {
  return plan.format ? plan.upload_bytes : size_or_0(files.upload(name));
}

Json import_json(const ContactReader& reader, const ImportFiles& files, AccountNumber account,
                 const Job& job) {
  const ImportName name{account, job.id};
  // An erasure may have taken the plan of an ended one away.
  const ImportPlan plan = parse_import_plan(job.plan).value_or(ImportPlan{});
  const ImportCounts counts = reader.import_counts(account, job.id);
  const Place place = place_of(job);
  Json json{{"id", job_id_text(job.id)}, {"mode", name_of(plan.mode)}};
  json["state"] = name_of(job.state);
  json["stage"] = place.stage;
  json["received_bytes"] = received_bytes(files, name, plan);
  json["text_bytes"] = size_or_0(files.text(name));
  json["read_bytes"] = place.stage == "importing"    ? Json(place.first)
                       : job.state == JobState::done ? json["text_bytes"]
                                                     : Json(0);
  json["total"] = job.total;
  json["rows"] = counts.rows;
  json["scanned"] = place.stage == "scanning" ? place.first : job.total;
  json["progress"] = progress_json(job);
  add_rate(job, counts, json);
  add_counts(counts, json);
  json["changed"] = job.changed;
  json["format"] = import_format_json(plan);
  json["segment"] = plan.segment == 0 ? Json(nullptr) : Json(segment_id_text(plan.segment));
  json["files_kept"] = size_or_0(files.text(name)) != 0 || size_or_0(files.upload(name)) != 0;
  json["created_at"] = time_text(job.created_at);
  json["updated_at"] = time_text(job.updated_at);
  json["by"] = job.by;
  json["result"] = job.result.empty() ? Json(nullptr) : Json::parse(job.result, nullptr, false);
  return json;
}

Problem unknown_import_problem() {
  return {404, "unknown-import", "There is no such import.", "", {}, {}, {}};
}

}  // namespace suppressd
