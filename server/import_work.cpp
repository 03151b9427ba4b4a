#include "server/import_work.hpp"

#include <cerrno>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "persistence/contact_reader.hpp"
#include "server/import_look.hpp"
#include "server/job_work.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds slice{250};
constexpr uint64_t part_bytes_max = 4 << 20;     // of text: rows may be long
constexpr uint64_t text_bytes_max = 4ull << 40;  // of an unpacked file
constexpr size_t rows_between_clocks = 64;

std::string error_json(std::string_view error) {
  return Json{{"error", error}}.dump();
}

bool full_disk(const std::error_code& code) {
  return code.value() == ENOSPC || code.value() == EDQUOT;
}

}  // namespace

/// Runs beside the threads of jobs, which look in now and then.
class ImportWork::Unpacking {
 public:
  Unpacking(const ImportFiles& files, const ImportName& name,
            std::optional<TextEncoding> encoding) {
    std::packaged_task<bool()> task([this, &files, name, encoding] {
      return make_text(files.upload(name), files.text(name), encoding, text_bytes_max,
                       [this, &files](uint64_t octets) {
                         octets_ = octets;
                         return !stop_ && files.disk_has_room();
                       });
    });
    result_ = task.get_future();
    thread_ = std::thread(std::move(task));
  }
  ~Unpacking() {
    stop_ = true;
    thread_.join();
  }
  bool ended() const { return result_.wait_for(slice) == std::future_status::ready; }
  /// Throws what make_text() threw. Once.
  bool whole() { return result_.get(); }
  uint64_t octets() const { return octets_; }

 private:
  std::atomic<uint64_t> octets_{0};
  std::atomic<bool> stop_{false};
  std::future<bool> result_;
  std::thread thread_;
};

ImportWork::ImportWork(const Store& store, const ImportFiles& files, AccountNumber account, Job job)
    : store_(store),
      files_(files),
      account_(account),
      name_{account, job.id},
      job_(std::move(job)) {
  std::optional<ImportPlan> plan = parse_import_plan(job_.plan);
  if (!plan || !plan->format) throw std::invalid_argument("an import's plan cannot be read");
  plan_ = std::move(*plan);
  read_position();
}

ImportWork::~ImportWork() = default;

void ImportWork::read_position() {
  if (job_.position.empty()) return;
  std::istringstream from(job_.position.substr(1));
  stage_ = static_cast<Stage>(job_.position[0]);
  from >> octet_ >> row_;
  if (stage_ == Stage::guard) from >> hits_;
  if (!from) {
    if (stage_ == Stage::guard || stage_ == Stage::rows) {
      throw std::invalid_argument("an import's position cannot be read");
    }
    octet_ = row_ = 0;
  }
}

std::optional<Change> ImportWork::next() {
  if (stopped_) return std::nullopt;
  try {
    if (!files_.disk_has_room()) return stop(JobState::paused, error_json("disk_full"));
    switch (stage_) {
      case Stage::unpack:
        return unpack();
      case Stage::scan:
        return scan();
      case Stage::guard:
        return guard();
      case Stage::rows:
        return part();
    }
  } catch (const ImportTextError& bad) {
    return stop(JobState::failed, Json{{"error", bad.code}, {"detail", bad.what()}}.dump());
  } catch (const fs::filesystem_error& failure) {
    if (full_disk(failure.code())) return stop(JobState::paused, error_json("disk_full"));
    return stop(JobState::failed, error_json("file_unreadable"));
  }
  throw std::invalid_argument("an import's position cannot be read");
}

std::optional<Change> ImportWork::unpack() {
  if (!unpacking_) {
    unpacking_ = std::make_unique<Unpacking>(files_, name_, plan_.encoding_wanted);
  }
  if (!unpacking_->ended()) return move(Stage::unpack, std::to_string(unpacking_->octets()));
  const bool whole = unpacking_->whole();
  unpacking_.reset();
  if (!whole) return stop(JobState::paused, error_json("disk_full"));
  return move(Stage::scan, "0");
}

std::optional<Change> ImportWork::scan() {
  if (!scan_) {
    scan_ =
        std::make_unique<ImportScan>(files_.folder(name_), store_.fingerprint_key(), rows_from(0));
  }
  if (!scan_->go_on(slice)) return move(Stage::scan, std::to_string(scan_->rows));
  const std::unique_ptr<ImportScan> done = std::move(scan_);
  if (done->usable == 0) {
    Json result{{"error", "no_valid_row"}, {"rows", done->rows}, {"invalid", Json::object()}};
    for (const auto& [error, rows] : done->errors) {
      result["invalid"][error_name(static_cast<ImportError>(error))] = rows;
    }
    return stop(JobState::failed, result.dump());
  }
  const uint64_t contacts = store_.contacts().count_of(account_, 0, CountOf::contacts);
  const bool guarded = plan_.mode == ImportMode::suppress && plan_.confirmed_rows != done->rows &&
                       done->addresses * 100 > contacts * files_.limits().suppress_percent &&
                       contacts != 0;
  return move(guarded ? Stage::guard : Stage::rows, guarded ? "0 0 0" : "0 0", done->rows);
}

