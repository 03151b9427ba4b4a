// Ends without a goodbye, and disks that fail. Each runs in a child process, so that what remains
// is what a kill leaves.
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

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

/// From here on a file that grows past `octets` fails to be written, as on a full disk.
void limit_file_size(rlim_t octets) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{octets, octets};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// The newest acknowledged sequence, after the child was killed once `acknowledgements` had come.
uint64_t run_and_kill(const fs::path& directory, uint64_t acknowledgements, uint64_t yields) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t child = start_child("child commits until it is killed", directory, ends[1]);
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

// Commits groups of changes, each numbered as its sequence, and tells each acknowledged sequence.
TEST_CASE("child commits until it is killed", "[.]") {
  LoadedStore one(child_directory());
  for (uint64_t next = one.store->sequence() + 1;;) {
    std::vector<Change> changes;
    for (uint64_t i = 0; i < 1 + next % 4; ++i) changes.push_back(numbered_change(next + i));
    for (const Outcome& outcome : one.commit(changes)) {
      if (outcome.status != Status::committed || outcome.sequence != next) ::_exit(3);
      ++next;
      if (::write(child_pipe(), &outcome.sequence, sizeof outcome.sequence) < 0) ::_exit(4);
    }
  }
}

TEST_CASE(
    "killed in the middle of commits: everything acknowledged is there, and nothing by half") {
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

TEST_CASE("child fills its disk", "[.]") {
  int told = 0;
  StoreOptions options = options_for(child_directory());
  options.on_failure = [&](std::string_view) { ++told; };
  LoadedStore one(options);
  limit_file_size(64 << 10);
  uint64_t number = 1;
  while (one.commit(numbered_change(number)).status == Status::committed) ++number;
  uint64_t committed = number - 1;
  Outcome next = one.commit(numbered_change(number + 1));
  bool right = next.status == Status::refused && next.sequence == committed && told == 1 &&
               one.in_set(1, Channel::email, address_of(number, 0)) == SlotState::absent &&
               one.store->sequence() == committed &&
               one.store->suppression_count() == committed * rows_per_change;
  if (::write(child_pipe(), &committed, sizeof committed) != sizeof committed) ::_exit(2);
  ::_exit(right ? 0 : 1);
}

TEST_CASE("a write that fails is unknown, what follows is refused, and a restart goes on") {
  TemporaryDirectory directory;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t child = start_child("child fills its disk", directory.path(), ends[1]);
  ::close(ends[1]);
  uint64_t committed = 0;
  REQUIRE(::read(ends[0], &committed, sizeof committed) == sizeof committed);
  ::close(ends[0]);
  REQUIRE(exit_code_of(child) == 0);
  REQUIRE(committed > 0);

  LoadedStore again(directory.path());
  uint64_t sequence = again.store->sequence();
  // The one that failed may have come back, as a whole.
  REQUIRE((sequence == committed || sequence == committed + 1));
  REQUIRE(again.store->suppression_count() == sequence * rows_per_change);
  REQUIRE(again.commit(numbered_change(sequence + 1)).status == Status::committed);
}

TEST_CASE("child cannot write its mark", "[.]") {
  LoadedStore one(child_directory());
  limit_file_size(4096);  // the mark's next write goes past this, the log's does not yet
  bool unknown = one.commit(numbered_change(1)).status == Status::unknown;
  bool refused = one.commit(numbered_change(2)).status == Status::refused;
  ::_exit(unknown && refused ? 0 : 1);
}

TEST_CASE("a mark that cannot be written makes the commit unknown") {
  TemporaryDirectory directory;
  REQUIRE(exit_code_of(start_child("child cannot write its mark", directory.path())) == 0);
  LoadedStore again(directory.path());
  REQUIRE(again.store->sequence() == 1);  // it was in the log, and came back
  REQUIRE(again.store->suppression_count() == rows_per_change);
}
