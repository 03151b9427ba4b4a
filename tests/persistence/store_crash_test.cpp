// Ends without a goodbye, and disks that fail. Each runs in a child process, so that what remains is
// what a kill leaves.
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

constexpr uint32_t rows_per_change = 5;

std::string address_of(uint64_t change, uint32_t row) {
  return "c" + std::to_string(change) + "-" + std::to_string(row) + "@example.com";
}

Change numbered_change(uint64_t number) {
  std::vector<AddSuppressions::Row> rows;
  for (uint32_t row = 0; row < rows_per_change; ++row) {
    rows.push_back({Channel::email, address_of(number, row), "", {}, cause_of(Reason::manual)});
  }
  return add_rows(1, std::move(rows));
}

/// Commits groups of changes, each numbered as its sequence, and tells each acknowledged sequence to
/// `pipe`, until it is killed.
[[noreturn]] void commit_until_killed(const fs::path& directory, int pipe) {
  try {
    LoadedStore one(directory);
    for (uint64_t next = one.store->sequence() + 1;;) {
      std::vector<Change> changes;
      for (uint64_t i = 0; i < 1 + next % 4; ++i) changes.push_back(numbered_change(next + i));
      for (const Outcome& outcome : one.commit(changes)) {
        if (outcome.status != Status::committed || outcome.sequence != next) ::_exit(3);
        ++next;
        if (::write(pipe, &outcome.sequence, sizeof outcome.sequence) < 0) ::_exit(4);
      }
    }
  } catch (...) {
    ::_exit(5);
  }
}

/// The newest acknowledged sequence, after the child was killed once `acknowledgements` had come.
uint64_t run_and_kill(const fs::path& directory, uint64_t acknowledgements, uint64_t yields) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    commit_until_killed(directory, ends[1]);
  }
  ::close(ends[1]);
  uint64_t sequence = 0, last = 0;
  bool killed = false;
  while (::read(ends[0], &sequence, sizeof sequence) == sizeof sequence) {
    last = sequence;
    if (acknowledgements != 0 && --acknowledgements == 0 && !killed) {
      // Moves the kill to another point of a later commit.
      for (; yields != 0; --yields) ::sched_yield();
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return last;
}

}  // namespace

TEST_CASE("killed in the middle of commits: everything acknowledged is there, and nothing by half") {
  uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  uint64_t acknowledged = 0;
  for (size_t round = 0; round < 5 * test_size(); ++round) {
    uint64_t last = run_and_kill(directory.path(), 1 + random() % 60, random() % 1'000);
    REQUIRE(last > acknowledged);
    acknowledged = last;
    LoadedStore one(directory.path());
    uint64_t sequence = one.store->sequence();
    REQUIRE(sequence >= acknowledged);
    REQUIRE(one.store->suppression_count() == sequence * rows_per_change);
    for (uint64_t change = 1; change <= sequence; ++change) {
      for (uint32_t row = 0; row < rows_per_change; ++row) {
        REQUIRE(one.in_set(1, Channel::email, address_of(change, row)) ==
                slot_state(Reason::manual));
      }
    }
    REQUIRE(one.store->find(1, Channel::email, address_of(sequence, 0)));
    REQUIRE_FALSE(one.store->find(1, Channel::email, address_of(sequence + 1, 0)));
    acknowledged = sequence;
  }
}

TEST_CASE("a write that fails is unknown, what follows is refused, and a restart goes on") {
  TemporaryDirectory directory;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      int told = 0;
      StoreOptions options = options_for(directory.path());
      options.on_failure = [&](std::string_view) { ++told; };
      LoadedStore one(options);
      // A file may not grow past this: the write to the log fails as on a full disk.
      ::signal(SIGXFSZ, SIG_IGN);
      rlimit limit{64 << 10, 64 << 10};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      uint64_t number = 1;
      while (one.commit(numbered_change(number)).status == Status::committed) ++number;
      uint64_t committed = number - 1;
      SlotState unseen = one.in_set(1, Channel::email, address_of(number, 0));
      Outcome next = one.commit(numbered_change(number + 1));
      bool right = next.status == Status::refused && next.sequence == committed && told == 1 &&
                   unseen == SlotState::absent && one.store->sequence() == committed &&
                   one.store->suppression_count() == committed * rows_per_change;
      if (right && ::write(ends[1], &committed, sizeof committed) == sizeof committed) ::_exit(0);
    } catch (...) {
      ::_exit(2);
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  uint64_t committed = 0;
  REQUIRE(::read(ends[0], &committed, sizeof committed) == sizeof committed);
  ::close(ends[0]);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  REQUIRE(committed > 0);

  LoadedStore again(directory.path());
  uint64_t sequence = again.store->sequence();
  // The one that failed may have come back, as a whole.
  REQUIRE((sequence == committed || sequence == committed + 1));
  REQUIRE(again.store->suppression_count() == sequence * rows_per_change);
  REQUIRE(again.commit(numbered_change(sequence + 1)).status == Status::committed);
}

TEST_CASE("a mark that cannot be written makes the commit unknown") {
  TemporaryDirectory directory;
  pid_t child = ::fork();
  if (child == 0) {
    try {
      LoadedStore one(directory.path());
      // The mark's next write goes past this, the log's does not yet.
      ::signal(SIGXFSZ, SIG_IGN);
      rlimit limit{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      bool unknown = one.commit(numbered_change(1)).status == Status::unknown;
      bool refused = one.commit(numbered_change(2)).status == Status::refused;
      ::_exit(unknown && refused ? 0 : 1);
    } catch (...) {
      ::_exit(2);
    }
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  LoadedStore again(directory.path());
  REQUIRE(again.store->sequence() == 1);  // it was in the log, and came back
  REQUIRE(again.store->suppression_count() == rows_per_change);
}
