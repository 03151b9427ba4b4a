// AVX-512: see set_kernel_avx2.cpp for why the headers come before the pragma.
#include <immintrin.h>

#include <bit>
#include <cstring>

#include "core/address_lines_kernel.hpp"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,bmi,bmi2,popcnt,lzcnt")

#include "core/address_lines_kernel_avx512.hpp"
#include "core/address_lines_kernel_loop.hpp"

namespace suppressd {

size_t mark_lines_avx512(const char* text, size_t size, char* lower, uint32_t* marks) {
  return mark_lines<Avx512Bytes>(text, size, lower, marks);
}

}  // namespace suppressd
#pragma GCC pop_options
