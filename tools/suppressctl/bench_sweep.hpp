// Memory, disk and start time against the number of entries: a server of our own, in a temporary
// directory on loopback, grown from size to size.
//
// At each size: add up to it, look at the memory, stop in order, start (from what a stop leaves),
// kill, start again (from what a crash leaves).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

/// Seconds and octets.
struct SizePoint {
  uint64_t entries = 0;
  double resident_bytes = 0;          // after adding, nothing under way
  double resident_bytes_started = 0;  // after a start
  double peak_bytes = 0;              // the most while adding to this size from the one before
  double set_bytes = 0;
  double disk_bytes = 0;   // the data directory after a stop in order
  double image_bytes = 0;  // of these, the image's
  double rows_per_second = 0;
  double start_seconds = 0;             // from starting the program to ready
  double start_after_kill_seconds = 0;  // the same after kill -9
  double stop_seconds = 0;
};

class OwnServer {
 public:
  /// `threads` 0: as many as the machine has cores. Throws Failure, here and in start().
  OwnServer(std::string binary, unsigned threads);
  ~OwnServer();
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  /// Returns the seconds until it was ready.
  double start();
  /// SIGTERM or SIGKILL; returns the seconds until it had ended.
  double stop(int signal);
  uint64_t peak_resident_bytes() const;
  double disk_bytes() const;
  double image_bytes() const;

  /// Ours, with this server's address, its admin key, and an account that exists there.
  Settings settings(const Settings& ours) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// `sizes` ascending. The server runs when this returns. `say` gets a line of progress.
std::vector<SizePoint> sweep(OwnServer& server, const Settings& ours,
                             const std::vector<uint64_t>& sizes, uint64_t seed,
                             const std::atomic<bool>& interrupted,
                             const std::function<void(const std::string&)>& say);

}  // namespace suppressctl
