#include "server/gzip_writer.hpp"

#include <zlib.h>

#include <array>
#include <cassert>
#include <new>

namespace suppressd {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // zlib's way to ask for a gzip head
constexpr int memory_level = 8;
/// An export waits for the disk and for its reader, not for a tenth fewer bytes.
constexpr int level = Z_BEST_SPEED;
constexpr size_t piece_bytes = 64 * 1024;

}  // namespace

struct GzipWriter::Impl {
  z_stream stream{};
  std::array<char, piece_bytes> piece;
};

GzipWriter::GzipWriter() : impl_(std::make_unique<Impl>()) {
  if (deflateInit2(&impl_->stream, level, Z_DEFLATED, gzip_window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipWriter::~GzipWriter() {
  deflateEnd(&impl_->stream);
}

void GzipWriter::write(std::string_view octets, bool last, std::string& out) {
  z_stream& stream = impl_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
  stream.avail_in = static_cast<uInt>(octets.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(impl_->piece.data());
    stream.avail_out = static_cast<uInt>(piece_bytes);
    const int result = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    assert(result != Z_STREAM_ERROR);
    (void)result;
    out.append(impl_->piece.data(), piece_bytes - stream.avail_out);
  } while (stream.avail_out == 0);
}

}  // namespace suppressd
