// AVX-512: see set_kernel_avx2.cpp for why the headers come before the pragma.
#include <immintrin.h>

#include "core/set_kernel.hpp"
#include "core/set_spill.hpp"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,popcnt")

#include "core/set_kernel_avx512.hpp"
#include "core/set_kernel_loop.hpp"

namespace suppressd {

void check_avx512(const CheckBatch& batch) {
  check_batch<Avx512Compare>(batch);
}

}  // namespace suppressd
#pragma GCC pop_options

namespace suppressd {
bool avx512_available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("bmi2");
}
}  // namespace suppressd
