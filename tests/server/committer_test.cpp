// The committer: durable before visible, visible before acknowledged, in order, bounded.
#include "server/committer.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

using namespace suppressd;
namespace fs = std::filesystem;
using Status = Outcome::Status;

namespace {

struct Bench {
  Bench() {
    std::string pattern = (fs::temp_directory_path() / "suppressd-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory = pattern;
    StoreOptions options;
    options.directory = directory;
    options.block_cache_bytes = 4 << 20;
    options.write_buffer_bytes = 1 << 20;
    store = Store::open(options);
    std::atomic<double> progress{0};
    store->load(set, 1, progress);
  }
  ~Bench() {
    store.reset();
    std::error_code error;
    fs::remove_all(directory, error);
  }

  bool says(AccountNumber account, const std::string& address) {
    SuppressionSet::Reader reader(set);
    Fingerprint fingerprint =
        store->fingerprint_key()(CanonicalAddress::from_stored(Channel::email, address));
    Finding finding;
    set.check(reader, {&fingerprint, 1}, account, {&finding, 1});
    return !finding.clear();
  }

  fs::path directory;
  std::unique_ptr<Store> store;
  SuppressionSet set{{.shards = 4, .ranges_per_shard = 16}};
};

Change add(const std::string& prefix, size_t rows, AccountNumber scope = 1) {
  AddSuppressions what{scope, {}};
  for (size_t i = 0; i < rows; ++i) {
    what.rows.push_back({Channel::email,
                         prefix + std::to_string(i) + "@example.com",
                         "",
                         {},
                         {Reason::manual, "api", 1'000, "key-1", "", ""}});
  }
  Change change;
  change.what = std::move(what);
  change.by = "key-1";
  change.at = 1'000;
  return change;
}

/// Holds the committer's thread inside a completion until it is let go.
class Gate {
 public:
  Committer::Completion completion() {
    return [this](const Outcome&) {
      entered_.set_value();
      std::unique_lock lock(mutex_);
      opened_.wait(lock, [this] { return open_; });
    };
  }
  void wait_until_entered() { entered_.get_future().wait(); }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::promise<void> entered_;
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("a completion runs after the change is durable and visible") {
  Bench bench;
  Committer committer(*bench.store, bench.set, nullptr);
  // Catch's assertions are one thread's, so the completion only notes what it saw.
  struct Seen {
    Outcome outcome;
    uint64_t visible;
    bool stored, answered;
  };
  std::promise<Seen> seen;
  bool taken = committer.submit(add("a", 3), [&](const Outcome& outcome) {
    seen.set_value({outcome, committer.visible_sequence(),
                    bench.store->find(1, Channel::email, "a2@example.com").has_value(),
                    bench.says(1, "a2@example.com")});
  });
  REQUIRE(taken);
  Seen then = seen.get_future().get();
  REQUIRE(then.outcome.status == Status::committed);
  REQUIRE(then.outcome.added == 3);
  REQUIRE(then.visible == then.outcome.sequence);
  REQUIRE(then.stored);
  REQUIRE(then.answered);
  REQUIRE(committer.visible_sequence() == 1);
  REQUIRE(committer.healthy());
}

TEST_CASE("changes from many threads are each committed once, with one number each") {
  Bench bench;
  std::mutex mutex;
  std::vector<uint64_t> sequences;
  std::vector<uint64_t> on_commit_sequences;
  std::atomic<int> refused{0};
  bool complete = true;
  {
    Committer committer(*bench.store, bench.set,
                        [&](std::span<const Change> changes, std::span<const Outcome> outcomes) {
                          complete = complete && changes.size() == outcomes.size();
                          for (const Outcome& outcome : outcomes) {
                            on_commit_sequences.push_back(outcome.sequence);
                          }
                        });
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 25; ++i) {
          std::string prefix = std::to_string(thread) + "-" + std::to_string(i) + "-";
          refused += !committer.submit(add(prefix, 2), [&](const Outcome& outcome) {
            std::lock_guard lock(mutex);
            sequences.push_back(outcome.sequence);
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }  // finishes what is queued
  REQUIRE(sequences.size() == 100);
  for (size_t i = 0; i < sequences.size(); ++i) REQUIRE(sequences[i] == i + 1);
  REQUIRE(on_commit_sequences == sequences);
  REQUIRE(refused == 0);
  REQUIRE(complete);
  REQUIRE(bench.store->suppression_count() == 200);
  REQUIRE(bench.set.entries() == 200);
}

TEST_CASE("a full queue refuses, leaves the change as it was, and counts only what waits") {
  Bench bench;
  Gate gate;
  std::atomic<int> completed{0};
  {
    Committer committer(*bench.store, bench.set, nullptr);
    REQUIRE(committer.submit(add("gate", 1), gate.completion()));
    gate.wait_until_entered();
    REQUIRE(committer.queued_rows() == 0);
    auto count = [&](const Outcome&) { ++completed; };
    size_t accepted = 0;
    while (committer.queued_rows() + change_rows_max <= commit_queue_rows_max) {
      REQUIRE(committer.submit(add("a", change_rows_max), count));
      ++accepted;
    }
    REQUIRE(accepted == commit_queue_rows_max / change_rows_max);
    Change refused = add("refused", 1);
    REQUIRE_FALSE(committer.submit(std::move(refused), count));
    REQUIRE(std::get<AddSuppressions>(refused.what).rows.size() == 1);
    gate.open();
  }
  REQUIRE(completed == static_cast<int>(commit_queue_rows_max / change_rows_max));
  REQUIRE(bench.store->suppression_count() == 1 + change_rows_max);
}

TEST_CASE("waiting for a sequence ends when it is visible, at once, or when it is forgotten") {
  Bench bench;
  Committer committer(*bench.store, bench.set, nullptr);
  std::promise<void> woken;
  std::atomic<int> forgotten{0}, later{0};
  committer.when_visible(2, [&] { woken.set_value(); });
  uint64_t ticket = committer.when_visible(1, [&] { ++forgotten; });
  uint64_t far = committer.when_visible(99, [&] { ++later; });
  committer.forget(ticket);
  REQUIRE(committer.submit(add("a", 1), [](const Outcome&) {}));
  REQUIRE(committer.submit(add("b", 1), [](const Outcome&) {}));
  woken.get_future().wait();
  REQUIRE(committer.visible_sequence() == 2);
  bool at_once = false;
  committer.when_visible(1, [&] { at_once = true; });
  REQUIRE(at_once);
  committer.forget(far);
  committer.forget(12'345);  // unknown tickets are nothing
  REQUIRE(forgotten == 0);
  REQUIRE(later == 0);
}

TEST_CASE("a change that changes nothing is still answered") {
  Bench bench;
  Committer committer(*bench.store, bench.set, nullptr);
  std::promise<Outcome> done;
  Change remove;
  remove.what = RemoveSuppression{1, Channel::email, "nobody@example.com"};
  REQUIRE(committer.submit(std::move(remove), [&](const Outcome& o) { done.set_value(o); }));
  Outcome outcome = done.get_future().get();
  REQUIRE(outcome.status == Status::not_found);
  REQUIRE(outcome.sequence == 0);
  REQUIRE(committer.healthy());
}
