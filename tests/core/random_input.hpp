// What random tests share: a seed that a failure prints and SUPPRESSD_SEED replays, and loop counts
// that SUPPRESSD_TEST_SIZE multiplies.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>

namespace suppressd {

inline uint64_t seed_from_environment() {
  const char* given = std::getenv("SUPPRESSD_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

inline size_t scaled(size_t count) {
  const char* given = std::getenv("SUPPRESSD_TEST_SIZE");
  return count * (given ? std::strtoull(given, nullptr, 10) : 1);
}

struct RandomInput {
  const uint64_t seed = seed_from_environment();
  std::mt19937_64 engine{seed};

  /// From 0 to `below`, without it.
  size_t number(size_t below) { return engine() % below; }
  bool one_in(size_t n) { return number(n) == 0; }
  template <typename T>
  const T& one_of(const T* choices, size_t count) {
    return choices[number(count)];
  }
  std::string_view one_of(std::initializer_list<std::string_view> choices) {
    return choices.begin()[number(choices.size())];
  }
  /// `count` characters of `alphabet`.
  std::string text(size_t count, std::string_view alphabet) {
    std::string made;
    for (size_t i = 0; i < count; ++i) made.push_back(alphabet[number(alphabet.size())]);
    return made;
  }
};

}  // namespace suppressd