std::optional<Change> ImportWork::guard() {
  const auto until = std::chrono::steady_clock::now() + slice;
  const ContactReader& reader = store_.contacts();
  ImportRow row;
  do {
    for (size_t i = 0; i < rows_between_clocks; ++i) {
      if (!next_row(row)) {
        const uint64_t contacts = reader.count_of(account_, 0, CountOf::contacts);
        if (hits_ * 100 > contacts * files_.limits().suppress_percent &&
            plan_.confirmed_rows != job_.total) {
          return stop(JobState::paused, Json{{"error", "confirmation_needed"},
                                             {"rows", job_.total},
                                             {"affected", hits_},
                                             {"contacts", contacts}}
                                            .dump());
        }
        reader_.reset();
        octet_ = row_ = 0;
        return move(Stage::rows, "0 0");
      }
      if (row.error == ImportError::none) hits_ += hits_of(row);
    }
  } while (std::chrono::steady_clock::now() < until);
  return move(Stage::guard,
              std::to_string(octet_) + " " + std::to_string(row_) + " " + std::to_string(hits_));
}

/// How many clear contacts its suppressions would hit that no earlier row hits.
uint64_t ImportWork::hits_of(const ImportRow& row) {
  const uint8_t repeated = repeats(row_ - 1);
  uint8_t mark = ImportDuplicates::repeats;  // of the row's first address; then its phone's
  ContactId hit = 0;
  uint64_t hits = 0;
  for (const Channel channel : all_channels) {
    const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
    if (address.empty()) continue;
    const bool known = (repeated & std::exchange(mark, ImportDuplicates::phone_taken)) != 0;
    if (known) continue;
    const auto contact = store_.contacts().contact_of(account_, channel, address);
    if (!contact || contact->id == hit) continue;
    if (contact->of(channel).standing.reason != Reason::none) continue;
    hit = contact->id;
    ++hits;
  }
  return hits;
}

std::unique_ptr<ImportRows> ImportWork::rows_from(uint64_t octet) {
  return std::make_unique<ImportRows>(files_.text(name_), *plan_.format, plan_.region, normalizer_,
                                      octet);
}

/// The row at octet_, which then is past it.
bool ImportWork::next_row(ImportRow& row) {
  if (!reader_) reader_ = rows_from(octet_);
  if (!reader_->next(row)) return false;
  octet_ = row.end;
  ++row_;
  return true;
}

uint8_t ImportWork::repeats(uint64_t number) {
  if (!duplicates_) duplicates_ = std::make_unique<ImportDuplicates>(files_.duplicates(name_));
  return duplicates_->of(number);
}

ImportMark ImportWork::mark_of(const ImportRow& row, uint8_t repeated) const {
  ImportMark mark;
  const bool suppresses = plan_.mode == ImportMode::suppress;
  if (row.error != ImportError::none) {
    mark.fate = ImportFate::invalid;
    mark.error = static_cast<uint8_t>(row.error);
    return mark;
  }
  for (size_t i = 0; i < channels; ++i) {
    if (!row.addresses[i].empty()) mark.addresses[i] = ImportMark::present;
  }
  if (suppresses) {
    // What a later row says of an address counts too: a stronger reason must not get lost.
    mark.error = (repeated & ImportDuplicates::repeats) != 0 ? 1 : 0;
  } else if ((repeated & ImportDuplicates::repeats) != 0) {
    mark.fate = ImportFate::duplicate;
  } else if ((repeated & ImportDuplicates::phone_taken) != 0) {
    mark.fate = ImportFate::conflict;
  }
  return mark;
}

std::optional<Change> ImportWork::part() {
  ImportPart part;
  part.first_row = row_;
  const uint64_t begin = octet_;
  std::vector<ImportRow> rows;
  ImportRow row;
  while (part.rows.size() < job_part_rows && octet_ - begin < part_bytes_max && next_row(row)) {
    ImportMark mark = mark_of(row, repeats(row_ - 1));
    // A check must say the same of rows that change nothing.
    if (mark.fate == ImportFate::duplicate || mark.fate == ImportFate::conflict) look(row, mark);
    if (mark.fate == ImportFate::pending) rows.push_back(std::move(row));
    part.rows.push_back(mark);
  }
  if (part.rows.empty()) return last_part();
  JobStep step =
      step_to("r " + std::to_string(octet_) + " " + std::to_string(row_), part.rows.size());
  step.skipped = part.rows.size() - rows.size();
  step.import = std::move(part);
  switch (plan_.mode) {
    case ImportMode::dry_run:
      return look_only(rows, std::move(step));
    case ImportMode::contacts:
      return put_contacts(std::move(rows), std::move(step));
    case ImportMode::suppress:
      return add_suppressions(rows, std::move(step));
  }
  throw std::invalid_argument("an import's plan cannot be read");
}

