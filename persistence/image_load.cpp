// Reading an image: threads take shards, read each from its first octet to its last straight to
// where its lines belong, and add every piece to the shard's checksum while it is in the cache.
#include <unistd.h>

// The library's own choice of instructions at run time: AVX2 hashes twice as fast as what may be
// assumed of every x86-64.
#define XXH_STATIC_LINKING_ONLY
#include <xxh_x86dispatch.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <span>
#include <thread>

#include "persistence/image.hpp"

namespace suppressd {
namespace {

/// Small enough that the checksum finds a piece in the second-level cache.
constexpr size_t piece_bytes = 128 << 10;

}  // namespace

class ImageLoading {
 public:
  ImageLoading(const Image& image, SuppressionSet& set, std::atomic<double>& progress,
               double progress_end)
      : image_(image), set_(set), progress_(progress), progress_end_(progress_end) {}

  /// What is wrong with the file; empty when it is in the set.
  std::string run(unsigned threads) {
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads; ++i) running.emplace_back([this] { take_shards(); });
    for (std::thread& thread : running) thread.join();
    if (exception_) std::rethrow_exception(exception_);
    return refusal_;
  }

 private:
  void take_shards() try {
    for (size_t shard; !stop_ && (shard = next_shard_++) < image_.parts_.size();) {
      const std::string refusal = load_shard(static_cast<uint32_t>(shard));
      if (refusal.empty()) continue;
      stop_ = true;
      const std::lock_guard lock(failures_);
      refusal_ = refusal;
    }
  } catch (...) {
    stop_ = true;
    const std::lock_guard lock(failures_);
    exception_ = std::current_exception();
  }

  std::string load_shard(uint32_t number) {
    const Image::Part& part = image_.parts_[number];
    const std::span<std::byte> lines = set_.begin_import(number, part.shard.range_lines);
    if (lines.size() != image_.line_bytes(part.shard.range_lines)) {
      return "its shards are not this set's";
    }
    std::vector<std::byte> tail(Image::whole_blocks(part.spilled * Image::spilled_bytes));
    XXH3_state_t checksum;
    XXH3_64bits_reset(&checksum);
    const auto read = [&](std::span<std::byte> into, uint64_t offset) {
      for (size_t at = 0; at < into.size() && !stop_; at += piece_bytes) {
        const std::span<std::byte> piece =
            into.subspan(at, std::min(piece_bytes, into.size() - at));
        if (!read_piece(piece, offset + at)) return false;
        XXH3_64bits_update(&checksum, piece.data(), piece.size());
        report(piece.size());
      }
      return true;
    };
    if (!read(lines, part.offset) || !read(tail, part.offset + lines.size())) {
      return "it cannot be read";
    }
    if (stop_) return "";
    if (XXH3_64bits_digest(&checksum) != part.checksum) return "its lines are damaged";
    ShardImage shard = part.shard;
    shard.spilled.resize(part.spilled);
    for (size_t i = 0; i < shard.spilled.size(); ++i) {
      uint64_t words[2];
      std::memcpy(words, &tail[i * sizeof words], sizeof words);
      shard.spilled[i] = {static_cast<uint32_t>(words[0]), words[1]};
    }
    return set_.finish_import(number, shard) ? "" : "its numbers contradict each other";
  }

  bool read_piece(std::span<std::byte> into, uint64_t offset) {
    while (!into.empty()) {
      const ssize_t length =
          ::pread(image_.file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (length < 0 && errno == EINTR) continue;
      if (length <= 0) return false;
      into = into.subspan(static_cast<size_t>(length));
      offset += static_cast<uint64_t>(length);
    }
    return true;
  }

  void report(size_t bytes) {
    const uint64_t done = done_ += bytes;
    progress_ = progress_end_ * static_cast<double>(done) / static_cast<double>(image_.bytes_);
  }

  const Image& image_;
  SuppressionSet& set_;
  std::atomic<double>& progress_;
  const double progress_end_;
  std::atomic<size_t> next_shard_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex failures_;  // guards the two below
  std::string refusal_;
  std::exception_ptr exception_;
};

bool Image::load(SuppressionSet& set, unsigned threads, std::atomic<double>& progress,
                 double progress_end, std::string& refusal) const {
  if (set.shards() != parts_.size()) {
    refusal = "its shards are not this set's";
    return false;
  }
  try {
    ImageLoading loading(*this, set, progress, progress_end);
    refusal = loading.run(std::clamp(threads, 1u, static_cast<unsigned>(parts_.size())));
  } catch (...) {
    set.clear();
    throw;
  }
  if (!refusal.empty()) set.clear();
  return refusal.empty();
}

}  // namespace suppressd
