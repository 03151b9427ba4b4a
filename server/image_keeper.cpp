#include "server/image_keeper.hpp"

#include "persistence/image.hpp"
#include "server/log.hpp"

namespace suppressd {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

uint64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace

ImageKeeper::ImageKeeper(const Store& store, const SuppressionSet& set, const Committer& committer,
                         ImageStatus& status, const Options& options)
    : store_(store), set_(set), committer_(committer), status_(status), options_(options) {}

ImageKeeper::~ImageKeeper() {
  stop();
}

void ImageKeeper::start(std::optional<uint64_t> kept) {
  kept_ = kept;
  if (options_.interval.count() != 0) thread_ = std::thread([this] { run(); });
}

void ImageKeeper::finish() {
  stop();
  if (options_.interval.count() == 0) return;
  const auto until = Clock::now() + options_.deadline;
  write(ImageCaching::keep, [until] { return Clock::now() < until; });
}

void ImageKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ImageKeeper::run() {
  const auto stopping = [this] { return stopping_; };
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.interval, stopping)) {
    lock.unlock();
    write(ImageCaching::drop, [this] {
      const std::lock_guard guard(mutex_);
      return !stopping_;
    });
    lock.lock();
  }
}

void ImageKeeper::write(ImageCaching caching, const std::function<bool()>& go_on) {
  // After a storage error the disk is not to be trusted with anything new.
  if (!committer_.healthy()) return;
  const uint64_t sequence = committer_.visible_sequence();
  if (kept_ == sequence) return;
  const auto began = Clock::now();
  const ImageWritten written = store_.write_image(set_, sequence, caching, go_on);
  if (!written.written) {
    if (!go_on() && caching == ImageCaching::drop) return;  // finish() writes a younger one
    status_.failures.fetch_add(1, std::memory_order_relaxed);
    log(LogLevel::warning, "the image was not written", {{"cause", written.failure}});
    return;
  }
  kept_ = sequence;
  status_.writes.fetch_add(1, std::memory_order_relaxed);
  status_.bytes.store(written.bytes, std::memory_order_relaxed);
  status_.sequence.store(sequence, std::memory_order_relaxed);
  status_.written_at.store(unix_seconds(), std::memory_order_relaxed);
  log(LogLevel::info, "image written",
      {{"sequence", sequence}, {"bytes", written.bytes}, {"seconds", seconds_since(began)}});
}

}  // namespace suppressd
