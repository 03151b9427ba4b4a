// A file on its way into an import of the server's (POST …/imports, PATCH …/imports/{id}/upload), in
// parts, so that memory does not depend on its size and a broken connection costs at most one part:
// the server says how far it is, and the upload goes on there.
//
// Thread safety: one thread's. Errors: Failure, Refusal, ConnectionLost when it stayed lost.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/rows.hpp"

namespace suppressctl {

inline constexpr size_t upload_part_bytes = 8 << 20;

/// Waits out trouble that passes: busy servers and lost connections, ever more slowly, until
/// `retry_for` has gone by without anything that worked.
class Patience {
 public:
  Patience(std::chrono::milliseconds retry_for, std::function<bool()> stopped)
      : retry_for_(retry_for), stopped_(std::move(stopped)) {}
  /// Runs `step`; false when it failed in a way that passes, after a pause. Other failures, and the
  /// last one that is waited out, are thrown.
  bool attempt(const std::function<void()>& step);
  /// False when it was stopped meanwhile.
  bool pause(std::chrono::milliseconds time) const;
  bool stopped() const { return stopped_(); }

 private:
  bool wait(std::chrono::milliseconds asked);

  const std::chrono::milliseconds retry_for_;
  const std::function<bool()> stopped_;
  std::chrono::steady_clock::time_point failing_since_{};  // epoch: it is not failing
  std::chrono::milliseconds next_pause_{0};
};

class ImportUpload {
 public:
  /// `query`: the import's parameters. `id`: of an import under way; empty: a new one.
  ImportUpload(const Settings& settings, const std::string& file, std::string query, std::string id,
               Patience& patience);

  /// Until the server has all of it, or the patience was stopped: then false. `progress` gets the
  /// bytes that the server has, and of how many.
  bool run(const std::function<void(uint64_t, uint64_t)>& progress);
  /// Empty before the server gave one.
  const std::string& id() const { return id_; }

 private:
  void ask();
  void send_part();
  void take(const Json& import);

  const Settings& settings_;
  InputFile file_;
  const uint64_t bytes_;
  const std::string query_;
  std::string id_;
  const std::string key_;
  Patience& patience_;
  Connection connection_;
  std::string part_;
  uint64_t offset_ = 0;  // what the server has
  bool sure_ = true;     // of offset_
  bool complete_ = false;
};

}  // namespace suppressctl
