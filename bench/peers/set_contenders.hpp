// The contenders of set_peers: the memory ceiling, our set, and the tables that a user could take
// instead, each filled with the same entries and asked the same keys.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/suppression_set.hpp"

namespace suppressd::bench {

/// One side of the comparison: a name, a lookup of many keys that returns the hits, and its times.
struct Contender {
  std::string name;
  std::function<uint64_t(std::span<const Fingerprint>)> ask;
  double bytes_per_entry = 0;
  bool counts_hits = true;
  std::vector<double> seconds = {};
};

/// Puts fingerprint_of(0 … entries - 1) into an empty set, so that it grows all the way; each thread
/// writes the shards that are its own.
void fill(SuppressionSet& set, uint64_t entries, unsigned threads);

/// Loops that only load one word of one random line of as much memory: with prefetches in one stage
/// and in two, near and far. The fastest of them is the ceiling. Past 2 GiB of lines the memory does
/// not grow with the set, so that both fit into RAM; that makes the loops no slower.
std::vector<Contender> memory_loops(uint64_t lines);

/// The set, asked in batches. Each contender is one reader: one a thread.
Contender set_contender(const SuppressionSet& set);

enum class Peer { absl, libcuckoo, onetbb };
/// Fills the table and says what it costs. The ones that are safe to fill by several threads are.
Contender peer_contender(Peer peer, uint64_t entries, unsigned threads);

}  // namespace suppressd::bench
