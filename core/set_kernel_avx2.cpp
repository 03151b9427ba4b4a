// AVX2: a line is two vectors. The intrinsics and our templates are compiled for it by the pragma
// below; headers come before it, so that no inline function that other files share is compiled with
// it.
#include <immintrin.h>

#include "core/set_kernel.hpp"
#include "core/set_spill.hpp"

#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt")

#include "core/set_kernel_loop.hpp"

namespace suppressd {
namespace {

/// The vector loads only propose a slot; its state comes from an acquire load of that slot, which
/// must still hold the key. (By the letter of C++ a vector load over atomics is a race; on x86-64
/// each aligned 8-byte lane of it is read whole, and ThreadSanitizer's build uses the scalar
/// kernel.)
struct Avx2Compare {
  static uint64_t state(const Line& line, uint64_t key, __m256i low, __m256i high) {
    const __m256i wanted = _mm256_set1_epi64x(static_cast<int64_t>(key));
    const auto matches = [&](__m256i keys) {
      return static_cast<unsigned>(
          _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(keys, wanted))));
    };
    const unsigned found = matches(low) | matches(high) << 4;
    const unsigned slot = static_cast<unsigned>(__builtin_ctz(found | 1u << 7));
    const uint64_t word = line.slots[slot].load(std::memory_order_acquire);
    return (word & key_mask) == key ? word & state_mask : 0;
  }

  static uint64_t states(const Line& line, uint64_t platform, uint64_t account) {
    const auto* vectors = reinterpret_cast<const __m256i*>(&line);
    const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(key_mask));
    const __m256i low = _mm256_and_si256(_mm256_load_si256(vectors), mask);
    const __m256i high = _mm256_and_si256(_mm256_load_si256(vectors + 1), mask);
    return state(line, account, low, high) | state(line, platform, low, high) << state_bits;
  }
};

}  // namespace

void check_avx2(const CheckBatch& batch) {
  check_batch<Avx2Compare>(batch);
}

}  // namespace suppressd
#pragma GCC pop_options

namespace suppressd {
bool avx2_available() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}
}  // namespace suppressd
