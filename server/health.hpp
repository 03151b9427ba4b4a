// Where the process is in its life; one writer per field, read by every thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace suppressd {

enum class Phase : uint8_t { loading, ready, draining, unhealthy };

/// The images this process wrote. Written by the ImageKeeper's thread.
struct ImageStatus {
  std::atomic<uint64_t> writes{0}, failures{0};
  std::atomic<uint64_t> bytes{0}, sequence{0};  // of the last one written
  std::atomic<uint64_t> written_at{0};          // seconds since 1970; 0: none yet
};

struct Health {
  /// The set is complete and proven; never taken back. Nothing that reads the set answers before,
  /// in whatever phase: draining or storage failure may come while the list is still loading.
  std::atomic<bool> loaded{false};
  std::atomic<Phase> phase{Phase::loading};
  std::atomic<double> load_progress{0.0};
  std::atomic<double> load_seconds{0.0};  // from the first byte of the list to ready; 0: not yet
  ImageStatus image;
};

}  // namespace suppressd
