// The bulk check: raw addresses in, verdicts out, in chunks of at most rows_max. The codecs of the
// server push each address as they split it off the body; run() looks the whole chunk up at once,
// so that the set can prefetch. Allocates nothing per address. Thread safety: one thread's.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/address.hpp"
#include "core/fingerprint.hpp"
#include "core/suppression_set.hpp"
#include "core/types.hpp"

namespace suppressd {

/// The answer for one address. `reason` and `scope` mean something when suppressed, `error` when
/// invalid.
struct RowVerdict {
  Verdict verdict = Verdict::clear;
  Reason reason = Reason::none;
  Scope scope = Scope::account;
  AddressError error = AddressError::none;
  bool operator==(const RowVerdict&) const = default;
};

struct CheckOptions {
  AccountNumber account = platform_number;
  std::optional<Channel> channel = {};  // empty: an '@' decides for each address
  Region region = {};                   // default region of national phone numbers
  Purpose purpose = Purpose::marketing;
};

class BulkCheck {
 public:
  static constexpr size_t rows_max = 1024;  // a chunk: fingerprints and verdicts stay in L1/L2

  BulkCheck(const SuppressionSet& set, SuppressionSet::Reader& reader, const FingerprintKey& key,
            Normalizer& normalizer, const CheckOptions& options);

  /// Normalizes and hashes now: `raw` need not outlive the call. Precondition: !full().
  void push(std::string_view raw) { push(raw, options_.channel); }
  void push(std::string_view raw, std::optional<Channel> channel);
  /// A row that holds no address at all (a missing CSV cell, a JSON value that is not a string).
  void push_invalid(AddressError error);

  size_t size() const { return size_; }
  bool full() const { return size_ == rows_max; }

  /// Verdicts of everything pushed since the last run, in order. The span lives until the next
  /// push.
  std::span<const RowVerdict> run();

 private:
  const SuppressionSet& set_;
  SuppressionSet::Reader& reader_;
  const FingerprintKey& key_;
  Normalizer& normalizer_;
  CheckOptions options_;
  size_t size_ = 0;
  std::array<Fingerprint, rows_max> addresses_;
  std::array<Finding, rows_max> findings_;
  std::array<RowVerdict, rows_max> verdicts_;
};

}  // namespace suppressd
