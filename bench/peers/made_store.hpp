// A data directory with a given number of suppressions, made in seconds: sorted tables are written
// and ingested below the store, and meta is given their count and digest. For measuring starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace suppressd::bench {

/// The number-th address in byte order, of `entries` in all: 18 to 30 octets, unrelated bits.
std::string sorted_address(uint64_t number, uint64_t entries);

/// Throws std::runtime_error.
void make_store(const std::filesystem::path& directory, uint64_t entries);

/// One plain iterator over the suppressions of a closed store, from the first key to the last, on
/// one thread; the keys are thrown away. Returns how many there were.
uint64_t count_with_iterator(const std::filesystem::path& directory);

}  // namespace suppressd::bench
