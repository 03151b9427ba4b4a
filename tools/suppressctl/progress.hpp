// How far a long command is, on standard error: a bar on a terminal, now and then a line elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

namespace suppressctl {

class Progress {
 public:
  /// `bytes_total` 0: unknown (a pipe). `bytes_before`: done by an earlier run. `unit`: of what is
  /// counted, in static storage.
  Progress(uint64_t bytes_total, uint64_t bytes_before, bool quiet, const char* unit = "rows");
  /// Leaves the terminal's line clean.
  ~Progress();

  void update(uint64_t bytes, uint64_t rows);
  std::chrono::duration<double> elapsed() const { return Clock::now() - begun_; }

 private:
  using Clock = std::chrono::steady_clock;
  void draw_bar(uint64_t bytes, uint64_t rows, double rows_per_second, double seconds_left);

  uint64_t bytes_total_;
  uint64_t bytes_before_;
  const char* unit_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = begun_;
};

}  // namespace suppressctl
