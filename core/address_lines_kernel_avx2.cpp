// AVX2: 64 bytes are two vectors. See set_kernel_avx2.cpp for why the headers come before the
// pragma.
#include <immintrin.h>

#include <bit>
#include <cstring>

#include "core/address_lines_kernel.hpp"

#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")

#include "core/address_lines_kernel_loop.hpp"

namespace suppressd {
namespace {

struct Avx2Bytes {
  static __m256i load(const char* text, size_t half) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text) + half);
  }
  static __m256i equal(__m256i bytes, char c) {
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c));
  }
  static __m256i in_range(__m256i bytes, char first, char last) {
    const __m256i offset = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));
    const __m256i width = _mm256_set1_epi8(static_cast<char>(last - first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(offset, width), offset);
  }
  static uint64_t bits(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
           uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(high))} << 32;
  }
  static uint64_t equal(__m256i low, __m256i high, char c) {
    return bits(equal(low, c), equal(high, c));
  }
  static void store_lower(char* lower, size_t half, __m256i bytes) {
    const __m256i upper = in_range(bytes, 'A', 'Z');
    const __m256i lowered = _mm256_or_si256(bytes, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lower) + half, lowered);
  }
  /// All ones where a byte has no place in a plain address. A byte's upper half says which bit its
  /// lower half must have: LF CR, + - ., digits, @ A-O, a-o, P-Z _, p-z.
  static __m256i none(__m256i bytes) {
    const __m256i by_lower =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0x6c, 0x7c, 0x7c, 0x7c, 0x7c, 0x7c, 0x7c, 0x7c,
                                                  0x7c, 0x7c, 0x79, 0x1a, 0x18, 0x1b, 0x1a, 0x38));
    const __m256i by_upper = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, 2, 4, 8, 0x20, 0x10, 0x40, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
    const __m256i classes = _mm256_and_si256(_mm256_shuffle_epi8(by_lower, bytes),
                                             _mm256_shuffle_epi8(by_upper, upper));
    return _mm256_cmpeq_epi8(classes, _mm256_setzero_si256());
  }
  static __m256i other_local(__m256i bytes) {
    return _mm256_or_si256(equal(bytes, '_'), equal(bytes, '+'));
  }

  static ByteClasses read(const char* text, char* lower) {
    const __m256i first = load(text, 0), second = load(text, 1);
    store_lower(lower, 0, first);
    store_lower(lower, 1, second);
    return {equal(first, second, '\n'),      equal(first, second, '\r'),
            equal(first, second, '@'),       equal(first, second, '.'),
            equal(first, second, '-'),       bits(other_local(first), other_local(second)),
            ~bits(none(first), none(second))};
  }

  static PhoneClasses read_phone(const char* text) {
    const __m256i low = load(text, 0), high = load(text, 1);
    return {bits(equal(low, '+'), equal(high, '+')),
            bits(in_range(low, '0', '9'), in_range(high, '0', '9'))};
  }
};

}  // namespace

size_t mark_lines_avx2(const char* text, size_t size, char* lower, uint32_t* marks) {
  return mark_lines<Avx2Bytes>(text, size, lower, marks);
}

}  // namespace suppressd
#pragma GCC pop_options
