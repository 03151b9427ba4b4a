#include "tools/suppressctl/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

constexpr size_t flush_bytes = 1 << 20;
constexpr size_t column_gap = 2;

/// Code points, which is what most terminals show a column each for.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Writer::~Writer() {
  if (owned_) ::close(descriptor_);
}

Writer Writer::file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) throw Failure("Cannot write " + path + ": " + std::strerror(errno) + ".");
  return Writer(descriptor, path, true);
}

Writer Writer::continued(const std::string& path, uint64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC, 0666);
  const auto size = static_cast<off_t>(bytes);
  if (descriptor < 0 || ::ftruncate(descriptor, size) != 0 ||
      ::lseek(descriptor, size, SEEK_SET) < 0)
    throw Failure("Cannot continue " + path + ": " + std::strerror(errno) + ".");
  return Writer(descriptor, path, true);
}

void Writer::append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= flush_bytes) flush();
}

void Writer::flush() {
  for (size_t sent = 0; sent < buffer_.size();) {
    const ssize_t n = ::write(descriptor_, buffer_.data() + sent, buffer_.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) throw OutputClosed();
    if (n < 0) throw Failure("Cannot write to " + name_ + ": " + std::strerror(errno) + ".");
    sent += static_cast<size_t>(n);
  }
  buffer_.clear();
}

void write_whole_file(const std::string& path, const std::function<void(Writer&)>& write) {
  const std::string part = path + ".part";
  try {
    Writer writer = Writer::file(part);
    write(writer);
    writer.flush();
    std::filesystem::rename(part, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw;
  }
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x20 || byte == 0x7f) out[i] = ' ';
    // U+0080 to U+009F act like escapes: C2, then 80 to 9F.
    const bool second = i > 0 && byte >= 0x80 && byte <= 0x9f;
    if (second && static_cast<unsigned char>(out[i - 1]) == 0xc2) out[i - 1] = out[i] = ' ';
  }
  return out;
}

void Columns::write(Writer& writer) const {
  std::vector<size_t> widths;
  const auto measure = [&widths](const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  };
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      text += cells[i];
      text.append(widths[i] - width_of(cells[i]) + column_gap, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    writer.append(text + "\n");
  };
  measure(headers_);
  for (const auto& row : rows_) measure(row);
  if (!headers_.empty()) line(headers_);
  for (const auto& row : rows_) line(row);
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace suppressctl
