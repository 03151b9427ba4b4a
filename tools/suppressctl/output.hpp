// What people and scripts read: a buffered writer that notices every failure, and aligned columns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace suppressctl {

/// Collects bytes and writes them in large pieces. The destructor writes nothing: what was not
/// flushed is not said, so a failure can never be followed by more output.
class Writer {
 public:
  Writer(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// Creates or truncates the file; closes it in the end. Throws Failure.
  static Writer file(const std::string& path);
  /// Cuts the file back to that many bytes and writes on behind them.
  static Writer continued(const std::string& path, uint64_t bytes);
  static Writer standard_output() { return Writer(1, "standard output"); }

  void append(std::string_view bytes);
  /// Throws OutputClosed when nobody reads any more, Failure when the bytes cannot be stored.
  void flush();

 private:
  Writer(int descriptor, std::string name, bool owned)
      : descriptor_(descriptor), name_(std::move(name)), owned_(owned) {}

  int descriptor_;
  std::string name_;
  bool owned_ = false;
  std::string buffer_;
};

/// A file gets its name only when it is whole: a part is never taken for a list.
void write_whole_file(const std::string& path, const std::function<void(Writer&)>& write);

/// Text from elsewhere without the control characters that could act on a terminal.
std::string printable(std::string_view text);

class Columns {
 public:
  /// Headers may be empty: then there is no header line.
  explicit Columns(std::vector<std::string> headers) : headers_(std::move(headers)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void write(Writer& writer) const;
  size_t size() const { return rows_.size(); }

 private:
  std::vector<std::string> headers_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 → "1,234,567"
std::string grouped(uint64_t number);

}  // namespace suppressctl
