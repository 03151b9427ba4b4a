#include "bench/contacts/made_life.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/addresses.hpp"
#include "bench/measure.hpp"
#include "persistence/bulk_run.hpp"
#include "persistence/prepared_run.hpp"
#include "persistence/store.hpp"

namespace suppressd::bench {
namespace {

constexpr TimeMs day = 24ull * 60 * 60 * 1000;
constexpr AccountNumber biggest = 1;
constexpr uint64_t suppressed_every = 5, sent_days = 400, member_every = 10,
                   members_of_first = 1'000'000;

TimeMs now() {
  using std::chrono::milliseconds;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<TimeMs>(std::chrono::duration_cast<milliseconds>(since).count());
}

/// The store, and the set that a committer would hold.
class Maker {
 public:
  explicit Maker(const std::filesystem::path& directory) {
    StoreOptions options;
    options.directory = directory;
    options.block_cache_bytes = 512ull << 20;
    store_ = Store::open(options);
    std::atomic<double> progress{0};
    store_->load(set_, 1, progress);
  }

  template <class What>
  void commit(std::vector<What> changes) {
    std::vector<Change> group;
    for (What& what : changes) group.push_back({std::move(what), "k", now(), std::nullopt});
    std::vector<Outcome> outcomes(group.size());
    updates_.clear();
    store_->commit(group, outcomes, set_, updates_);
    settle(outcomes);
  }

  void commit(std::unique_ptr<BulkRun> run) {
    run->fingerprint(store_->fingerprint_key());
    const auto prepared = store_->prepare(std::move(run));
    std::vector<Outcome> outcomes(1);
    updates_.clear();
    if (!prepared || !store_->commit(*prepared, set_, outcomes[0], updates_)) {
      throw std::runtime_error("a run was not taken");
    }
    prepared->for_each_alone([this](const Fingerprint& address, AccountNumber scope,
                                    SlotState state) { set_.put(address, scope, state); },
                             [this](const Fingerprint& address) { set_.prefetch(address); });
    settle(outcomes);
  }

 private:
  void settle(const std::vector<Outcome>& outcomes) {
    for (const SetUpdate& one : updates_) set_.put(one.address, one.account, one.state);
    const bool taken = std::all_of(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) {
      return outcome.status == Outcome::Status::committed;
    });
    if (!taken) throw std::runtime_error("a change was not taken");
  }

  SuppressionSet set_;
  std::unique_ptr<Store> store_;
  std::vector<SetUpdate> updates_;
};

/// How many a second `make` makes, asked for [from, to) in parts of `part`.
template <class Make>
double rate(uint64_t count, uint64_t part, const Make& make) {
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t from = 0; from < count; from += part) make(from, std::min(count, from + part));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(count) / took.count();
}

void make_accounts(Maker& maker, uint64_t count) {
  rate(count, 1'000, [&maker](uint64_t from, uint64_t to) {
    std::vector<CreateAccount> accounts;
    for (uint64_t i = from; i < to; ++i) {
      accounts.push_back({{platform_number, "account-" + std::to_string(i), "Account", {}, now()}});
    }
    maker.commit(std::move(accounts));
  });
}

double make_suppressions(Maker& maker, uint64_t count) {
  static constexpr Reason reasons[] = {Reason::hard_bounce, Reason::hard_bounce, Reason::spam_trap,
                                       Reason::legal};
  return rate(count, run_rows_max, [&maker](uint64_t from, uint64_t to) {
    auto run = std::make_unique<BulkRun>(platform_number, "k", now());
    for (uint64_t i = from; i < to; ++i) {
      const uint32_t cause =
          run->cause({reasons[i % 4], now() - (i % sent_days) * day, "import", "", "", ""});
      run->add(Channel::email, address_of(i), "", {}, cause);
      if (!run->full() || i + 1 == to) continue;
      maker.commit(std::move(run));
      run = std::make_unique<BulkRun>(platform_number, "k", now());
    }
    maker.commit(std::move(run));
  });
}

double make_contacts(Maker& maker, const LifeSize& size) {
  return rate(size.contacts, change_rows_max, [&](uint64_t from, uint64_t to) {
    PutContacts put{biggest, "import", false, {}, std::nullopt};
    for (uint64_t i = from; i < to; ++i) {
      PutContacts::Row& row = put.rows.emplace_back();
      row.addresses[0] = contact_email(i, size);
      if (i % 3 == 0) row.addresses[1] = "+38" + std::to_string(1'000'000'000 + i);
      row.fields["city"] = contact_city(i);
    }
    maker.commit(std::vector<PutContacts>{std::move(put)});
  });
}

double make_events(Maker& maker, const LifeSize& size) {
  return rate(size.contacts, change_rows_max, [&](uint64_t from, uint64_t to) {
    AddEvents events{biggest, {}, false, 0};
    for (uint64_t i = from; i < to; ++i) {
      if (i % 4 == 0) continue;  // never sent to
      AddEvents::Row& row = events.rows.emplace_back();
      row.kind = i % 7 == 0 ? ActivityKind::opened : ActivityKind::sent;
      row.address = contact_email(i, size);
      row.at = now() - (1 + i % sent_days) * day;
      row.campaign = "spring";
    }
    if (!events.rows.empty()) maker.commit(std::vector<AddEvents>{std::move(events)});
  });
}

double make_segment(Maker& maker, const LifeSize& size) {
  maker.commit(std::vector<CreateSegment>{{biggest, "vip"}});
  const uint64_t members = std::min(size.contacts, members_of_first) / member_every;
  return rate(members, change_rows_max, [&maker](uint64_t from, uint64_t to) {
    ChangeMembers members_change;
    members_change.account = biggest;
    members_change.id = 1;
    for (uint64_t i = from; i < to; ++i) members_change.ids.push_back(1 + i * member_every);
    maker.commit(std::vector<ChangeMembers>{std::move(members_change)});
  });
}

void make_requests(Maker& maker, const LifeSize& size) {
  rate(size.requests, 1'000, [&](uint64_t from, uint64_t to) {
    std::vector<FileRequest> requests;
    for (uint64_t i = from; i < to; ++i) {
      FileRequest& file = requests.emplace_back();
      file.account = static_cast<AccountNumber>(1 + i % size.accounts);
      file.request.kind = RequestKind::reactivate;
      file.request.statement = "They exist.";
      for (uint64_t j = 0; j < 5; ++j) {
        file.request.targets.push_back({Channel::email, address_of(i * 5 + j), 0});
      }
    }
    maker.commit(std::move(requests));
  });
}

}  // namespace

std::string contact_email(uint64_t number, const LifeSize& size) {
  return address_of(number % suppressed_every == 0
                        ? number % std::max<uint64_t>(size.suppressions, 1)
                        : size.suppressions + number);
}

std::string contact_city(uint64_t number) {
  static constexpr const char* cities[] = {"Kyiv", "Lviv", "Odesa", "Kharkiv", "Dnipro"};
  return cities[number % 5] + (" " + std::to_string(number % 1'000));
}

LifeMade make_life(const std::filesystem::path& directory, const LifeSize& size) {
  Maker maker(directory);
  LifeMade made;
  make_accounts(maker, size.accounts);
  made.suppressions_per_second = make_suppressions(maker, size.suppressions);
  made.contacts_per_second = make_contacts(maker, size);
  made.events_per_second = make_events(maker, size);
  made.members_per_second = make_segment(maker, size);
  make_requests(maker, size);
  return made;
}

}  // namespace suppressd::bench
