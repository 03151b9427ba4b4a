#include "server/import_upload.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "server/committer.hpp"
#include "server/contact_problems.hpp"
#include "server/import_json.hpp"
#include "server/json_answer.hpp"
#include "server/mailbox.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/upload_file.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t block_bytes = 512 << 10;

Problem wrong_offset_problem(uint64_t right) {
  return {409,
          "wrong-offset",
          "The upload goes on elsewhere.",
          "Send what comes after received_bytes, and its number in Upload-Offset.",
          {{"Upload-Offset", std::to_string(right)}},
          {},
          {{"received_bytes", std::to_string(right)}}};
}

Problem upload_complete_problem() {
  return {409, "upload-complete", "The import's file is complete.", "", {}, {}, {}};
}

Problem upload_busy_problem() {
  return {409,
          "upload-busy",
          "Another request is writing this import's file.",
          "Try again when it has ended; one that broke off ends within the rate-window.",
          {{"Retry-After", "1"}},
          {},
          {}};
}

Problem bad_file_problem(std::string_view code, const std::string& sentence) {
  return {422,
          "unreadable-file",
          "The file cannot be imported.",
          sentence,
          {},
          {{std::nullopt, "", std::string(code)}},
          {}};
}

/// What a pool thread or the committer found: at most one of these, or nothing but that it is done.
struct News {
  std::optional<Problem> problem;
  std::optional<Outcome> outcome;                   // of the change that made the import
  std::shared_ptr<UploadFile> file;                 // opened
  std::function<std::unique_ptr<Exchange>()> then;  // what answers
};

News open_upload(const AppParts& parts, const ImportUpload& upload) {
  const ImportName name{upload.author.account, upload.job};
  const std::optional<Job> job = find_import(parts.store.contacts(), name);
  if (!job) return {unknown_import_problem(), {}, {}, {}};
  const std::optional<ImportPlan> plan = parse_import_plan(job->plan);
  if (plan && plan->mode == ImportMode::suppress && !upload.may_suppress) {
    return {suppress_forbidden_problem(), {}, {}, {}};
  }
  const bool repeats = upload.author.idempotency.given();
  if (job->state != JobState::uploading) {
    if (!repeats) return {upload_complete_problem(), {}, {}, {}};
    return {{}, {}, {}, [upload] { return show_import(upload.author, upload.job, 200, {}); }};
  }
  ImportFiles::Refusal refusal = ImportFiles::Refusal::none;
  std::shared_ptr<void> claim = parts.imports.claim(name, refusal);
  if (refusal == ImportFiles::Refusal::busy) return {upload_busy_problem(), {}, {}, {}};
  if (refusal == ImportFiles::Refusal::too_many) return {busy_problem(), {}, {}, {}};
  auto file = std::make_shared<UploadFile>(parts.imports, name, std::move(claim));
  if (!repeats && upload.offset != file->size()) {
    return {wrong_offset_problem(file->size()), {}, {}, {}};
  }
  file->at = upload.offset;
  return {{}, {}, std::move(file), {}};
}

/// Whether the plan can be followed at all, before anything is made.
News prepare_upload(const AppParts& parts, const ImportUpload& upload) {
  if (!parts.imports.disk_has_room()) return {disk_full_problem(), {}, {}, {}};
  if (parts.imports.uploads_are_too_many()) return {busy_problem(), {}, {}, {}};
  if (upload.plan.segment == 0) return {};
  const auto segment = parts.store.contacts().segment(upload.author.account, upload.plan.segment);
  if (!segment || segment->deleting) return {unknown_segment_problem(), {}, {}, {}};
  return {};
}

/// The import ends where it begins: its file is good for nothing.
std::unique_ptr<Exchange> refuse_file(const ImportUpload& upload, const Problem& problem) {
  const std::string code = problem.errors.empty() ? problem.type : problem.errors.front().error;
  Change change = upload.author.change(SetJobState{
      upload.author.account, upload.job, JobState::failed, Json{{"error", code}}.dump(), {}});
  change.idempotency.reset();
  return commit_then(upload.author.parts, upload.author.wake, std::move(change),
                     [problem](const Outcome&) { return problem_exchange(problem); });
}

