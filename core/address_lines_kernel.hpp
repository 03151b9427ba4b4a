// The kernels behind AddressLines: one function a kernel, a template over how 64 bytes are
// classified (address_lines_kernel_loop.hpp), compiled for its instruction set in a file of its
// own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace suppressd {

// A line as a kernel marks it: the position of its LF, and what it is.
inline constexpr uint32_t marked_line_end = 0xffff;
inline constexpr uint32_t marked_email = 1u << 30;  // a plain one, of any length
inline constexpr uint32_t marked_phone = 1u << 31;

inline constexpr size_t marked_lines_slack = 8;   // marks written past the last one
inline constexpr size_t marked_bytes_slack = 64;  // of the text in lower case

/// Marks every line that ends within `size` bytes (below 64 KiB) of `text`, reading no byte
/// outside them. `lower` and `marks` have the slack above. Returns how many lines there are.
using MarkLines = size_t (*)(const char* text, size_t size, char* lower, uint32_t* marks);

size_t mark_lines_scalar(const char* text, size_t size, char* lower, uint32_t* marks);
size_t mark_lines_avx2(const char* text, size_t size, char* lower, uint32_t* marks);
size_t mark_lines_avx512(const char* text, size_t size, char* lower, uint32_t* marks);

}  // namespace suppressd
