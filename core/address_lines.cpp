#include "core/address_lines.hpp"

#include <algorithm>

namespace suppressd {
namespace {

MarkLines function_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::avx512:
      return mark_lines_avx512;
    case Kernel::avx2:
      return mark_lines_avx2;
    case Kernel::scalar:
      break;
  }
  return mark_lines_scalar;
}

}  // namespace

AddressLines::AddressLines(Kernel kernel) : AddressLines(function_of(kernel)) {}

size_t AddressLines::read(std::string_view text) {
  text_ = text.data();
  marks_[0] = marked_line_end;  // one less than the first line's begin
  lower_[lower_begin - 1] = '\n';
  size_ = mark_(text.data(), std::min(text.size(), bytes_max), lower_.data() + lower_begin,
                marks_.data() + 1);
  return size_ == 0 ? 0 : (marks_[size_] & marked_line_end) + size_t{1};
}

}  // namespace suppressd
