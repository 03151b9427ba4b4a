// Entries for a measurement to find: rows [0, rows) of the made-up population, added through the
// API to the account's list.
#pragma once

#include <atomic>
#include <cstdint>

#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

inline constexpr uint64_t prepare_batch_rows = 100'000;
inline constexpr unsigned prepare_connections = 4;

struct Prepared {
  uint64_t rows = 0;   // acknowledged
  uint64_t added = 0;  // of these, those that were not there before
  double seconds = 0;
};
/// Adds rows [begin, end). Throws Failure when the server refuses them. Stops early, with whole
/// batches, when interrupted.
Prepared prepare_entries(const Settings& settings, uint64_t seed, uint64_t begin, uint64_t end,
                         const std::atomic<bool>& interrupted);

}  // namespace suppressctl
