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

/// The states of matching slots, reduced by maximum: one of them, even if the writer takes a key
/// out of one slot and puts it into another between our two loads. By the letter of C++ a vector
/// load over atomics is a race; on x86-64 each aligned 8-byte lane of it is read whole and in
/// order, and that is all that an acquire load of a slot gives there. ThreadSanitizer's build uses
/// the scalar kernel.
struct Avx2Compare {
  static bool candidate(const Line& line, uint64_t platform) {
    const auto* halves = reinterpret_cast<const __m256i*>(&line);
    const __m256i wanted = _mm256_set1_epi64x(static_cast<int64_t>(platform));
    constexpr int other_bits = tag_shift + salt_bits;
    const auto of = [&](const __m256i* half) {
      const __m256i differs = _mm256_xor_si256(_mm256_load_si256(half), wanted);
      return _mm256_cmpeq_epi64(_mm256_srli_epi64(differs, other_bits), _mm256_setzero_si256());
    };
    return _mm256_movemask_epi8(_mm256_or_si256(of(halves), of(halves + 1))) != 0;
  }

  static uint64_t states(const Line& line, uint64_t platform, uint64_t salt) {
    const auto* halves = reinterpret_cast<const __m256i*>(&line);
    const __m256i low = _mm256_load_si256(halves);
    const __m256i high = _mm256_load_si256(halves + 1);
    const __m256i key_bits = _mm256_set1_epi64x(static_cast<int64_t>(key_mask));
    const __m256i state_bits_only = _mm256_set1_epi64x(static_cast<int64_t>(state_mask));
    const __m256i low_keys = _mm256_and_si256(low, key_bits);
    const __m256i high_keys = _mm256_and_si256(high, key_bits);
    const __m256i low_states = _mm256_and_si256(low, state_bits_only);
    const __m256i high_states = _mm256_and_si256(high, state_bits_only);
    const auto of = [&](__m256i wanted) {
      return _mm256_max_epu8(_mm256_and_si256(_mm256_cmpeq_epi64(low_keys, wanted), low_states),
                             _mm256_and_si256(_mm256_cmpeq_epi64(high_keys, wanted), high_states));
    };
    const __m256i of_all = _mm256_set1_epi64x(static_cast<int64_t>(platform));
    const __m256i of_one = _mm256_xor_si256(of_all, _mm256_set1_epi64x(static_cast<int64_t>(salt)));
    // The account's state in byte 0 of each lane, the platform's in byte 1.
    const __m256i lanes = _mm256_or_si256(of(of_one), _mm256_slli_epi64(of(of_all), 8));
    const __m128i pair =
        _mm_max_epu8(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i one = _mm_max_epu8(pair, _mm_unpackhi_epi64(pair, pair));
    const auto bytes = static_cast<uint32_t>(_mm_cvtsi128_si32(one));
    return (bytes | bytes >> state_bits) & 0xff;
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
