// Unpacks gzip and zstd, one piece after the other, with the limits against compressed bombs that
// every unpacked input shares: the ratio is capped at 200:1 after 1 MiB, the zstd window at 8 MiB.
// How much may come out in all is the caller's to say. Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace suppressd {

enum class Coding : uint8_t { gzip, zstd };

/// Why nothing more can be unpacked.
enum class InflateFault : uint8_t {
  none,
  damaged,
  something_follows,  // what stands behind a whole member or frame is none
  window_too_large,
};

/// A packed input is one or more members (gzip) or frames (zstd), one after the other.
class Inflater {
 public:
  virtual ~Inflater() = default;
  /// Takes bytes off the front of `input` and writes up to `room` bytes; returns how many. When it
  /// wrote as many as there was room for, it may have more without further input.
  virtual size_t inflate(std::string_view& input, char* out, size_t room) = 0;
  /// Everything taken so far ends with a whole member.
  virtual bool whole() const = 0;
  InflateFault fault() const { return fault_; }
  /// The fault in words.
  std::string_view sentence() const;

 protected:
  InflateFault fault_ = InflateFault::none;
};

std::unique_ptr<Inflater> make_inflater(Coding coding);

/// Whether so much came of so little that it must be a bomb.
bool inflated_too_far(uint64_t packed_bytes, uint64_t unpacked_bytes);

}  // namespace suppressd
