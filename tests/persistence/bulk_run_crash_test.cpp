// Kills in the middle of runs, and disks that are full: what was acknowledged is there, of a run
// everything or nothing, and no file stays behind.
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "run_harness.hpp"

using namespace suppressd;
using Status = Outcome::Status;

namespace {

constexpr uint64_t rows_per_run = 300;

std::string address_of(uint64_t run, uint64_t row) {
  return "r" + std::to_string(run) + "-" + std::to_string(row) + "@example.com";
}

std::unique_ptr<BulkRun> numbered_run(uint64_t number, uint64_t rows = rows_per_run) {
  auto run = std::make_unique<BulkRun>(1, "key-1", run_time);
  const uint32_t cause = run->cause({Reason::manual, run_time, "api", "", "", ""});
  for (uint64_t row = 0; row < rows; ++row) {
    run->add(Channel::email, address_of(number, row), "", {}, cause);
  }
  return run;
}

Change numbered_change(uint64_t number) {
  return add_one(1, "c" + std::to_string(number) + "@example.com", cause_of(Reason::legal));
}

/// Odd sequences are runs, even ones single changes.
uint64_t entries_at(uint64_t sequence) {
  return (sequence + 1) / 2 * rows_per_run + sequence / 2;
}

bool no_files_left(const fs::path& directory) {
  return fs::is_empty(directory / "runs");
}

}  // namespace

TEST_CASE("child commits runs and changes in turn until it is killed", "[.]") {
  LoadedStore one(child_directory());
  for (uint64_t next = one.store->sequence() + 1;; ++next) {
    const Outcome outcome = next % 2 == 1 ? commit_run(one, numbered_run(next)).value()
                                          : one.commit(numbered_change(next));
    if (outcome.status != Status::committed || outcome.sequence != next) ::_exit(3);
    if (::write(child_pipe(), &next, sizeof next) < 0) ::_exit(4);
  }
}

TEST_CASE("killed in the middle of runs: everything acknowledged is there, and nothing by half") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  uint64_t acknowledged = 0;
  for (size_t round = 0; round < 4 * test_size(); ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = start_child("child commits runs and changes in turn until it is killed",
                                    directory.path(), ends[1]);
    ::close(ends[1]);
    uint64_t left = 1 + random() % 20, last = 0;
    for (uint64_t sequence; ::read(ends[0], &sequence, sizeof sequence) == sizeof sequence;) {
      last = sequence;
      if (left == 0 || --left != 0) continue;
      for (uint64_t yields = random() % 2'000; yields != 0; --yields) ::sched_yield();
      ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    REQUIRE(exit_code_of(child) == -1);
    REQUIRE(last > acknowledged);
    LoadedStore one(directory.path());
    REQUIRE(no_files_left(directory.path()));
    acknowledged = one.store->sequence();
    REQUIRE(acknowledged >= last);
    REQUIRE(one.store->suppression_count() == entries_at(acknowledged));
    REQUIRE(one.set.entries() == entries_at(acknowledged));
    for (uint64_t run = 1; run <= acknowledged; run += 2) {
      for (uint64_t row = 0; row < rows_per_run; ++row) {
        REQUIRE(one.in_set(1, Channel::email, address_of(run, row)) == slot_state(Reason::manual));
      }
    }
  }
}

TEST_CASE("child fills its disk with a run", "[.]") {
  LoadedStore one(child_directory());
  bool right = commit_run(one, numbered_run(1))->status == Status::committed;
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{64 << 10, 64 << 10};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  right = right && commit_run(one, numbered_run(3, 50'000))->status == Status::refused;
  right = right && one.commit(numbered_change(2)).status == Status::refused;
  right = right && one.in_set(1, Channel::email, address_of(3, 0)) == SlotState::absent;
  right = right && one.store->suppression_count() == rows_per_run;
  ::_exit(right ? 0 : 1);
}

TEST_CASE("a run that does not fit the disk is refused as a whole, as is what follows") {
  TemporaryDirectory directory;
  REQUIRE(exit_code_of(start_child("child fills its disk with a run", directory.path())) == 0);
  LoadedStore again(directory.path());
  REQUIRE(no_files_left(directory.path()));
  REQUIRE(again.store->suppression_count() == rows_per_run);
  REQUIRE(again.commit(numbered_change(2)).status == Status::committed);
  REQUIRE(commit_run(again, numbered_run(3))->status == Status::committed);
  REQUIRE(again.set.entries() == entries_at(3));
}

TEST_CASE("a run is committed once, however often its key comes") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const auto keyed = [](uint64_t number) {
    auto run = numbered_run(number);
    run->idempotency.emplace().key = "key-1:k run 0";
    run->idempotency->request_hash[0] = static_cast<uint8_t>(number);
    return run;
  };
  const Outcome first = commit_run(one, keyed(1)).value();
  REQUIRE(first.status == Status::committed);
  REQUIRE(first.added == rows_per_run);
  const Outcome again = commit_run(one, keyed(1)).value();
  REQUIRE(again.status == Status::replayed);
  REQUIRE(again.added == rows_per_run);
  REQUIRE(commit_run(one, keyed(2))->status == Status::idempotency_mismatch);
  REQUIRE(one.store->sequence() == 1);
  REQUIRE(one.store->remembered({"key-1:k run 0", {}}, run_time)->status ==
          Status::idempotency_mismatch);
}

TEST_CASE("a run of which too much is known is left to the ordinary way") {
  TemporaryDirectory directory;
  LoadedStore one(directory.path());
  const uint64_t many = run_known_rows_max + 1;
  REQUIRE(commit_run(one, numbered_run(1, many))->added == many);
  const uint64_t sequence = one.store->sequence();
  REQUIRE_FALSE(commit_run(one, numbered_run(1, many)));
  REQUIRE(one.store->sequence() == sequence);
  REQUIRE(commit_run(one, numbered_run(1, 10))->unchanged == 10);
}
