// One group of changes, one synced batch, then the mark. What fails on the way trips the latch: no
// write is tried again, because after a failed sync nobody can tell what the disk holds.
#include <cassert>

#include "persistence/commit_group.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

void fill(std::span<Outcome> outcomes, Outcome::Status status, uint64_t sequence) {
  for (Outcome& outcome : outcomes) {
    outcome = {};
    outcome.status = status;
    outcome.sequence = sequence;
  }
}

}  // namespace

void Store::commit(std::span<const Change> changes, std::span<Outcome> outcomes,
                   const SuppressionSet& set, std::vector<SetUpdate>& updates) {
  assert(outcomes.size() >= changes.size());
  outcomes = outcomes.first(changes.size());
  if (changes.empty()) return;
  Impl& impl = *impl_;
  const size_t updates_before = updates.size();
  Outcome::Status failure = Outcome::Status::refused;
  try {
    if (!impl.latch.tripped()) {
      CommitGroup group(impl.database, impl.key, set, impl.meta);
      group.work_out(changes, outcomes);
      if (!group.writes()) return;
      group.expire(changes.back().at / day_ms, impl.expiry);
      group.expire_ids(changes.back().at, impl.id_expiry);
      rocksdb::WriteBatch& batch = group.finish(updates);
      failure = Outcome::Status::unknown;
      if (impl.write(batch, group.meta())) return;
    }
  } catch (const StorageFailure& error) {
    impl.latch.trip(error.what());
  } catch (const std::exception&) {
    impl.latch.trip("a commit could not be prepared; memory may be short");
  }
  updates.resize(updates_before);
  fill(outcomes, failure, impl.meta.sequence);
}

bool Store::Impl::write(rocksdb::WriteBatch& batch, const Meta& next) {
  return database.write(batch, true) && acknowledge(next);
}

bool Store::Impl::acknowledge(const Meta& next) {
  if (next.sequence != meta.sequence && !mark->write(next.sequence)) {
    latch.trip("the mark of the last acknowledged change could not be written");
    return false;
  }
  meta = next;
  publish_meta();
  return true;
}

}  // namespace suppressd