std::unique_ptr<Exchange> start_job(const ImportUpload& upload, const ImportPlan& plan) {
  Change change = upload.author.change(SetJobState{upload.author.account, upload.job,
                                                   JobState::running, "", import_plan_text(plan)});
  change.idempotency.reset();
  return commit_then(upload.author.parts, upload.author.wake, std::move(change),
                     [upload](const Outcome& outcome) {
                       return show_import(upload.author, upload.job, 202, outcome);
                     });
}

/// The whole file is there.
News finish_upload(const AppParts& parts, const ImportUpload& upload, UploadFile& file) {
  const ImportName name{upload.author.account, upload.job};
  if (upload.completes && file.at < file.size()) return {upload_differs_problem(), {}, {}, {}};
  file.sync();
  if (!upload.completes) {
    return {{}, {}, {}, [upload] { return show_import(upload.author, upload.job, 202, {}); }};
  }
  const std::optional<Job> job = find_import(parts.store.contacts(), name);
  std::optional<ImportPlan> plan = job ? parse_import_plan(job->plan) : std::nullopt;
  if (!plan) return {unknown_import_problem(), {}, {}, {}};
  std::optional<Problem> problem;
  try {
    const TextSample sample =
        sample_text(parts.imports.upload(name), plan->encoding_wanted, import_sample_bytes);
    auto found = find_import_format(sample.text, sample.whole, plan->wish);
    if (auto* refused = std::get_if<Problem>(&found)) {
      problem = std::move(*refused);
    } else {
      plan->format = std::move(std::get<ImportFormat>(found));
      plan->encoding = sample.encoding;
      plan->upload_bytes = file.size();
    }
  } catch (const ImportTextError& bad) {
    problem = bad_file_problem(bad.code, bad.what());
  }
  if (problem) {
    parts.imports.remove(name);
    return {{}, {}, {}, [upload, problem = *problem] { return refuse_file(upload, problem); }};
  }
  return {{}, {}, {}, [upload, plan = *plan] { return start_job(upload, plan); }};
}

class UploadExchange final : public Exchange {
 public:
  explicit UploadExchange(ImportUpload upload)
      : upload_(std::move(upload)),
        parts_(upload_.author.parts),
        prepared_(upload_.job != 0),
        mailbox_(std::make_shared<Mailbox<News>>(upload_.author.wake)) {}

  /// What arrived before the connection broke is kept.
  ~UploadExchange() override {
    if (!file_ || under_way_ || held_.empty() || failure_ || then_) return;
    (void)parts_.pool.run([file = file_, held = std::move(held_)] {
      try {
        (void)file->write(held);
      } catch (const std::exception&) {
        // Then it is not kept, and received_bytes says so.
      }
    });
  }

