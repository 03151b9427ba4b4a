// What every measuring program here needs: reproducible keys, clocks that other processes do not
// disturb, medians, resident memory, and the lines that say where the numbers came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/fingerprint.hpp"

namespace suppressd::bench {

/// The fingerprint of the number-th made-up address: different numbers, unrelated bits.
Fingerprint fingerprint_of(uint64_t number);

/// `count` fingerprints, of which `hits_percent` are among numbers [0, entries), in random order.
std::vector<Fingerprint> queries(size_t count, uint64_t entries, unsigned hits_percent);

/// CPU time of the calling thread in seconds: what others run on the machine counts only by the
/// caches and the memory bandwidth they take.
double thread_cpu_seconds();

double median(std::vector<double> values);

/// Bytes of this process in RAM.
uint64_t resident_bytes();
/// Of these, bytes in huge pages.
uint64_t huge_page_bytes();

/// What a measuring program's main returns: what `run` does, or 2 and a line on standard error when it
/// throws.
int run_program(const char* name, const std::function<int()>& run);

/// Compiler, flags, CPU and huge page setting, a line each; warns of a build that is not for
/// measuring.
std::string environment();

}  // namespace suppressd::bench
