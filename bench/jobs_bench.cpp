// How fast jobs go through an account: contacts are deleted, restored and put into a segment, each by
// a job of its own that the real runner works off through the real committer. Commits are synced, so
// the disk is part of what is measured. Ends with 1 when a job did not do all it should.
//
// usage: jobs_bench [CONTACTS]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "persistence/contact_reader.hpp"
#include "server/committer.hpp"
#include "server/job_plan.hpp"
#include "server/job_runner.hpp"
#include "server/time_text.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t contacts_default = 1'000'000;

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// An account in a store, with what runs its jobs.
class Held {
  TemporaryDirectory directory_;  // removed last

 public:
  Held()
      : store_(open(directory_.path() / "data", set_)),
        committer_(*store_, set_,
                   [this](auto changes, auto outcomes) { bell_.notice(changes, outcomes); }),
        imports_(directory_.path() / "data", {}),
        jobs_(*store_, imports_, committer_, bell_, 1) {
    Account account;
    account.id = "acme";
    account_ = commit(CreateAccount{account}).account;
    jobs_.start();
  }

  Outcome commit(decltype(Change::what) what) {
    std::promise<Outcome> promise;
    Change change{std::move(what), "k", now_ms(), std::nullopt};
    if (!committer_.submit(std::move(change),
                           [&](const Outcome& made) { promise.set_value(made); })) {
      throw std::runtime_error("the queue is full");
    }
    Outcome outcome = promise.get_future().get();
    if (outcome.status != Outcome::Status::committed) throw std::runtime_error("not committed");
    return outcome;
  }

  /// Each with an email, a phone and two fields; one in four emails is suppressed.
  void add(size_t contacts) {
    for (size_t first = 0; first < contacts; first += change_rows_max) {
      PutContacts put{account_, "import", false, {}, std::nullopt};
      AddSuppressions add{account_, {}};
      for (size_t i = first; i < std::min(contacts, first + change_rows_max); ++i) {
        PutContacts::Row& row = put.rows.emplace_back();
        const uint64_t bits = fingerprint_of(i).high;
        row.addresses[0] = "name." + std::to_string(bits >> 30) + "." + std::to_string(i) +
                           "@example" + std::to_string(i % 97) + ".com";
        row.addresses[1] = "+38044" + std::to_string(10'000'000 + i);
        row.fields = {{"city", i % 3 == 0 ? "Kyiv" : "Lviv"}, {"name", std::to_string(bits % 999)}};
        if (i % 4 != 0) continue;
        AddSuppressions::Row& bad = add.rows.emplace_back();
        bad.address = row.addresses[0];
        bad.cause.reason = Reason::hard_bounce;
        bad.cause.source = "campaign";
      }
      commit(std::move(add));
      commit(std::move(put));
    }
  }

  /// False when it did not change so many contacts.
  bool run(const char* name, JobKind kind, const JobPlan& plan, uint64_t wanted) {
    const double cpu = process_cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    CreateJob create;
    create.account = account_;
    create.job.kind = kind;
    create.job.plan = job_plan_text(plan);
    create.job.total = wanted;
    if (kind == JobKind::delete_segment) create.deletes_segment = plan.segment;
    const JobId id = commit(create).id;
    std::optional<Job> job;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      job = store_->contacts().job(account_, id);
    } while (job->state == JobState::running);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%-16s %8.0f contacts/s, %.1f microseconds of CPU a contact, %llu changed\n", name,
                static_cast<double>(wanted) / took.count(),
                (process_cpu_seconds() - cpu) / static_cast<double>(wanted) * 1e6,
                static_cast<unsigned long long>(job->changed));
    last_job_ = id;
    return job->state == JobState::done && job->changed == wanted;
  }

  SegmentId make_segment() {
    return static_cast<SegmentId>(commit(CreateSegment{account_, "all"}).id);
  }
  JobId last_job() const { return last_job_; }

 private:
  static std::unique_ptr<Store> open(const std::filesystem::path& folder, SuppressionSet& set) {
    StoreOptions options;
    options.directory = folder;
    auto store = Store::open(options);
    std::atomic<double> progress{0};
    store->load(set, 1, progress);
    return store;
  }

  SuppressionSet set_;
  std::unique_ptr<Store> store_;
  JobBell bell_;
  Committer committer_;
  ImportFiles imports_;
  JobRunner jobs_;
  AccountNumber account_ = platform_number;
  JobId last_job_ = 0;
};

int run(size_t contacts) {
  std::fputs(environment().c_str(), stdout);
  Held held;
  const auto began = std::chrono::steady_clock::now();
  held.add(contacts);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%-16s %8.0f contacts/s\n", "added", static_cast<double>(contacts) / took.count());
  JobPlan plan;
  plan.reason = "measured";
  bool all = held.run("delete_contacts", JobKind::delete_contacts, plan, contacts);
  plan = {};
  plan.deleted_by = held.last_job();
  all &= held.run("restore_contacts", JobKind::restore_contacts, plan, contacts);
  plan = {};
  plan.segment = held.make_segment();
  all &= held.run("fill_segment", JobKind::fill_segment, plan, contacts);
  all &= held.run("delete_segment", JobKind::delete_segment, plan, contacts);
  return all ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  using namespace suppressd::bench;
  return run_program("jobs_bench", [&] {
    return run(count > 1 ? std::strtoull(values[1], nullptr, 10) : contacts_default);
  });
}
