// Memory for the lines of a shard: zeroed anonymous mmap, aligned. From 2 MiB on it is 2
// MiB-aligned and its whole 2 MiB parts are advised to be huge pages; from 8 MiB on it is rounded up
// to them (before, where little is lost), else the tail keeps small pages. Pages are touched first by the writer that fills them, never by
// a reader.
#pragma once

#include <cstddef>
#include <utility>

namespace suppressd {

inline constexpr size_t huge_page_bytes = size_t{2} << 20;

class LineMemory {
 public:
  LineMemory() = default;
  LineMemory(size_t bytes, size_t alignment);  // throws std::bad_alloc
  ~LineMemory();
  LineMemory(LineMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  LineMemory& operator=(LineMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }  // rounded up to whole pages

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace suppressd
