// Read buffers of one I/O thread: small ones for heads, which every open connection holds, and
// large ones for bodies, which only a request with a body holds. Given-back buffers are kept for
// the next request, so that a steady load allocates nothing. Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/framing.hpp"

namespace suppressd {

inline constexpr size_t small_buffer_bytes = header_bytes_max;
inline constexpr size_t large_buffer_bytes = 256 * 1024;
inline constexpr size_t pooled_large_buffers_max = 64;
inline constexpr size_t pooled_small_buffers_max = 1024;

/// Bytes read and not yet consumed are [begin, end) of the storage.
struct ReadBuffer {
  std::unique_ptr<char[]> storage;
  size_t capacity = 0;
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  const char* data() const { return storage.get() + begin; }
};

class BufferPool {
 public:
  ReadBuffer small() { return take(small_, small_buffer_bytes); }
  ReadBuffer large() { return take(large_, large_buffer_bytes); }
  void give_back(ReadBuffer buffer) {
    const bool is_large = buffer.capacity == large_buffer_bytes;
    auto& pool = is_large ? large_ : small_;
    const size_t kept_max = is_large ? pooled_large_buffers_max : pooled_small_buffers_max;
    if (buffer.storage && pool.size() < kept_max) pool.push_back(std::move(buffer.storage));
  }

 private:
  using Storage = std::vector<std::unique_ptr<char[]>>;

  static ReadBuffer take(Storage& pool, size_t bytes) {
    ReadBuffer buffer;
    buffer.capacity = bytes;
    if (pool.empty()) {
      buffer.storage.reset(new char[bytes]);  // left unset: only bytes that were read are looked at
    } else {
      buffer.storage = std::move(pool.back());
      pool.pop_back();
    }
    return buffer;
  }

  Storage small_;
  Storage large_;
};

}  // namespace suppressd
