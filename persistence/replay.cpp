// Puts into a set what changed after an image: the rows of `changes`, one by one and in order. Each
// row says what holds after it, so it does not matter what of it the image held already.
#include <rocksdb/db.h>

#include "persistence/change_row.hpp"
#include "persistence/keys.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

constexpr size_t puts_ahead = 32;  // between the hint to the memory and the put
/// A tail of this size is replayed whatever the store's size: it takes a second or two.
constexpr uint64_t replayed_bytes_always = 64 << 20;

uint64_t approximate_bytes(const Database& database, Family family, const std::string& from,
                           const std::string& to) {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  const rocksdb::Range range(from, to);
  uint64_t bytes = 0;
  require_ok(
      database.rocks().GetApproximateSizes(options, database.family(family), &range, 1, &bytes));
  return bytes;
}

class Replay {
 public:
  Replay(const FingerprintKey& key, SuppressionSet& set) : key_(key), set_(set) {}

  /// False when the row changes what every entry means, or is no row.
  bool row(std::string_view bytes) {
    ChangeRow row(bytes);
    if (row.kind() == ChangeKind::rekeyed || row.kind() == ChangeKind::loss_accepted) return false;
    for (ChangedAddress changed; row.next(changed);) {
      Put& next = ahead_[count_++ % puts_ahead];
      if (count_ > puts_ahead) put(next);
      next = {fingerprint_of(changed), changed.scope, changed.after};
      set_.prefetch(next.address);
    }
    return row.whole();
  }

  void finish() {
    for (uint64_t i = count_ - std::min<uint64_t>(count_, puts_ahead); i < count_; ++i) {
      put(ahead_[i % puts_ahead]);
    }
  }

 private:
  struct Put {
    Fingerprint address;
    AccountNumber scope;
    SlotState state;
  };
  Fingerprint fingerprint_of(const ChangedAddress& changed) const {
    if (changed.erased) return changed.fingerprint;
    return key_(CanonicalAddress::from_stored(changed.channel, changed.address));
  }
  void put(const Put& what) { set_.put(what.address, what.scope, what.state); }

  const FingerprintKey& key_;
  SuppressionSet& set_;
  std::array<Put, puts_ahead> ahead_{};
  uint64_t count_ = 0;
};

}  // namespace

bool replay_is_quicker(const Database& database, uint64_t after, unsigned scan_threads) {
  // A replayed row costs what a scanned one does, but one thread does it.
  const uint64_t tail =
      approximate_bytes(database, Family::changes, change_key(after + 1), change_key(~uint64_t{0}));
  if (tail <= replayed_bytes_always) return true;
  const std::string first(1, '\0'), last(suppression_key_head, '\xff');
  const uint64_t all = approximate_bytes(database, Family::suppressions, first, last);
  return tail <= all / scan_threads;
}

std::string replay_changes(const Database& database, const FingerprintKey& key, uint64_t after,
                           uint64_t last, SuppressionSet& set, std::atomic<double>& progress) {
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(scan_options(), database.family(Family::changes)));
  Replay replay(key, set);
  const double begun = progress;
  uint64_t next = after + 1;
  for (row->Seek(change_key(next)); row->Valid(); row->Next(), ++next) {
    if (row->key() != change_key(next)) break;
    if (!replay.row({row->value().data(), row->value().size()})) {
      return "the change after it with the sequence " + std::to_string(next) +
             " cannot be replayed";
    }
    progress = begun + (1 - begun) * static_cast<double>(next - after) /
                           static_cast<double>(last - after + 1);
  }
  require_ok(row->status());
  replay.finish();
  return next == last + 1 ? "" : "changes after it are missing";
}

}  // namespace suppressd
