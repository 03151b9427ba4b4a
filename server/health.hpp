// Where the process is in its life; one writer per field, read by every thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace suppressd {

enum class Phase : uint8_t { loading, ready, draining, unhealthy };

struct Health {
  /// The set is complete and proven; never taken back. Nothing that reads the set answers before,
  /// in whatever phase: draining or storage failure may come while the list is still loading.
  std::atomic<bool> loaded{false};
  std::atomic<Phase> phase{Phase::loading};
  std::atomic<double> load_progress{0.0};
  std::atomic<double> load_seconds{0.0};  // from the first byte of the list to ready; 0: not yet
};

}  // namespace suppressd
