#include "server/policy_keeper.hpp"

#include <future>
#include <memory>

#include "persistence/bounce_reader.hpp"
#include "server/committer.hpp"
#include "server/log.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t accounts_a_page = 1'000;

}  // namespace

PolicyKeeper::PolicyKeeper(const Store& store, Committer& committer, const Directory& directory,
                           uint16_t platform_hard_bounce_days)
    : store_(store),
      committer_(committer),
      directory_(directory),
      platform_hard_bounce_days_(platform_hard_bounce_days) {}

PolicyKeeper::~PolicyKeeper() {
  stop();
}

void PolicyKeeper::start(std::chrono::milliseconds interval) {
  thread_ = std::thread([this, interval] { run(interval); });
}

void PolicyKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PolicyKeeper::run(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    try {
      const uint64_t ended = sweep(now_ms());
      if (ended != 0) log(LogLevel::info, "suppressions ended by policy", {{"count", ended}});
    } catch (const std::exception& failure) {
      log(LogLevel::warning, "policies could not be applied", {{"cause", failure.what()}});
    }
    lock.lock();
  } while (!wake_.wait_for(lock, interval, [this] { return stopping_; }));
}

uint64_t PolicyKeeper::sweep(TimeMs now) {
  const Directory::Snapshot& directory = directory_.refresh(view_);
  ExpiryDays platform{};
  platform[static_cast<size_t>(Reason::hard_bounce)] = platform_hard_bounce_days_;
  uint64_t ended = sweep_scope(platform_number, platform, now);
  std::string after;
  for (;;) {
    const std::vector<const Account*> page = directory.accounts_after(after, accounts_a_page);
    for (const Account* account : page) {
      ended += sweep_scope(account->number, account->policies.expire_after_days, now);
    }
    if (page.size() < accounts_a_page) return ended;
    after = page.back()->id;
  }
}

uint64_t PolicyKeeper::sweep_scope(AccountNumber scope, const ExpiryDays& after_days, TimeMs now) {
  const BounceReader reader(store_.contacts());
  std::string& position = positions_[scope];
  ExpiredCauses found = reader.expired(scope, after_days, now, position, expiry_looked_at_max);
  position = std::move(found.next);
  if (found.rows.empty()) return 0;
  return commit({ExpireCauses{scope, after_days, std::move(found.rows)}, std::string(by_policy),
                 now, std::nullopt});
}

/// Waits for the outcome. A full queue leaves it to the next look.
uint64_t PolicyKeeper::commit(Change change) {
  const auto promise = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> outcome = promise->get_future();
  if (!committer_.submit(std::move(change),
                         [promise](const Outcome& made) { promise->set_value(made); })) {
    return 0;
  }
  const Outcome made = outcome.get();
  return uint64_t{made.added} + made.updated;
}

}  // namespace suppressd
