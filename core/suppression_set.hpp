// The hash set that answers checks: lock-free for readers, one writer, sharded, exact, in memory
// only.
//
//   fingerprint.high   | shard 6 | range 10 | placement 16 | unused 32 |
//
//   set                64 shards, each a table of 1024 ranges of k lines; k grows with the shard.
//                      Home line of an entry = range * k + placement * k / 2^16, one
//                      multiplication.
//   line  64 bytes     | slot | slot | slot | slot | slot | slot | slot | slot |
//   slot   8 bytes     | placement 16 | tag 40 | filter 4 | state 4 |
//                        placement, tag: the key; zero state: empty. state: a Reason, or 15 =
//                        exempt filter: a quarter of the slot's share of the line's 32 filter bits;
//                        it belongs to the line, not to the entry that happens to lie in the slot
//   tag                40 bits of fingerprint.low; the lower 32 of them xor account * odd number; the
//                      platform is account 0
//
// An entry lies in the first line of its sequence (home, then up to seven steps through the same
// range) that had an empty slot, else in the shard's spill. Sequence and filter bit depend on the
// placement only: an address's platform entry and any account's entry share them, so one line
// answers both questions. Every line that an entry passed has the filter bit of its placement set.
// A reader goes on to the next line exactly while that bit is set: of misses, one in sixty does.
//
// Invariants
//  1. An entry is in one place, and all filter bits on the way to it are set: the writer stores the
//     entry first (release), then the bits in reverse, home last. So a reader never misses an entry
//     that was there when its check began.
//  2. Published entries never move. Growth writes a whole shard anew, aside, an eighth larger, and
//     publishes it by one store of its directory word (address and k together). A slot holds its
//     placement and its line implies its range, so growth needs no address; filter bits start
//     clean.
//  3. Old lines are freed when every reader has left the batch (of at most 4096) that may see them
//     (set_epoch.hpp). Readers write only their own epoch line; the directory is written by growth
//     only.
//  4. Accounts' tag factors are injective: entries of one address never share a key, however many
//     accounts suppress it. Those that exceed its 64 slots (8 lines) spill (set_spill.hpp);
//     spilling makes a shard grow only while it is small and half full, so a hot address cannot
//     inflate it.
//
// Exactness. Keys of two addresses are equal when 16 bits of place (implied by the range), 16 of
// placement and 40 of tag are: one in 2^72. A check compares two keys (account and platform)
// against what lies there, so at n entries it is wrong with probability 2n / 2^72: at a
// billion 4.3e-13, below the promised 1e-12. (Loading a billion meets such a pair with probability
// 1e-4; count and digest then differ, and the server refuses to serve instead of guessing.) A
// "clear" is never wrong. The placement keeps telling lines apart while k is far below 2^16; a
// billion entries make k = 2600, 25 placements a line.
//
// Memory and speed. Shards grow at 6.25 entries a line on average, each at a load of its own, and
// from 8 MiB on to whole huge pages: a set holds about 5.9 a line, 10.9 bytes an entry. Then 5.5 %
// of entries moved from home and 1.3 % of misses look on for nothing. Filling lines to 6.5 of 8 was
// tried: 7 % and 1.7 %, and checks a tenth slower.
//
// Errors: std::bad_alloc from put() and reserve(), and then the set is as before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/digest.hpp"
#include "core/fingerprint.hpp"
#include "core/set_image.hpp"
#include "core/types.hpp"

namespace suppressd {

/// What a check found for one address, one byte: the two scopes already combined by the rule
/// "account suppression, else account exemption, else platform suppression, else clear".
struct Finding {
  uint8_t bits = 0;  // 0 = clear; low 4 bits: reason; bit 4: scope (0 account, 1 platform)

