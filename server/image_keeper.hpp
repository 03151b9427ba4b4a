// Keeps the data directory's image (persistence/image.hpp) young, so that the next start is fast: a
// thread writes one at every interval in which something changed, while checks and writes go on,
// and finish() writes the last one when the server stops. What goes wrong is logged and counted,
// and costs nothing but a slower start.
// Thread safety: start(), finish() and the destructor one after the other, from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/suppression_set.hpp"
#include "persistence/store.hpp"
#include "server/committer.hpp"
#include "server/health.hpp"

namespace suppressd {

class ImageKeeper {
 public:
  struct Options {
    std::chrono::milliseconds interval{};  // zero: no image is written, not even by finish()
    std::chrono::milliseconds deadline{};  // of finish(); past it the image that is there stays
  };

  ImageKeeper(const Store& store, const SuppressionSet& set, const Committer& committer,
              ImageStatus& status, const Options& options);
  /// Cuts a writing off.
  ~ImageKeeper();
  ImageKeeper(const ImageKeeper&) = delete;
  ImageKeeper& operator=(const ImageKeeper&) = delete;

  /// Precondition: the set is loaded and proven. `kept` is the sequence of the image that is there.
  void start(std::optional<uint64_t> kept);
  /// Writes an image of everything that checks see, unless there is one. After start() only.
  void finish();

 private:
  void run();
  void stop();
  void write(ImageCaching caching, const std::function<bool()>& go_on);

  const Store& store_;
  const SuppressionSet& set_;
  const Committer& committer_;
  ImageStatus& status_;
  const Options options_;
  std::optional<uint64_t> kept_;  // the thread's while it runs
  std::mutex mutex_;              // guards the one below
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace suppressd
