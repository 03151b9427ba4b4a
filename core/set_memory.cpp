#include "core/set_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace suppressd {
namespace {

constexpr size_t page_bytes = 4096;
/// A tail that lacks no more than this to a huge page, or than a quarter of the table, becomes one:
/// lookups in a tail of small pages cost several times what others do. From 8 MiB on (a set of 50
/// million entries) there are no tails, and below, the set takes 128 MiB more at the very most.
constexpr size_t rounding_bytes_max = size_t{512} << 10;
constexpr size_t rounding_share = 4;

size_t rounded(size_t bytes) {
  const size_t pages = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  const size_t huge = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
  return huge - bytes <= std::max(rounding_bytes_max, bytes / rounding_share) ? huge : pages;
}

std::byte* map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(data);
}

/// Maps more than wanted and gives back what lies outside the aligned part.
std::byte* map_aligned(size_t bytes, size_t alignment) {
  std::byte* begin = map(bytes + alignment);
  const size_t past = reinterpret_cast<uintptr_t>(begin) % alignment;
  const size_t skip = past == 0 ? 0 : alignment - past;
  if (skip > 0) munmap(begin, skip);
  munmap(begin + skip + bytes, alignment - skip);
  return begin + skip;
}

}  // namespace

LineMemory::LineMemory(size_t bytes, size_t alignment) : bytes_(rounded(bytes)) {
  if (bytes_ < huge_page_bytes) {
    data_ = map_aligned(bytes_, alignment);
    return;
  }
  data_ = map_aligned(bytes_, std::max(alignment, huge_page_bytes));
  // Advice only: without huge pages the set is slower, not wrong.
  madvise(data_, bytes_ / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
}

LineMemory::~LineMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace suppressd
