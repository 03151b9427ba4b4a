// Compresses a stream of octets as gzip (RFC 1952), piece by piece. One thread's at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace suppressd {

class GzipWriter {
 public:
  /// Throws std::bad_alloc.
  GzipWriter();
  ~GzipWriter();

  /// Appends what is ready of the compressed stream; `last` ends it.
  void write(std::string_view octets, bool last, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
