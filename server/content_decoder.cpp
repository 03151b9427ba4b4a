#include "server/content_decoder.hpp"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <string>
#include <vector>

#include "server/media_type.hpp"
#include "server/problem.hpp"

namespace suppressd {
namespace {

constexpr size_t piece_bytes = 64 * 1024;  // decoded at once
constexpr uint64_t ratio_max = 200;
constexpr uint64_t ratio_free_bytes = 1 << 20;  // the ratio of less than this is not looked at
constexpr int zstd_window_log_max = 23;         // 8 MiB

/// One coding's state. A body is one or more members (gzip) or frames (zstd), one after the other.
class Inflater {
 public:
  virtual ~Inflater() = default;
  /// Takes bytes off the front of `input` and writes up to `room` bytes; returns how many. When it
  /// wrote as many as there was room for, it may have more without further input.
  virtual size_t inflate(std::string_view& input, char* out, size_t room) = 0;
  /// Everything taken so far ends with a whole member.
  virtual bool whole() const = 0;
  /// Why nothing more can be decoded; empty while all is well.
  const std::string& damage() const { return damage_; }

 protected:
  std::string damage_;
};

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
      damage_ = ended_once_ && stream_.total_out == 0
                    ? "Something that is not gzip follows the compressed body."
                    : "The compressed body is damaged.";
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
    if (ZSTD_isError(result)) damage_ = damage(ZSTD_getErrorCode(result));
    ended_once_ |= whole_;
    return to.pos;
  }
  bool whole() const override { return whole_; }

 private:
  std::string damage(ZSTD_ErrorCode code) const {
    if (code == ZSTD_error_frameParameter_windowTooLarge)
      return "The zstd window is larger than 8 MiB; compress without --long or --ultra.";
    if (code == ZSTD_error_prefix_unknown && ended_once_)
      return "Something that is not zstd follows the compressed body.";
    return "The compressed body is damaged.";
  }
  ZSTD_DCtx* context_;
  bool whole_ = false;
  bool ended_once_ = false;
};

class DecodingExchange final : public Exchange {
 public:
  DecodingExchange(std::unique_ptr<Inflater> inflater, std::unique_ptr<Exchange> inner,
                   uint64_t decoded_bytes_max)
      : inflater_(std::move(inflater)),
        inner_(std::move(inner)),
        decoded_bytes_max_(decoded_bytes_max),
        piece_(piece_bytes) {}

  bool wants_body() const override { return true; }
  std::string_view route() const override { return inner_->route(); }
  uint64_t buffered_bytes() const override {
    return kept_.size() + piece_.size() + inner_->buffered_bytes();
  }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    return decode(bytes, answer);
  }

  Progress on_end(Answer& answer) override {
    if (!inflater_->whole()) {
      return fail({400,
                   "truncated-body",
                   "The compressed body ends too early.",
                   "Send the whole of it.",
                   {},
                   {},
                   {}},
                  answer);
    }
    ended_ = true;
    return inner_->on_end(answer);
  }

  Progress on_wake(Answer& answer) override {
    const Progress progress = told(inner_->on_wake(answer), answer);
    if (progress != Progress::more || ended_) return progress;
    const std::string kept = std::move(kept_);
    kept_.clear();
    return decode(kept, answer);
  }

 private:
  Progress decode(std::string_view input, Answer& answer) {
    while (true) {
      const size_t before = input.size();
      const size_t written = inflater_->inflate(input, piece_.data(), piece_.size());
      coded_bytes_ += before - input.size();
      decoded_bytes_ += written;
      if (auto problem = over_limit()) return fail(*std::move(problem), answer);
      if (written > 0) {
        const Progress progress = told(inner_->on_body({piece_.data(), written}, answer), answer);
        if (progress == Progress::wait) kept_.assign(input);
        if (progress != Progress::more) return progress;
      }
      if (!inflater_->damage().empty()) {
        return fail({400,
                     "damaged-body",
                     "The compressed body cannot be decoded.",
                     inflater_->damage(),
                     {},
                     {},
                     {}},
                    answer);
      }
      if (input.empty() && written < piece_.size()) return Progress::more;
    }
  }

  std::optional<Problem> over_limit() const {
    if (decoded_bytes_ > decoded_bytes_max_) return too_large_problem(decoded_bytes_max_);
    if (decoded_bytes_ > ratio_free_bytes && decoded_bytes_ / ratio_max > coded_bytes_) {
      return Problem{413,
                     "body-too-large",
                     "The body is larger than this route accepts.",
                     "It grows more than 200-fold when decoded; send it with less compression.",
                     {},
                     {},
                     {}};
    }
    return std::nullopt;
  }

  /// Remembers whether the inner exchange has begun to answer.
  Progress told(Progress progress, const Answer& answer) {
    answered_ |= !answer.body.empty();
    return progress;
  }

  Progress fail(const Problem& problem, Answer& answer) {
    if (answered_) return Progress::broken;
    write_problem(problem, answer);
    return Progress::done;
  }

  const std::unique_ptr<Inflater> inflater_;
  const std::unique_ptr<Exchange> inner_;
  const uint64_t decoded_bytes_max_;
  uint64_t coded_bytes_ = 0;
  uint64_t decoded_bytes_ = 0;
  bool answered_ = false;
  bool ended_ = false;
  std::vector<char> piece_;
  std::string kept_;  // input not decoded yet, while the inner exchange waits
};

}  // namespace

std::unique_ptr<Exchange> decode_content(std::string_view coding, std::unique_ptr<Exchange> inner,
                                         uint64_t decoded_bytes_max) {
  const std::string name = to_lower(coding);
  if (name.empty() || name == "identity" || !inner->wants_body()) return inner;
  std::unique_ptr<Inflater> inflater;
  if (name == "gzip" || name == "x-gzip") inflater = std::make_unique<GzipInflater>();
  if (name == "zstd") inflater = std::make_unique<ZstdInflater>();
  if (!inflater) {
    return problem_exchange({415,
                             "unsupported-content-coding",
                             "The body's Content-Encoding is not accepted here.",
                             "Accepted: gzip, zstd; one of them, once.",
                             {{"Accept-Encoding", "gzip, zstd"}},
                             {},
                             {}});
  }
  return std::make_unique<DecodingExchange>(std::move(inflater), std::move(inner),
                                            decoded_bytes_max);
}

}  // namespace suppressd
