#include "server/check_rows.hpp"

#include <algorithm>

namespace suppressd {

std::string_view row_error_name(RowError error) {
  constexpr std::array<std::string_view, 5> names = {"none", "line_too_long", "bad_json",
                                                     "not_a_string", "missing_column"};
  return names[static_cast<size_t>(error)];
}

void CheckRows::start_list(Channel list) {
  flush();
  list_ = channel_ = list;
  next_index_ = 0;
}

void CheckRows::add_lines(std::string_view text, size_t line_bytes_max) {
  while (!text.empty()) {
    size_t taken = check_.read_lines(text);
    if (taken > 0) {
      add_block(line_bytes_max);
    } else {
      // A line longer than a block.
      const std::string_view line = text.substr(0, text.find('\n'));
      taken = line.size() + 1;
      const std::string_view address =
          line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
      if (address.size() > line_bytes_max) {
        add_invalid(RowError::line_too_long);
      } else {
        add(address);
      }
    }
    text.remove_prefix(taken);
  }
}

void CheckRows::add_block(size_t line_bytes_max) {
  const AddressLines& lines = check_.lines();
  for (size_t first = 0; first < lines.size();) {
    const size_t count = std::min(lines.size() - first, BulkCheck::rows_max - size_);
    for (size_t i = 0; needs_rows_ && i < count; ++i)
      set_address(size_ + i, lines.raw(lines.line(first + i)), channel_);
    for (const uint32_t number : check_.push_lines(first, count, channel_)) {
      const size_t row = size_ + number - first;
      const std::string_view address = lines.raw(lines.line(number));
      if (address.size() > line_bytes_max) {
        check_.settle_invalid(row, AddressError::empty);  // RowError says what it is
        rows_[row].error = RowError::line_too_long;
      } else {
        check_.settle(row, address, channel_);
      }
    }
    first += count;
    size_ += count;
    if (size_ == BulkCheck::rows_max) flush();
  }
}

size_t CheckRows::flush() {
  const size_t size = size_;
  if (size == 0) return 0;
  const std::span<const RowVerdict> verdicts = check_.run();
  const std::span<const uint16_t> not_clear = check_.not_clear();
  const size_t invalid = check_.invalid_rows();
  summary_.clear += size - not_clear.size();
  summary_.suppressed += not_clear.size() - invalid;
  summary_.invalid += invalid;
  writer_.rows({{rows_.data(), size}, verdicts, not_clear, next_index_, list_}, *out_);
  if (invalid > 0) {
    for (const uint16_t row : not_clear) rows_[row].error = RowError::none;
  }
  next_index_ += size;
  size_ = 0;
  return size;
}

}  // namespace suppressd
