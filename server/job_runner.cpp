#include "server/job_runner.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>

#include "server/committer.hpp"
#include "server/log.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr int lowest_priority = 19;  // as the store's merging
constexpr std::chrono::milliseconds full_queue_pause{5};
constexpr const char* unreadable = R"({"error":"this program cannot read its plan"})";

bool makes_running(const Change& change, const Outcome& outcome) {
  if (outcome.status != Outcome::Status::committed) return false;
  if (std::holds_alternative<CreateJob>(change.what)) return true;
  if (const auto* decide = std::get_if<DecideRequest>(&change.what)) return decide->job.has_value();
  const auto* set = std::get_if<SetJobState>(&change.what);
  return set != nullptr && set->state == JobState::running;
}

/// On Linux priorities are a thread's.
void lower_priority() {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), lowest_priority);
}

}  // namespace

void JobBell::notice(std::span<const Change> changes, std::span<const Outcome> outcomes) {
  for (size_t i = 0; i < changes.size(); ++i) {
    if (!makes_running(changes[i], outcomes[i])) continue;
    const std::lock_guard lock(mutex_);
    if (ring_) ring_();
    return;
  }
}

void JobBell::connect(std::function<void()> ring) {
  const std::lock_guard lock(mutex_);
  ring_ = std::move(ring);
}

JobRunner::JobRunner(const Store& store, const ImportFiles& files, Committer& committer,
                     JobBell& bell, unsigned threads)
    : store_(store), files_(files), committer_(committer), bell_(bell), thread_count_(threads) {}

JobRunner::~JobRunner() {
  stop();
}

void JobRunner::start() {
  bell_.connect([this] {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_one();
  });
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  for (unsigned i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { run(); });
}

void JobRunner::stop() {
  bell_.connect({});
  stand_still();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  rotation_.clear();  // an import may be unpacking its file
}

void JobRunner::stand_still() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void JobRunner::run() {
  lower_priority();
  while (std::optional<Turn> turn = take()) {
    bool stays = false;
    try {
      stays = go_on(*turn);
    } catch (const std::invalid_argument&) {
      const auto [account, id] = turn->name;
      const Change failed{SetJobState{account, id, JobState::failed, unreadable}, "", now_ms(),
                          std::nullopt};
      (void)commit(failed, [] {});
    } catch (const std::exception& failure) {
      // It stays a running job, and the next start tries again.
      log(LogLevel::error, "a job cannot go on until a restart", {{"cause", failure.what()}});
      continue;
    }
    if (stays) {
      give_back(std::move(*turn));
    } else {
      leave(turn->name);
    }
  }
}

std::optional<JobRunner::Turn> JobRunner::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || rung_ || !rotation_.empty(); });
    if (stopping_) return std::nullopt;
    if (std::exchange(rung_, false)) {
      lock.unlock();
      look_up();
      lock.lock();
      continue;
    }
    Turn turn = std::move(rotation_.front());
    rotation_.pop_front();
    return turn;
  }
}

void JobRunner::look_up() {
  std::vector<RunningJob> running;
  try {
    running = store_.contacts().running_jobs();
  } catch (const std::exception& failure) {
    log(LogLevel::error, "the running jobs cannot be read", {{"cause", failure.what()}});
    return;
  }
  const std::lock_guard lock(mutex_);
  for (const RunningJob& found : running) {
    const Name name{found.account, found.job.id};
    if (held_.insert(name).second) rotation_.push_back({name, nullptr, std::nullopt});
  }
  changed_.notify_all();
}

/// Where others wait, one of them may be an erasure, which waits for older readers.
void JobRunner::give_back(Turn turn) {
  const std::lock_guard lock(mutex_);
  if (turn.work && !rotation_.empty()) turn.work->let_go();
  rotation_.push_back(std::move(turn));
  changed_.notify_one();
}

/// It may have been made running again since its part was refused: so the running ones are looked
/// up once more.
void JobRunner::leave(const Name& name) {
  const std::lock_guard lock(mutex_);
  held_.erase(name);
  rung_ = true;
  changed_.notify_one();
}

bool JobRunner::go_on(Turn& turn) {
  if (!turn.work && !begin(turn)) return false;
  if (!turn.next) turn.next = turn.work->next();
  if (!turn.next) return false;
  Change change = std::move(*turn.next);
  turn.next.reset();
  const bool finished = turn.work->finished();
  const auto outcome = commit(std::move(change), [&] {
    if (!finished && !turn.work->follows_record()) turn.next = turn.work->next();
  });
  return outcome && settle(turn, *outcome, finished);
}

bool JobRunner::begin(Turn& turn) {
  const auto [account, id] = turn.name;
  std::optional<Job> job = store_.contacts().job(account, id);
  if (!job || job->state != JobState::running) return false;
  const auto go_on = [this, account = account, id = id] {
    if (stopping_) return false;
    const std::optional<Job> now = store_.contacts().job(account, id);
    return now && now->state == JobState::running;
  };
  turn.work = std::make_unique<JobWork>(store_, files_, account, std::move(*job), go_on, stopping_);
  return true;
}

bool JobRunner::settle(Turn& turn, const Outcome& outcome, bool finished) {
  switch (outcome.status) {
    case Outcome::Status::committed:
      if (turn.work->follows_record()) turn.work.reset();
      return !finished;
    case Outcome::Status::stopped:
      return false;
    case Outcome::Status::unknown:
    case Outcome::Status::refused:
      log(LogLevel::error, "jobs stand still until a restart", {});
      stand_still();
      return false;
    default:
      (void)commit(turn.work->after_refusal(outcome.status), [] {});
      return false;
  }
}

std::optional<Outcome> JobRunner::commit(Change change, const std::function<void()>& meanwhile) {
  const auto promise = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> outcome = promise->get_future();
  const auto done = [promise](const Outcome& made) { promise->set_value(made); };
  while (!committer_.submit(std::move(change), done)) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, full_queue_pause, [this] { return stopping_.load(); })) {
      return std::nullopt;
    }
  }
  meanwhile();
  return outcome.get();
}

}  // namespace suppressd
