#include "bench/measure.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <random>
#include <sstream>

namespace suppressd::bench {
namespace {

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// The value after "name" and a colon in a file of such lines; empty when there is none.
std::string field(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const size_t colon = line.find(':');
    return colon == std::string::npos ? "" : line.substr(line.find_first_not_of(" \t", colon + 1));
  }
  return "";
}

uint64_t kibibytes(const char* name) {
  return std::strtoull(field("/proc/self/smaps_rollup", name).c_str(), nullptr, 10) * 1024;
}

}  // namespace

Fingerprint fingerprint_of(uint64_t number) {
  return {mix(number * 2 + 1), mix(~number * 0x9e3779b97f4a7c15)};
}

std::vector<Fingerprint> queries(size_t count, uint64_t entries, unsigned hits_percent) {
  std::mt19937_64 random(entries + hits_percent);
  std::vector<Fingerprint> made(count);
  for (Fingerprint& query : made) {
    const uint64_t number = random();
    const bool hit = number % 100 < hits_percent;
    query = fingerprint_of(hit ? (number >> 8) % entries : entries + (number >> 8));
  }
  return made;
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

uint64_t resident_bytes() {
  return kibibytes("Rss");
}

uint64_t huge_page_bytes() {
  return kibibytes("AnonHugePages");
}

std::string environment() {
  std::ostringstream text;
  text << "compiler    g++ " << __VERSION__ << ", flags " << SUPPRESSD_BENCH_FLAGS << '\n';
#ifndef NDEBUG
  text << "WARNING     built without NDEBUG: these numbers are not for publication\n";
#endif
  text << "cpu         " << field("/proc/cpuinfo", "model name") << '\n';
  std::ifstream huge("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string setting;
  std::getline(huge, setting);
  text << "huge pages  " << setting << '\n';
  return text.str();
}

int run_program(const char* name, const std::function<int()>& run) {
  try {
    return run();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", name, failure.what());
    return 2;
  }
}

}  // namespace suppressd::bench
