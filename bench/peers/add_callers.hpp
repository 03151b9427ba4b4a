// Callers that each add one suppression at a time over a kept-alive connection, all driven by one
// thread, so that the client costs the machine little.
#pragma once

#include <cstdint>
#include <string>

namespace suppressd::bench {

struct AddedOnes {
  uint64_t adds = 0;  // acknowledged, each a new suppression
  double seconds = 0;
};

/// Adds addresses that nobody added before (`first` is the number of the first) until `seconds`
/// have passed. Throws std::runtime_error when an answer is anything but one row added.
AddedOnes add_singly(uint16_t port, const std::string& key, const std::string& account,
                     unsigned callers, double seconds, uint64_t first);

}  // namespace suppressd::bench
