// The kernel for any CPU, and the only one under ThreadSanitizer: every slot is loaded as the
// atomic it is.
#include "core/set_kernel_loop.hpp"

namespace suppressd {
namespace {

struct ScalarCompare {
  static bool candidate(const Line& line, uint64_t platform) {
    bool any = false;
    for (const std::atomic<uint64_t>& slot : line.slots) {
      any |= ((slot.load(std::memory_order_acquire) ^ platform) & address_mask) == 0;
    }
    return any;
  }

  static uint64_t states(const Line& line, uint64_t platform, uint64_t salt) {
    const uint64_t account = platform ^ salt;
    uint64_t of_platform = 0;
    uint64_t of_account = 0;
    for (const std::atomic<uint64_t>& slot : line.slots) {
      const uint64_t word = slot.load(std::memory_order_acquire);
      const uint64_t key = word & key_mask;
      const uint64_t state = word & state_mask;
      of_platform = of_platform == 0 && key == platform ? state : of_platform;
      of_account = of_account == 0 && key == account ? state : of_account;
    }
    return of_account | of_platform << state_bits;
  }
};

}  // namespace

void check_scalar(const CheckBatch& batch) {
  check_batch<ScalarCompare>(batch);
}

}  // namespace suppressd
