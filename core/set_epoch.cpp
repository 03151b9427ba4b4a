#include "core/set_epoch.hpp"

#include <algorithm>
#include <stdexcept>

namespace suppressd {

Epoch& Epochs::claim() {
  for (size_t i = 0; i < readers_max; ++i) {
    bool taken = false;
    if (!epochs_[i].taken.compare_exchange_strong(taken, true)) continue;
    size_t claimed = claimed_.load();
    while (claimed < i + 1 && !claimed_.compare_exchange_weak(claimed, i + 1)) {
    }
    return epochs_[i];
  }
  throw std::length_error("every reader of the suppression set is taken (readers_max)");
}

uint64_t Epochs::oldest() const {
  uint64_t oldest = Epoch::idle;
  const size_t claimed = claimed_.load();
  for (size_t i = 0; i < claimed; ++i) oldest = std::min(oldest, epochs_[i].announced.load());
  return oldest;
}

}  // namespace suppressd
