#include "server/simdjson_choice.hpp"

#include <simdjson.h>

namespace suppressd {
namespace {

bool choose() {
  for (const char* name : {"haswell", "westmere", "arm64", "ppc64", "fallback"}) {
    const simdjson::implementation* one = simdjson::get_available_implementations()[name];
    if (one == nullptr || !one->supported_by_runtime_system()) continue;
    simdjson::get_active_implementation() = one;
    return true;
  }
  return false;
}

}  // namespace

void choose_simdjson() {
  static const bool chosen = choose();
  static_cast<void>(chosen);
}

}  // namespace suppressd
