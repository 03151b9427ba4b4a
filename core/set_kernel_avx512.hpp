// The AVX-512 comparison: a line is one vector. The includer brings the intrinsics, the real ones
// (set_kernel_avx512.cpp) or an emulation of them (the tests, on machines without AVX-512).
#pragma once

#include "core/set_kernel_loop.hpp"

namespace suppressd {
namespace {

/// The vector load only proposes a slot, whose acquire load decides.
struct Avx512Compare {
  static uint64_t state(const Line& line, uint64_t key, __m512i words) {
    const __m512i differs = _mm512_xor_si512(words, _mm512_set1_epi64(static_cast<int64_t>(key)));
    const __m512i mask = _mm512_set1_epi64(static_cast<int64_t>(key_mask));
    // An empty slot's key is zero, which is some address's key too.
    const unsigned taken = _mm512_test_epi64_mask(words, _mm512_set1_epi64(state_mask));
    const unsigned found = taken & _mm512_testn_epi64_mask(differs, mask);
    const unsigned slot = static_cast<unsigned>(__builtin_ctz(found | 1u << 7));
    const uint64_t word = line.slots[slot].load(std::memory_order_acquire);
    return state_if_key(word, key);
  }

  static bool candidate(const Line& line, uint64_t platform) {
    const __m512i differs = _mm512_xor_si512(_mm512_load_si512(&line),
                                             _mm512_set1_epi64(static_cast<int64_t>(platform)));
    const __m512i mask = _mm512_set1_epi64(static_cast<int64_t>(address_mask));
    return _mm512_testn_epi64_mask(differs, mask) != 0;
  }

  static uint64_t states(const Line& line, uint64_t platform, uint64_t salt) {
    const __m512i words = _mm512_load_si512(&line);
    return state(line, platform ^ salt, words) | state(line, platform, words) << state_bits;
  }
};

}  // namespace
}  // namespace suppressd
