// The lock-free sharded hash set that answers checks. (Contract; the layout is drawn below.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/digest.hpp"
#include "core/fingerprint.hpp"
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
  struct Options {
    uint32_t shards = 64;                    // a power of two
    uint32_t ranges_per_shard = 1024;        // a power of two; placement bits that the line implies
    Kernel kernel = best_kernel();           // precondition: available
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
  /// Makes room for this many entries in all, so that loading never grows. Only before any put.
  void reserve(uint64_t entries);

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
