#include "server/import_sweep.hpp"

#include <chrono>
#include <future>

#include "persistence/contact_reader.hpp"
#include "server/log.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::hours interval{1};
constexpr const char* abandoned = R"({"error":"upload_abandoned"})";

/// How long ago something was written to the upload.
TimeMs silence(const fs::path& upload) {
  std::error_code error;
  const auto written = fs::last_write_time(upload, error);
  if (error) return ~TimeMs{0};
  const auto since = fs::file_time_type::clock::now() - written;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  return milliseconds < 0 ? 0 : static_cast<TimeMs>(milliseconds);
}

void sweep(const Store& store, Committer& committer, ImportFiles& files, const ImportName& name,
           TimeMs now) {
  const std::optional<Job> job = store.contacts().job(name.account, name.job);
  if (!job) return files.remove(name);
  if (now - std::min(now, job->updated_at) < files.limits().files_kept_ms) return;
  if (ended(job->state)) return files.remove(name);
  if (job->state != JobState::uploading ||
      silence(files.upload(name)) < files.limits().files_kept_ms) {
    return;
  }
  Change fails{SetJobState{name.account, name.job, JobState::failed, abandoned, {}}, "", now,
               std::nullopt};
  std::promise<Outcome> promise;
  if (committer.submit(std::move(fails), [&](const Outcome& made) { promise.set_value(made); })) {
    (void)promise.get_future().get();  // its files go with the next sweep but a few
  }
}

}  // namespace

void sweep_imports(const Store& store, Committer& committer, ImportFiles& files, TimeMs now) {
  try {
    for (const ImportName& name : files.all()) sweep(store, committer, files, name, now);
  } catch (const std::exception& failure) {
    log(LogLevel::warning, "files of imports cannot be swept", {{"cause", failure.what()}});
  }
}

void sweep_imports_regularly(const Store& store, Committer& committer, ImportFiles& files,
                             WorkerPool& pool) {
  sweep_imports(store, committer, files, now_ms());
  pool.run_after(interval, [&store, &committer, &files, &pool] {
    sweep_imports_regularly(store, committer, files, pool);
  });
}

}  // namespace suppressd
