#include "server/check_rows.hpp"

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

size_t CheckRows::flush() {
  const size_t size = size_;
  if (size == 0) return 0;
  const std::span<const RowVerdict> verdicts = check_.run();
  size_t suppressed = 0, invalid = 0;
  for (const RowVerdict& verdict : verdicts) {
    suppressed += verdict.verdict == Verdict::suppressed;
    invalid += verdict.verdict == Verdict::invalid;
  }
  summary_.clear += size - suppressed - invalid;
  summary_.suppressed += suppressed;
  summary_.invalid += invalid;
  writer_.rows({{rows_.data(), size}, verdicts, next_index_, list_}, *out_);
  next_index_ += size;
  size_ = 0;
  return size;
}

}  // namespace suppressd