  bool clear() const { return bits == 0; }
  Reason reason() const { return static_cast<Reason>(bits & 15); }
  Scope scope() const { return static_cast<Scope>((bits >> 4) & 1); }
  bool operator==(const Finding&) const = default;
};

/// Which instruction set compares a line. Chosen at run time; settable for tests and benches.
enum class Kernel : uint8_t { scalar, avx2, avx512 };
/// Whether this CPU (and this build) has it.
bool kernel_available(Kernel kernel);
std::string_view name_of(Kernel kernel);
Kernel best_kernel();

/// Answers one batch; see set_kernel.hpp.
using CheckFunction = void (*)(const struct CheckBatch&);

class SuppressionSet {
 public:
  static constexpr uint32_t shards_default = 64;
  static constexpr uint32_t ranges_per_shard_default = 1024;
  struct Options {
    uint32_t shards = shards_default;                      // a power of two
    uint32_t ranges_per_shard = ranges_per_shard_default;  // a power of two
    Kernel kernel = best_kernel();                         // precondition: available
    CheckFunction check_function = nullptr;  // instead of `kernel`: tests emulate AVX-512 with it
  };
  SuppressionSet();
  explicit SuppressionSet(const Options& options);
  ~SuppressionSet();
  SuppressionSet(const SuppressionSet&) = delete;
  SuppressionSet& operator=(const SuppressionSet&) = delete;

  /// A thread's right to check. Owns one epoch line; registers at construction. One thread at a
  /// time.
  class Reader {
   public:
    explicit Reader(const SuppressionSet& set);  // throws std::length_error past readers_max
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    friend class SuppressionSet;
    const SuppressionSet& set_;
    struct Epoch* epoch_;
  };
  static constexpr size_t readers_max = 1024;

  /// Wait-free. findings.size() >= addresses.size(); any batch size. `account` may be
  /// platform_number: then only platform entries count. With Purpose::transactional an
  /// `unsubscribe` counts as no suppression in either scope; since it is the weakest reason, it is
  /// shown only where it is the only cause. (An exemption below an account's own `unsubscribe` is
  /// not kept in the set: then the platform's suppression holds.)
  void check(Reader& reader, std::span<const Fingerprint> addresses, AccountNumber account,
             std::span<Finding> findings, Purpose purpose = Purpose::marketing) const;

  // ---- The one writer (the committer; while loading, one thread at a time per shard) ----

  /// Sets what one scope says of an address; SlotState::absent removes. Returns what it said
  /// before.
  SlotState put(const Fingerprint& address, AccountNumber account, SlotState state);
  /// What one scope says of an address. Writer's thread (of that shard) only.
  SlotState get(const Fingerprint& address, AccountNumber account) const;
  /// A hint that put() of this address follows soon: loaders call it some 16 puts ahead.
  void prefetch(const Fingerprint& address) const;
  uint32_t shard_of(const Fingerprint& address) const;
  uint32_t shards() const;
  /// Makes room for this many entries in all, so that loading them does not grow (a set of less
  /// than a few million may, once or twice). Only before any put.
  void reserve(uint64_t entries);

  // ---- Images: the lines as bytes (set_image.hpp says what an export is) ----

  /// Copies a shard's lines out while the writer goes on. Any thread. Throws std::length_error past
  /// readers_max.
  ShardExport export_shard(uint32_t shard) const;
  /// The memory where the bytes of an export with these range_lines belong, zeroed; empty when no
  /// shard can have them. Read a file straight into it; checks do not see it before finish_import().
  /// Shards may be imported in parallel, one thread at a time each. Throws std::bad_alloc.
  std::span<std::byte> begin_import(uint32_t shard, uint64_t range_lines);
  /// Brings what begin_import() gave into force: the bytes are there and proven (no slot that is
  /// damaged can make a check fail, but it would answer wrongly). False, and the shard stays empty,
  /// when the numbers contradict each other or something was put into the shard before. Throws
  /// std::bad_alloc; then clear().
  bool finish_import(uint32_t shard, const ShardImage& image);
  /// Empties the set, also of imports that were begun: for an image that proved wrong.
  void clear();

  // ---- Any thread; exact when no put is under way ----

  uint64_t entries() const;
  Digest digest() const;
  uint64_t memory_bytes() const;

  struct Statistics {
    uint64_t lines = 0, entries = 0, moved = 0, spilled = 0, growths = 0, bytes = 0;
  };
  Statistics statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
