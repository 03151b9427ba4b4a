#include "server/inflater.hpp"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <new>

namespace suppressd {
namespace {

constexpr uint64_t ratio_max = 200;
constexpr uint64_t ratio_free_bytes = 1 << 20;  // the ratio of less than this is not looked at
constexpr int zstd_window_log_max = 23;         // 8 MiB

class GzipInflater final : public Inflater {
 public:
  GzipInflater() {
    constexpr int gzip_only = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~GzipInflater() override { inflateEnd(&stream_); }

  size_t inflate(std::string_view& input, char* out, size_t room) override {
    if (input.empty() && whole_) return 0;
    if (whole_) inflateReset(&stream_);
    whole_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      whole_ = true;
      ended_once_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      fault_ = ended_once_ && stream_.total_out == 0 ? InflateFault::something_follows
                                                     : InflateFault::damaged;
    }
    return room - stream_.avail_out;
  }
  bool whole() const override { return whole_ && ended_once_; }

 private:
  z_stream stream_{};
  bool whole_ = false;
  bool ended_once_ = false;
};

class ZstdInflater final : public Inflater {
 public:
  ZstdInflater() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, zstd_window_log_max);
  }
  ~ZstdInflater() override { ZSTD_freeDCtx(context_); }

  size_t inflate(std::string_view& input, char* out, size_t room) override {
    if (input.empty() && whole_) return 0;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer to{out, room, 0};
    const size_t result = ZSTD_decompressStream(context_, &to, &in);
    input.remove_prefix(in.pos);
    whole_ = result == 0;
    if (ZSTD_isError(result)) fault_ = fault_of(ZSTD_getErrorCode(result));
    ended_once_ |= whole_;
    return to.pos;
  }
  bool whole() const override { return whole_; }

 private:
  InflateFault fault_of(ZSTD_ErrorCode code) const {
    if (code == ZSTD_error_frameParameter_windowTooLarge) return InflateFault::window_too_large;
    if (code == ZSTD_error_prefix_unknown && ended_once_) return InflateFault::something_follows;
    return InflateFault::damaged;
  }

  ZSTD_DCtx* context_;
  bool whole_ = false;
  bool ended_once_ = false;
};

}  // namespace

std::string_view Inflater::sentence() const {
  switch (fault_) {
    case InflateFault::none:
      return "";
    case InflateFault::damaged:
      return "The compressed data is damaged.";
    case InflateFault::something_follows:
      return "Something else follows the compressed data.";
    case InflateFault::window_too_large:
      return "The zstd window is larger than 8 MiB; compress without --long or --ultra.";
  }
  return "";
}

std::unique_ptr<Inflater> make_inflater(Coding coding) {
  if (coding == Coding::gzip) return std::make_unique<GzipInflater>();
  return std::make_unique<ZstdInflater>();
}

bool inflated_too_far(uint64_t packed_bytes, uint64_t unpacked_bytes) {
  return unpacked_bytes > ratio_free_bytes && unpacked_bytes / ratio_max > packed_bytes;
}

}  // namespace suppressd
