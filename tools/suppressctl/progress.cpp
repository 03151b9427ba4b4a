#include "tools/suppressctl/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

constexpr std::chrono::milliseconds bar_interval{100};
constexpr std::chrono::seconds line_interval{10};
constexpr size_t bar_width = 30;

std::string time_left(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  char text[32];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%llu h %02llu min",
                  static_cast<unsigned long long>(whole / 3600),
                  static_cast<unsigned long long>(whole / 60 % 60));
  else
    std::snprintf(text, sizeof text, "%llu:%02llu", static_cast<unsigned long long>(whole / 60),
                  static_cast<unsigned long long>(whole % 60));
  return text;
}

}  // namespace

Progress::Progress(uint64_t bytes_total, uint64_t bytes_before, bool quiet, const char* unit)
    : bytes_total_(bytes_total),
      bytes_before_(bytes_before),
      unit_(unit),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(uint64_t bytes, uint64_t rows) {
  const auto now = Clock::now();
  if (quiet_ || now - shown_ < (terminal_ ? Clock::duration(bar_interval) : line_interval)) return;
  shown_ = now;
  const double seconds = std::max(1e-3, elapsed().count());
  const double rows_per_second = static_cast<double>(rows) / seconds;
  const auto done = static_cast<double>(bytes - bytes_before_);
  const double left = bytes_total_ > bytes && done > 0
                          ? static_cast<double>(bytes_total_ - bytes) / done * seconds
                          : 0;
  if (terminal_) return draw_bar(bytes, rows, rows_per_second, left);
  std::fprintf(stderr, "%s %s, %s %s/s", grouped(rows).c_str(), unit_,
               grouped(static_cast<uint64_t>(rows_per_second)).c_str(), unit_);
  if (bytes_total_ > 0) std::fprintf(stderr, ", %s left", time_left(left).c_str());
  std::fputc('\n', stderr);
}

void Progress::draw_bar(uint64_t bytes, uint64_t rows, double rows_per_second,
                        double seconds_left) {
  drawn_ = true;
  std::string line = "\r";
  if (bytes_total_ > 0) {
    const double share =
        std::min(1.0, static_cast<double>(bytes) / static_cast<double>(bytes_total_));
    const auto filled = static_cast<size_t>(share * bar_width);
    line += "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "] " +
            std::to_string(static_cast<int>(share * 100)) + " %  ";
  }
  line +=
      grouped(rows) + " " + unit_ + "  " + grouped(static_cast<uint64_t>(rows_per_second)) + "/s";
  if (bytes_total_ > 0) line += "  " + time_left(seconds_left) + " left";
  std::fputs((line + "\x1b[K").c_str(), stderr);
}

}  // namespace suppressctl