Change ImportWork::put_contacts(std::vector<ImportRow> rows, JobStep step) {
  PutContacts put;
  put.account = account_;
  put.source = "import";
  put.restore_deleted = plan_.restore_deleted;
  put.rows.reserve(rows.size());
  for (ImportRow& row : rows) {
    put.rows.push_back(
        {std::move(row.addresses), std::move(row.given), std::move(row.fields), plan_.segment});
  }
  put.step = std::move(step);
  return change_of(std::move(put));
}

Change ImportWork::add_suppressions(const std::vector<ImportRow>& rows, JobStep step) {
  AddSuppressions add;
  add.scope = account_;
  const TimeMs now = now_ms();
  size_t next = 0;
  for (ImportMark& mark : step.import->rows) {
    if (mark.fate != ImportFate::pending) continue;
    const ImportRow& row = rows[next++];
    Cause cause;
    cause.reason = row.reason != Reason::none                    ? row.reason
                   : plan_.reason != Reason::none                ? plan_.reason
                   : plan_.format->origin_reason != Reason::none ? plan_.format->origin_reason
                                                                 : Reason::manual;
    cause.source = "import";
    cause.by = job_.by;
    cause.at = row.at != 0 && row.at < now ? row.at : now;
    cause.evidence = row.evidence;
    cause.campaign = plan_.campaign;
    Standing says;
    says.reason = cause.reason;
    for (const Channel channel : all_channels) {
      const size_t i = static_cast<size_t>(channel) - 1;
      if (row.addresses[i].empty()) continue;
      mark.set(i, says);
      add.rows.push_back({channel, row.addresses[i], row.given[i], row.region, cause});
    }
  }
  add.step = std::move(step);
  return change_of(std::move(add));
}

Standing ImportWork::standing(Channel channel, const std::string& address) const {
  const auto mine = store_.find(account_, channel, address);
  const auto all = store_.find(platform_number, channel, address);
  return standing_by(mine ? &*mine : nullptr, all ? &*all : nullptr);
}

void ImportWork::look(const ImportRow& row, ImportMark& mark) const {
  for (const Channel channel : all_channels) {
    const size_t i = static_cast<size_t>(channel) - 1;
    if (!row.addresses[i].empty()) mark.set(i, standing(channel, row.addresses[i]));
  }
}

Change ImportWork::look_only(const std::vector<ImportRow>& rows, JobStep step) const {
  const ContactReader& reader = store_.contacts();
  size_t next = 0;
  for (ImportMark& mark : step.import->rows) {
    if (mark.fate != ImportFate::pending) continue;
    const ImportRow& row = rows[next++];
    look(row, mark);
    std::array<std::optional<Contact>, channels> owners;
    for (const Channel channel : all_channels) {
      const size_t i = static_cast<size_t>(channel) - 1;
      if (!row.addresses[i].empty())
        owners[i] = reader.contact_of(account_, channel, row.addresses[i]);
    }
    const PutContacts::Row put{row.addresses, row.given, row.fields, plan_.segment};
    mark.fate = fate_if_put(owners, put, plan_.restore_deleted);
  }
  return change_of(MoveJob{std::move(step), 0});
}

JobStep ImportWork::step_to(std::string position, uint64_t rows) {
  JobStep step;
  step.account = account_;
  step.job = job_.id;
  step.from = std::exchange(job_.position, position);
  step.position = std::move(position);
  step.rows = rows;
  job_.done += rows;
  return step;
}

Change ImportWork::move(Stage stage, const std::string& where, uint64_t total) {
  stage_ = stage;
  JobStep step = step_to(static_cast<char>(stage) + (" " + where), 0);
  step.total = total;
  if (total != 0) job_.total = total;
  return change_of(MoveJob{std::move(step), 0});
}

Change ImportWork::last_part() {
  finished_ = true;
  JobStep step = step_to("", 0);
  step.finished = true;
  return change_of(MoveJob{std::move(step), 0});
}

Change ImportWork::stop(JobState state, std::string result) {
  stopped_ = true;
  return change_of(SetJobState{account_, job_.id, state, std::move(result), {}});
}

Change ImportWork::after_refusal() const {
  return change_of(
      SetJobState{account_, job_.id, JobState::failed, error_json("segment_not_there"), {}});
}

Change ImportWork::change_of(decltype(Change::what) what) const {
  return {std::move(what), job_.by, now_ms(), std::nullopt};
}

}  // namespace suppressd
