// Carries results from the committer's or a pool thread to an exchange, which may be gone by then:
// both hold the mailbox, and a result that nobody takes is dropped with it.
// Thread safety: post() from any thread; take() and arm() on the exchange's thread.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "server/exchange.hpp"

namespace suppressd {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(Wake wake) : wake_(std::move(wake)) {}

  void post(T value) {
    bool call = false;
    {
      const std::lock_guard lock(mutex_);
      values_.push_back(std::move(value));
      call = std::exchange(armed_, false);
    }
    if (call) wake_();
  }

  std::vector<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(values_, {});
  }

  /// True: nothing is there and the next post() wakes once, so return Progress::wait. False:
  /// take().
  [[nodiscard]] bool arm() {
    const std::lock_guard lock(mutex_);
    armed_ = values_.empty();
    return armed_;
  }

 private:
  const Wake wake_;
  std::mutex mutex_;
  std::vector<T> values_;
  bool armed_ = false;
};

}  // namespace suppressd
