#include "core/bulk_check.hpp"

#include <cassert>

namespace suppressd {

BulkCheck::BulkCheck(const SuppressionSet& set, SuppressionSet::Reader& reader,
                     const FingerprintKey& key, Normalizer& normalizer, const CheckOptions& options)
    : set_(set), reader_(reader), key_(key), normalizer_(normalizer), options_(options) {}

void BulkCheck::push(std::string_view raw, std::optional<Channel> channel) {
  assert(!full());
  CanonicalAddress address;
  const AddressError error = normalizer_.address(raw, channel, options_.region, address);
  if (error != AddressError::none) return push_invalid(error);
  addresses_[size_] = key_(address);
  verdicts_[size_].error = AddressError::none;
  ++size_;
}

void BulkCheck::push_invalid(AddressError error) {
  assert(!full() && error != AddressError::none);
  // The set is asked for every row, so that rows keep their positions; run() ignores this answer.
  addresses_[size_] = {};
  verdicts_[size_].error = error;
  ++size_;
}

std::span<const RowVerdict> BulkCheck::run() {
  const size_t size = size_;
  set_.check(reader_, {addresses_.data(), size}, options_.account, {findings_.data(), size},
             options_.purpose);
  for (size_t i = 0; i < size; ++i) {
    RowVerdict& row = verdicts_[i];
    const Finding finding = findings_[i];
    if (row.error != AddressError::none) {
      row = {Verdict::invalid, Reason::none, Scope::account, row.error};
    } else if (finding.clear()) {
      row = {};
    } else {
      row = {Verdict::suppressed, finding.reason(), finding.scope(), AddressError::none};
    }
  }
  size_ = 0;
  return {verdicts_.data(), size};
}

}  // namespace suppressd
