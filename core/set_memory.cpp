#include "core/set_memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace suppressd {
namespace {

constexpr size_t page_bytes = 4096;
constexpr size_t huge_page_bytes = size_t{2} << 20;

std::byte* map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(data);
}

/// Maps more than wanted and gives back what lies outside the aligned part.
std::byte* map_aligned(size_t bytes) {
  std::byte* begin = map(bytes + huge_page_bytes);
  const size_t past = reinterpret_cast<uintptr_t>(begin) % huge_page_bytes;
  const size_t skip = past == 0 ? 0 : huge_page_bytes - past;
  std::byte* data = begin + skip;
  if (skip > 0) munmap(begin, skip);
  munmap(data + bytes, huge_page_bytes - skip);
  return data;
}

}  // namespace

LineMemory::LineMemory(size_t bytes) : bytes_((bytes + page_bytes - 1) / page_bytes * page_bytes) {
  if (bytes_ < huge_page_bytes) {
    data_ = map(bytes_);
    return;
  }
  data_ = map_aligned(bytes_);
  // Advice only: without huge pages the set is slower, not wrong.
  madvise(data_, bytes_ / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
}

LineMemory::~LineMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace suppressd
