// The readers' side of the set: one function a kernel that answers a whole batch. The batch loop is
// a template over the comparison of a line (set_kernel_loop.hpp), so that everything is inlined;
// each kernel is compiled for its instruction set in a file of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/set_layout.hpp"
#include "core/suppression_set.hpp"

namespace suppressd {

/// What a pair of slot states means, by `account state | platform state << 4`: bits 0 to 4 the
/// Finding, bit 7 set when an entry in a later line could still change it.
using FindingTable = std::array<uint8_t, 256>;
inline constexpr uint8_t finding_mask = 0x1f;
inline constexpr unsigned open_bit = 7;

/// At most batch_max addresses of one account. The caller has announced its epoch.
struct CheckBatch {
  static constexpr size_t addresses_max = 4096;

  const std::atomic<uint64_t>* directory;  // one packed Table a shard
  Geometry geometry;
  const FindingTable* meaning;
  uint64_t salt;  // account_salt; the platform's is zero
  const Fingerprint* addresses;
  Finding* findings;
  size_t size;
};

void check_scalar(const CheckBatch& batch);
void check_avx2(const CheckBatch& batch);
void check_avx512(const CheckBatch& batch);

bool avx2_available();
bool avx512_available();

}  // namespace suppressd
