#include "server/run_builder.hpp"

#include <algorithm>
#include <chrono>
#include <future>

namespace suppressd {
namespace {

constexpr size_t check_batch = 4'096;
constexpr std::chrono::milliseconds merging_poll{20};
constexpr std::chrono::milliseconds full_queue_retry{5};

/// What identifies the request, and what the rows say.
void add_content(BulkRun& run) {
  const std::string content = run.content_hash();
  std::copy(content.begin(), content.end(), run.idempotency->request_hash.begin());
}

bool failed(const Outcome& outcome) {
  return outcome.status != Outcome::Status::committed &&
         outcome.status != Outcome::Status::replayed;
}

}  // namespace

RunBuilder::RunBuilder(Store& store, const SuppressionSet& set, Ways ways)
    : store_(store), set_(set), ways_(std::move(ways)) {
  for (unsigned i = 0; i < run_builder_threads; ++i) threads_.emplace_back([this] { work(); });
}

void RunBuilder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool RunBuilder::submit(std::unique_ptr<BulkRun>&& run, Completion done) {
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_ == runs_in_flight_max) return false;
    ++in_flight_;
  }
  auto counted = [this, done = std::move(done)](const Outcome& outcome) {
    done(outcome);
    {
      const std::lock_guard lock(mutex_);
      --in_flight_;
    }
    changed_.notify_all();
  };
  push({std::move(run), std::move(counted), false, nullptr});
  return true;
}

void RunBuilder::store_in_changes(std::unique_ptr<BulkRun> run, Completion done) {
  push({std::move(run), std::move(done), true, nullptr});
}

void RunBuilder::dispose(std::unique_ptr<PreparedRun> run) {
  push({nullptr, nullptr, false, std::move(run)});
}

void RunBuilder::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
}

/// False when there will be no more work.
bool RunBuilder::take(Job& job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !queue_.empty() || (stopping_ && in_flight_ == 0); });
  if (queue_.empty()) return false;
  job = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void RunBuilder::work() {
  SuppressionSet::Reader reader(set_);
  for (Job job; take(job); job = Job()) {
    if (job.garbage) continue;
    if (job.in_changes) {
      commit_changes(job);
    } else {
      prepare(job, reader);
    }
  }
}

void RunBuilder::prepare(Job& job, SuppressionSet::Reader& reader) {
  if (job.run->idempotency) {
    add_content(*job.run);
    if (replay(job)) return;
  }
  wait_for_merging();
  job.run->fingerprint(store_.fingerprint_key());
  if (known_rows(*job.run, reader) > run_known_rows_max) return commit_changes(job);
  std::unique_ptr<PreparedRun> prepared = store_.prepare(std::move(job.run));
  if (!prepared) {
    Outcome refused;
    refused.sequence = store_.sequence();
    return job.done(refused);
  }
  if (!prepared->file || prepared->entangled.size() > run_known_rows_max) {
    job.run = std::move(prepared->run);
    prepared.reset();
    return commit_changes(job);
  }
  ways_.commit(std::move(prepared), std::move(job.done));
}

/// The committer looks again: two that carry the same key may be on their way at once.
bool RunBuilder::replay(Job& job) {
  Outcome again;
  try {
    const auto remembered = store_.remembered(*job.run->idempotency, job.run->at());
    if (!remembered) return false;
    again = *remembered;
  } catch (const StorageFailure&) {
    again.status = Outcome::Status::refused;
    again.sequence = store_.sequence();
  }
  job.done(again);
  return true;
}

void RunBuilder::wait_for_merging() {
  while (store_.unmerged_runs() >= run_files_max && !store_.failed()) {
    std::this_thread::sleep_for(merging_poll);
  }
}

size_t RunBuilder::known_rows(const BulkRun& run, SuppressionSet::Reader& reader) const {
  const std::vector<BulkRun::Row>& rows = run.rows();
  std::vector<Fingerprint> addresses(check_batch);
  std::vector<Finding> findings(check_batch);
  size_t known = 0;
  for (size_t begin = 0; begin < rows.size(); begin += check_batch) {
    const size_t count = std::min(check_batch, rows.size() - begin);
    for (size_t i = 0; i < count; ++i) addresses[i] = rows[begin + i].address;
    set_.check(reader, {addresses.data(), count}, run.scope(), findings);
    known += static_cast<size_t>(std::count_if(
        findings.begin(), findings.begin() + static_cast<ptrdiff_t>(count),
        [&](const Finding& finding) {
          return !finding.clear() &&
                 (run.scope() == platform_number || finding.scope() == Scope::account);
        }));
  }
  return known;
}

/// One after another, so that the rows of an address stay in order. A failure says how many rows
/// were stored before it.
void RunBuilder::commit_changes(Job& job) {
  Outcome sum;
  sum.status = Outcome::Status::replayed;
  for (size_t first = 0; first < job.run->rows().size(); first += change_rows_max) {
    Change change = job.run->change(first);
    if (job.run->idempotency) {
      change.idempotency = job.run->idempotency;
      change.idempotency->key += "/" + std::to_string(first / change_rows_max);
    }
    const Outcome part = commit_change(std::move(change));
    if (failed(part)) {
      sum.status = part.status;
      sum.sequence = std::max(sum.sequence, part.sequence);
      break;
    }
    if (part.status == Outcome::Status::committed) sum.status = part.status;
    sum.sequence = std::max(sum.sequence, part.sequence);
    sum.added += part.added;
    sum.updated += part.updated;
    sum.unchanged += part.unchanged;
  }
  job.done(sum);
}

Outcome RunBuilder::commit_change(Change change) {
  auto& add = std::get<AddSuppressions>(change.what);
  for (AddSuppressions::Row& row : add.rows) {
    if (row.cause.at == 0) row.cause.at = change.at;
  }
  std::promise<Outcome> outcome;
  const auto done = [&outcome](const Outcome& one) { outcome.set_value(one); };
  while (!ways_.submit(std::move(change), done)) std::this_thread::sleep_for(full_queue_retry);
  return outcome.get_future().get();
}

}  // namespace suppressd
