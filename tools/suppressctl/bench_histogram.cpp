#include "tools/suppressctl/bench_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace suppressctl {

size_t LatencyHistogram::bucket_of(uint64_t nanoseconds) {
  if (nanoseconds < per_power) return nanoseconds;
  const auto power = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1;  // from precision_bits
  const unsigned shift = power - precision_bits;
  return per_power * (shift + 1) + ((nanoseconds >> shift) - per_power);
}

uint64_t LatencyHistogram::top_of(size_t bucket) {
  if (bucket < per_power) return bucket;
  const size_t shift = bucket / per_power - 1;
  return ((per_power + bucket % per_power + 1) << shift) - 1;
}

void LatencyHistogram::record(std::chrono::nanoseconds time) {
  const auto nanoseconds =
      std::min(static_cast<uint64_t>(std::max<int64_t>(time.count(), 0)), time_max);
  ++counts_[bucket_of(nanoseconds)];
  ++count_;
  largest_ = std::max(largest_, nanoseconds);
  smallest_ = std::min(smallest_, nanoseconds);
  sum_ += static_cast<double>(nanoseconds);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
  smallest_ = std::min(smallest_, other.smallest_);
  sum_ += other.sum_;
}

std::chrono::nanoseconds LatencyHistogram::percentile(double share) const {
  if (count_ == 0) return {};
  // 0.99 * 100 is a little more than 99 in binary; the rank it means is 99.
  const double exact_rank = std::ceil(share * static_cast<double>(count_) - 1e-6);
  const auto rank =
      std::clamp<uint64_t>(exact_rank > 0 ? static_cast<uint64_t>(exact_rank) : 1, 1, count_);
  if (rank == 1) return smallest();
  uint64_t seen = 0;
  size_t bucket = 0;
  while ((seen += counts_[bucket]) < rank) ++bucket;
  return std::chrono::nanoseconds(std::min(top_of(bucket), largest_));
}

std::chrono::nanoseconds LatencyHistogram::smallest() const {
  return std::chrono::nanoseconds(count_ == 0 ? 0 : smallest_);
}

double LatencyHistogram::mean_seconds() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_) * 1e-9;
}

}  // namespace suppressctl
