// Ends what the accounts' policies, and the server's for the platform, say is over: a thread looks
// at every interval, from the start on, through what has a time of its own and through a piece of
// each scope's suppressions, and hands what it finds to the committer, which decides by what is
// there then. After a failure it looks again at the next interval.
// Thread safety: start(), stop() and sweep() one after the other, from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "persistence/store.hpp"
#include "server/directory.hpp"

namespace suppressd {

class Committer;

/// Suppressions that one search looks at.
inline constexpr size_t expiry_looked_at_max = 200'000;

class PolicyKeeper {
 public:
  /// `platform_hard_bounce_days`: of hard bounces on the platform's list; 0: they never end.
  PolicyKeeper(const Store& store, Committer& committer, const Directory& directory,
               uint16_t platform_hard_bounce_days);
  ~PolicyKeeper();
  PolicyKeeper(const PolicyKeeper&) = delete;
  PolicyKeeper& operator=(const PolicyKeeper&) = delete;

  /// Precondition: the set is loaded.
  void start(std::chrono::milliseconds interval);
  /// Also done by the destructor.
  void stop();
  /// One look at every scope at this time; how many suppressions ended or lost causes. Throws
  /// StorageFailure. Precondition: not started.
  uint64_t sweep(TimeMs now);

 private:
  void run(std::chrono::milliseconds interval);
  uint64_t sweep_scope(AccountNumber scope, const ExpiryDays& after_days, TimeMs now);
  uint64_t commit(Change change);

  const Store& store_;
  Committer& committer_;
  const Directory& directory_;
  const uint16_t platform_hard_bounce_days_;
  Directory::View view_;
  std::map<AccountNumber, std::string> positions_;  // where the next look goes on
  std::mutex mutex_;                                // guards the one below
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace suppressd
