// The batch loop of every kernel. `Compare::states(line, platform_key, account_key)` tells the
// states of two keys in one line as `account | platform << 4`.
//
// First pass: places of far addresses are computed and prefetched into L2, near ones into L1, and
// one line is compared, without a branch that depends on the data. The few addresses whose answer a
// later line could change are noted, and the second pass looks them up whole.
//
// Everything is in an unnamed namespace on purpose: each kernel's file compiles its own copy for
// its own instruction set, and the linker must not take one for the other.
#pragma once

#include "core/set_kernel.hpp"
#include "core/set_spill.hpp"

namespace suppressd {
namespace {

constexpr size_t block = 8;       // keys whose work is unrolled
constexpr size_t far_ahead = 48;  // into L2
constexpr size_t near_ahead = 8;  // into L1
constexpr size_t ring_size = 64;
static_assert(far_ahead % block == 0 && near_ahead % block == 0 && ring_size % block == 0);
static_assert(far_ahead + block <= ring_size && near_ahead < far_ahead);
constexpr size_t chase_ahead = 8;
static_assert(CheckBatch::addresses_max <= 65536);  // chases are noted in 16 bits

struct Place {
  const Line* line;
  uint64_t key;  // the platform's
};

inline Table table_of(const CheckBatch& batch, const Fingerprint& address) {
  // seq_cst (a plain load on x86-64), see set_epoch.hpp.
  return Table::unpack(batch.directory[batch.geometry.shard(address)].load());
}

inline uint64_t spilled_state(const CheckBatch& batch, const Table& table, uint64_t place,
                              uint64_t key) {
  const Line& last = table.lines[batch.geometry.ranges() * table.range_lines];
  const auto* spill = reinterpret_cast<const Spill*>(last.slots[0].load());
  if (spill == nullptr) return 0;
  const std::atomic<uint64_t>* slot = spill->find(place >> placement_bits, key);
  return slot == nullptr ? 0 : slot->load(std::memory_order_acquire) & state_mask;
}

/// The whole lookup: the lines of the sequence while filter bits lead on, then the spill.
template <class Compare>
uint8_t look_up(const CheckBatch& batch, const Fingerprint& address) {
  const Table table = table_of(batch, address);
  const uint64_t place = batch.geometry.place(address);
  const uint64_t platform = platform_key(address, place);
  uint64_t states = 0;
  Probe probe(table, place);
  for (uint64_t i = Probe::length(table); i > 0; --i, probe.next()) {
    const Line& line = probe.line();
    const uint64_t here = Compare::states(line, platform, batch.salt);
    // The first sighting counts, for an entry may be removed and put elsewhere while we walk.
    if ((states & 0x0f) == 0) states |= here & 0x0f;
    if ((states & 0xf0) == 0) states |= here & 0xf0;
    const uint8_t meaning = (*batch.meaning)[states];
    if (meaning >> open_bit == 0 || went_on(line, platform) == 0) return meaning & finding_mask;
  }
  if ((states & 0x0f) == 0) states |= spilled_state(batch, table, place, platform ^ batch.salt);
  if ((states & 0xf0) == 0) states |= spilled_state(batch, table, place, platform) << 4;
  return (*batch.meaning)[states] & finding_mask;
}

template <class Compare>
void check_batch(const CheckBatch& batch) {
  Place ring[ring_size];
  uint16_t chases[CheckBatch::addresses_max + 1];
  size_t chase_count = 0;
  // Copies, because stores to findings (bytes) could change any field of the batch, for all the
  // compiler knows.
  const Fingerprint* const addresses = batch.addresses;
  Finding* const findings = batch.findings;
  const size_t size = batch.size;
  const uint8_t* const meanings = batch.meaning->data();
  const uint64_t salt = batch.salt;
  const Geometry geometry = batch.geometry;
  const std::atomic<uint64_t>* const directory = batch.directory;

  const auto start = [&](size_t i, Place& place_out) {
    const Fingerprint& address = addresses[i];
    const uint64_t place = geometry.place(address);
    const Line* line = &Table::unpack(directory[geometry.shard(address)].load()).home(place);
    place_out = {line, platform_key(address, place)};
    __builtin_prefetch(line, 0, 2);
  };
  const auto approach = [](const Place& place) { __builtin_prefetch(place.line, 0, 3); };
  const auto finish = [&](size_t i, const Place& place) {
    const uint8_t meaning = meanings[Compare::states(*place.line, place.key, salt)];
    findings[i].bits = meaning & finding_mask;
    chases[chase_count] = static_cast<uint16_t>(i);
    chase_count += went_on(*place.line, place.key) & (meaning >> open_bit);
  };
  const size_t lead = size < far_ahead ? size : far_ahead;
  for (size_t i = 0; i < lead; ++i) start(i, ring[i]);
  for (size_t i = 0; i < near_ahead && i < lead; ++i) approach(ring[i]);
  size_t i = 0;
  for (; i + far_ahead + block <= size; i += block) {
    Place* const far = ring + (i + far_ahead) % ring_size;
    const Place* const near = ring + (i + near_ahead) % ring_size;
    const Place* const here = ring + i % ring_size;
#pragma GCC unroll 8
    for (size_t j = 0; j < block; ++j) {
      start(i + far_ahead + j, far[j]);
      approach(near[j]);
      finish(i + j, here[j]);
    }
  }
  for (; i < size; ++i) {
    if (i + far_ahead < size) start(i + far_ahead, ring[(i + far_ahead) % ring_size]);
    if (i + near_ahead < size) approach(ring[(i + near_ahead) % ring_size]);
    finish(i, ring[i % ring_size]);
  }

  const auto prefetch_second = [&](size_t chase) {
    const Fingerprint& address = addresses[chases[chase]];
    Probe probe(table_of(batch, address), geometry.place(address));
    __builtin_prefetch(&probe.line(), 0, 3);
    probe.next();
    __builtin_prefetch(&probe.line(), 0, 3);
  };
  for (size_t c = 0; c < chase_ahead && c < chase_count; ++c) prefetch_second(c);
  for (size_t c = 0; c < chase_count; ++c) {
    if (c + chase_ahead < chase_count) prefetch_second(c + chase_ahead);
    findings[chases[c]].bits = look_up<Compare>(batch, addresses[chases[c]]);
  }
}

}  // namespace
}  // namespace suppressd
