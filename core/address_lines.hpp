// A block of text, read 64 bytes at a time without a branch that depends on them: where its lines
// end, which lines are addresses that need nothing but lower case, and the whole block in lower
// case. What a kernel says is plain is canonical in lower case (tests compare it with the
// Normalizer); of every other line it says nothing, and the Normalizer has to read it.
//
// Plain email, if it has at most plain_email_octets_max octets: letters, digits, '_', '+', '-' and single
// dots, one '@', two or more labels of letters, digits and single hyphens inside. Plain phone: a '+' and
// digits; whether their number is possible is not looked at here.
//
// A line ends with LF or CR LF. The block and what is made of it (24 KiB) stay in L1 and L2.
// Thread safety: one thread's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/address_lines_kernel.hpp"
#include "core/suppression_set.hpp"

namespace suppressd {

class AddressLines {
 public:
  static constexpr size_t bytes_max = 8 * 1024;
  static_assert(bytes_max <= marked_line_end + 1);

  /// Precondition: available, as kernel_available() says.
  explicit AddressLines(Kernel kernel = best_kernel());
  /// For tests, which emulate AVX-512 with it.
  explicit AddressLines(MarkLines mark) : mark_(mark) {}

  /// Reads the whole lines at the start of `text`, bytes_max of it at most, and returns their
  /// bytes: 0 when no line ends there. The text must outlive what raw() gives.
  size_t read(std::string_view text);

  struct Line {
    uint32_t begin = 0;
    uint32_t size = 0;  // without its end
    bool plain_email = false;
    bool plain_phone = false;
  };
  size_t size() const { return size_; }
  Line line(size_t i) const {
    const uint32_t mark = marks_[i + 1];
    const uint32_t begin = (marks_[i] + 1) & marked_line_end;
    const uint32_t end = mark & marked_line_end;
    // Before an empty line's LF stands the one before it, so there is always a byte to look at.
    const uint32_t size = end - begin - (lower()[static_cast<int64_t>(end) - 1] == '\r' ? 1 : 0);
    return {begin, size, (mark & marked_email) != 0, (mark & marked_phone) != 0};
  }
  std::string_view raw(const Line& line) const { return {text_ + line.begin, line.size}; }
  /// The block in lower case; positions are those of Line.
  const char* lower() const { return lower_.data() + lower_begin; }

 private:
  MarkLines mark_;
  const char* text_ = nullptr;
  size_t size_ = 0;
  // The first stands for the line before the block. Kernels write some more than there are lines.
  std::array<uint32_t, 1 + bytes_max + marked_lines_slack> marks_;
  static constexpr size_t lower_begin = 64;
  std::array<char, lower_begin + bytes_max + marked_bytes_slack> lower_;
};

}  // namespace suppressd