  bool wants_body() const override { return true; }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    body_bytes_ += bytes.size();
    if (upload_.offset + body_bytes_ > upload_.octets_max) {
      failure_ = too_large_problem(upload_.octets_max);
    } else {
      held_.append(bytes);
    }
    return go_on(answer);
  }
  Progress on_end(Answer& answer) override {
    ended_ = true;
    return go_on(answer);
  }
  Progress on_wake(Answer& answer) override {
    return then_ ? then_->on_wake(answer) : go_on(answer);
  }

  uint64_t buffered_bytes() const override { return held_.capacity() + bytes_under_way_; }

 private:
  using Work = std::function<News()>;

  Progress go_on(Answer& answer) {
    for (;;) {
      for (News& news : mailbox_->take()) take(std::move(news));
      if (!under_way_) {
        if (failure_) {
          file_.reset();
          write_problem(*failure_, answer);
          return Progress::done;
        }
        if (then_) return then_->on_end(answer);
        if (!begin_next()) return Progress::more;
        continue;
      }
      if (mailbox_->arm()) return Progress::wait;
    }
  }

  void take(News news) {
    under_way_ = false;
    bytes_under_way_ = 0;
    prepared_ = true;
    if (news.problem) failure_ = std::move(news.problem);
    if (news.file) file_ = std::move(news.file);
    if (news.then && !failure_) then_ = news.then();
    if (!news.outcome) return;
    if (auto problem = outcome_problem(*news.outcome)) {
      failure_ = std::move(*problem);
    } else {
      upload_.job = news.outcome->id;
    }
  }

  /// False when there is nothing to do before more of the body is there.
  bool begin_next() {
    const AppParts& parts = parts_;
    if (!prepared_) {
      run([&parts, upload = upload_] { return prepare_upload(parts, upload); });
    } else if (upload_.job == 0) {
      create();
    } else if (!file_) {
      run([&parts, upload = upload_] { return open_upload(parts, upload); });
    } else if (held_.size() >= block_bytes || (ended_ && !held_.empty())) {
      bytes_under_way_ = held_.size();
      run([file = file_, held = std::exchange(held_, {})] {
        return News{file->write(held), {}, {}, {}};
      });
    } else if (ended_) {
      // Whoever is told may write the next part: the file is let go before.
      run([&parts, upload = upload_, file = std::move(file_)]() mutable {
        News news = finish_upload(parts, upload, *file);
        file.reset();
        return news;
      });
    } else {
      return false;
    }
    return true;
  }

  void run(Work work) {
    under_way_ = true;
    const bool queued = parts_.pool.run([mailbox = mailbox_, work = std::move(work)]() mutable {
      try {
        mailbox->post(work());
      } catch (const fs::filesystem_error& failure) {
        const bool full = failure.code().value() == ENOSPC || failure.code().value() == EDQUOT;
        mailbox->post({full ? disk_full_problem() : storage_problem(), {}, {}, {}});
      } catch (const std::exception&) {
        mailbox->post({storage_problem(), {}, {}, {}});
      }
    });
    if (queued) return;
    under_way_ = false;
    failure_ = busy_problem();
  }

  void create() {
    CreateJob create;
    create.account = upload_.author.account;
    create.job.kind = JobKind::import_contacts;
    create.job.state = JobState::uploading;
    create.job.plan = import_plan_text(upload_.plan);
    under_way_ = parts_.committer.submit(upload_.author.change(std::move(create)),
                                         [mailbox = mailbox_](const Outcome& outcome) {
                                           mailbox->post({{}, outcome, {}, {}});
                                         });
    if (!under_way_) failure_ = busy_problem();
  }

  ImportUpload upload_;
  const AppParts& parts_;
  bool prepared_;
  const std::shared_ptr<Mailbox<News>> mailbox_;
  std::shared_ptr<UploadFile> file_;
  std::string held_;  // of the body, not handed to the pool yet
  uint64_t body_bytes_ = 0, bytes_under_way_ = 0;
  bool ended_ = false, under_way_ = false;
  std::optional<Problem> failure_;
  std::unique_ptr<Exchange> then_;
};

}  // namespace

std::unique_ptr<Exchange> upload_exchange(ImportUpload upload) {
  return std::make_unique<UploadExchange>(std::move(upload));
}

std::unique_ptr<Exchange> show_import(const JobAuthor& author, JobId job, int status,
                                      std::optional<Outcome> outcome) {
  return read_exchange(author.parts, author.wake,
                       [&parts = author.parts, name = ImportName{author.account, job}, status,
                        outcome = std::move(outcome)](Answer& answer) {
                         const ContactReader& reader = parts.store.contacts();
                         const uint64_t sequence = parts.store.sequence();
                         const std::optional<Job> found = find_import(reader, name);
                         if (!found) return write_problem(unknown_import_problem(), answer);
                         Json json{{"sequence", outcome ? outcome->sequence : sequence}};
                         if (outcome) add_outcome_fields(*outcome, answer);
                         json["import"] = import_json(reader, parts.imports, name.account, *found);
                         write_json(json, status, answer);
                       });
}

}  // namespace suppressd
