// How long things took, in little memory however many there were: a log-linear histogram.
//
//   nanoseconds   0 … 127        one bucket each
//                 2^k … 2^(k+1)  128 buckets of equal width, for k from 7 to 42 (73 minutes)
//
// Precision: percentile() is never below the exact one and above it by less than 1/128 (0.8 %) of
// it; largest(), smallest() and mean() are exact. Longer times count as time_max. Histograms of the
// same time span merge without loss. Thread safety: one thread's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace suppressctl {

class LatencyHistogram {
 public:
  static constexpr unsigned precision_bits = 7;
  static constexpr unsigned time_bits_max = 42;
  static constexpr uint64_t time_max = (uint64_t{1} << time_bits_max) - 1;  // nanoseconds

  void record(std::chrono::nanoseconds time);  // below zero counts as zero
  void merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  /// The smallest time that at least this share of all times does not exceed: 0.99 is the 99th
  /// percentile, 1 the largest, 0 the smallest. Zero when nothing was recorded.
  std::chrono::nanoseconds percentile(double share) const;
  std::chrono::nanoseconds largest() const { return std::chrono::nanoseconds(largest_); }
  std::chrono::nanoseconds smallest() const;
  double mean_seconds() const;

 private:
  static constexpr size_t per_power = size_t{1} << precision_bits;
  static constexpr size_t buckets = per_power * (time_bits_max - precision_bits + 1);
  static size_t bucket_of(uint64_t nanoseconds);
  static uint64_t top_of(size_t bucket);

  std::array<uint64_t, buckets> counts_{};
  uint64_t count_ = 0;
  uint64_t largest_ = 0;
  uint64_t smallest_ = time_max;
  double sum_ = 0;
};

}  // namespace suppressctl
