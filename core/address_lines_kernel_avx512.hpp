// How AVX-512 classifies 64 bytes: one vector, and comparisons that give masks. The includer brings
// the intrinsics, the real ones (address_lines_kernel_avx512.cpp) or an emulation of them (the
// tests, on machines without AVX-512).
#pragma once

#include "core/address_lines_kernel_loop.hpp"

namespace suppressd {
namespace {

struct Avx512Bytes {
  static uint64_t equal(__m512i bytes, char c) {
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
  }
  static uint64_t in_range(__m512i bytes, char first, char last) {
    const __m512i offset = _mm512_sub_epi8(bytes, _mm512_set1_epi8(first));
    return _mm512_cmple_epu8_mask(offset, _mm512_set1_epi8(static_cast<char>(last - first)));
  }

  static ByteClasses read(const char* text, char* lower) {
    const __m512i bytes = _mm512_loadu_si512(text);
    const uint64_t upper = in_range(bytes, 'A', 'Z');
    const __m512i lowered = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    _mm512_storeu_si512(lower, _mm512_mask_blend_epi8(upper, bytes, lowered));
    ByteClasses is{equal(bytes, '\n'),
                   equal(bytes, '\r'),
                   equal(bytes, '@'),
                   equal(bytes, '.'),
                   equal(bytes, '-'),
                   equal(bytes, '_') | equal(bytes, '+'),
                   upper | in_range(bytes, 'a', 'z') | in_range(bytes, '0', '9')};
    is.any |= is.line_feed | is.carriage_return | is.at | is.dot | is.hyphen | is.other_local;
    return is;
  }

  static PhoneClasses read_phone(const char* text) {
    const __m512i bytes = _mm512_loadu_si512(text);
    return {equal(bytes, '+'), in_range(bytes, '0', '9')};
  }
};

}  // namespace
}  // namespace suppressd
