// The batch loop of every kernel, a template over how a line is compared:
//   Compare::candidate(line, platform_key)     whether an entry of the address may be in the line,
//                                              for any account: cheap, and hardly ever mistaken
//   Compare::states(line, platform_key, salt)  the states of the two keys, `account | platform << 4`
//
// First pass: places of far addresses are computed and their lines prefetched; one line is compared.
// Its one branch is on candidate(): where there is none, nothing else of the line is looked at. It
// is mispredicted for a tenth of the addresses if a tenth is found, which costs less than comparing
// both keys in every line would. No store's address depends on what a line holds: such stores hold
// up the loads behind them. So the few addresses whose answer a later line could change are marked
// in their findings, and the second pass looks them up whole.
//
// Everything is in an unnamed namespace on purpose: each kernel's file compiles its own copy for
// its own instruction set, and the linker must not take one for the other.
#pragma once

#include <cstring>

#include "core/set_kernel.hpp"
#include "core/set_spill.hpp"

namespace suppressd {
namespace {

constexpr size_t block = 8;   // keys whose work is unrolled
constexpr size_t ahead = 48;  // lines under way; into L1 past L2 (NTA), for none is read again soon
constexpr size_t ring_size = 64;
static_assert(ahead % block == 0 && ring_size % block == 0 && ahead + block <= ring_size);
static_assert(CheckBatch::addresses_max <= 65536);  // chases are noted in 16 bits
/// In a finding, between the passes: a later line could change it.
constexpr uint8_t chase_mark = 1 << open_bit;

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

/// Notes which findings are marked; returns how many.
inline size_t collect_chases(const Finding* findings, size_t size, uint16_t* chases) {
  constexpr uint64_t marks = uint64_t{0x0101010101010101} * chase_mark;
  static_assert(sizeof(Finding) == 1);
  size_t count = 0;
  for (size_t i = 0; i < size; i += sizeof(marks)) {
    uint64_t eight = 0;
    std::memcpy(&eight, findings + i, size - i < sizeof(eight) ? size - i : sizeof(eight));
    for (eight &= marks; eight != 0; eight &= eight - 1) {
      const auto byte = static_cast<unsigned>(__builtin_ctzll(eight)) / 8;
      chases[count++] = static_cast<uint16_t>(i + byte);
    }
  }
  return count;
}

/// The second pass: all lines that it will need are on their way before the first is looked at.
template <class Compare>
void finish_chases(const CheckBatch& batch) {
  uint16_t chases[CheckBatch::addresses_max];
  const size_t count = collect_chases(batch.findings, batch.size, chases);
  for (size_t c = 0; c < count; ++c) {
    const Fingerprint& address = batch.addresses[chases[c]];
    Probe probe(table_of(batch, address), batch.geometry.place(address));
    __builtin_prefetch(&probe.line(), 0, 3);
    probe.next();
    __builtin_prefetch(&probe.line(), 0, 3);
  }
  for (size_t c = 0; c < count; ++c) {
    batch.findings[chases[c]].bits = look_up<Compare>(batch, batch.addresses[chases[c]]);
  }
}

template <class Compare>
void check_batch(const CheckBatch& batch) {
  Place ring[ring_size];
  // Copies, because stores to findings (bytes) could change any field of the batch, for all the
  // compiler knows.
  const Fingerprint* const addresses = batch.addresses;
  Finding* const findings = batch.findings;
  const size_t size = batch.size;
  const uint8_t* const meanings = batch.meaning->data();
  const uint8_t nothing = meanings[0];
  const uint64_t salt = batch.salt;
  const Geometry geometry = batch.geometry;
  const std::atomic<uint64_t>* const directory = batch.directory;

  const auto start = [&](size_t i, Place& place_out) {
    const Fingerprint& address = addresses[i];
    const uint64_t place = geometry.place(address);
    const Line* line = &Table::unpack(directory[geometry.shard(address)].load()).home(place);
    place_out = {line, platform_key(address, place)};
    __builtin_prefetch(line, 0, 0);
  };
  const auto finish = [&](size_t i, const Place& place) {
    uint8_t meaning = nothing;
    if (Compare::candidate(*place.line, place.key)) [[unlikely]] {
      meaning = meanings[Compare::states(*place.line, place.key, salt)];
    }
    const uint64_t kept = finding_mask | went_on(*place.line, place.key) << open_bit;
    findings[i].bits = meaning & static_cast<uint8_t>(kept);
  };
  const size_t lead = size < ahead ? size : ahead;
  for (size_t i = 0; i < lead; ++i) start(i, ring[i]);
  size_t i = 0;
  for (; i + ahead + block <= size; i += block) {
    Place* const far = ring + (i + ahead) % ring_size;
    const Place* const here = ring + i % ring_size;
#pragma GCC unroll 8
    for (size_t j = 0; j < block; ++j) {
      start(i + ahead + j, far[j]);
      finish(i + j, here[j]);
    }
  }
  for (; i < size; ++i) {
    if (i + ahead < size) start(i + ahead, ring[(i + ahead) % ring_size]);
    finish(i, ring[i % ring_size]);
  }
  finish_chases<Compare>(batch);
}

}  // namespace
}  // namespace suppressd
