#include "core/set_shard.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace suppressd {
namespace {

/// Entries per line at which a shard grows: 25/4 of 8 slots. Since growth adds an eighth and shards
/// grow at different times, a set holds 5.9 a line, or 10.9 bytes an entry, on average.
constexpr uint64_t load_max_quarters = 25;
/// Growth adds an eighth: memory stays near the average, and each entry is placed again about 8
/// times.
constexpr double growth_factor = 1.125;
/// Below this many lines a range is small enough that chance overfills it; then overflow makes the
/// shard grow, as long as half the load limit is reached. Above, only the load does: what spills
/// there is addresses that very many accounts suppress, and growth would not help them.
constexpr uint64_t small_range_lines = 64;
/// Lines per entry that may spill before a small shard grows.
constexpr uint64_t lines_per_spilled = 64;
/// Lines per removed entry whose filter bits linger, before a rebuild clears them.
constexpr uint64_t lines_per_stale = 8;
constexpr uint64_t puts_between_reclaims = 16;

std::atomic<uint64_t>& spill_pointer(const Table& table, const Geometry& geometry) {
  return table.lines[geometry.ranges() * table.range_lines].slots[0];
}

/// Says in a line's filter that an entry of this placement went on. One store by the one writer.
void mark_went_on(Line& line, uint64_t key) {
  const FilterBit bit = filter_bit(key);
  std::atomic<uint64_t>& slot = line.slots[bit.slot];
  const uint64_t before = slot.load(std::memory_order_relaxed);
  const uint64_t after = before | uint64_t{1} << bit.shift;
  if (after != before) slot.store(after, std::memory_order_release);
}

/// Marks lines in reverse, home last: whoever sees a mark sees all that it leads to.
void mark_all(std::span<Line* const> passed, uint64_t key) {
  for (auto line = passed.rbegin(); line != passed.rend(); ++line) mark_went_on(**line, key);
}

}  // namespace

Shard::Shard(Geometry geometry, double phase, std::atomic<uint64_t>& directory, Epochs& epochs)
    : geometry_(geometry), phase_(phase), directory_(directory), epochs_(epochs) {
  lines_ = make_lines(1);
  publish();
}

Shard::Lines Shard::make_lines(uint64_t range_lines) const {
  Lines lines;
  lines.memory =
      LineMemory((geometry_.ranges() * range_lines + 1) * sizeof(Line), Table::alignment);
  lines.table = {static_cast<Line*>(lines.memory.data()), range_lines};
  return lines;
}

void Shard::reserve(uint64_t entries) {
  // Shares of random fingerprints spread like a Poisson variable; six deviations are never seen.
  const auto mean = static_cast<double>(entries);
  const double lines = (mean + 6 * std::sqrt(mean)) * 4 / load_max_quarters;
  const double ranges = static_cast<double>(geometry_.ranges());
  const auto range_lines = static_cast<uint64_t>(lines / ranges) + 1;
  if (range_lines > lines_.table.range_lines) rebuild(std::min(range_lines, range_lines_max));
}

void Shard::prefetch(const Fingerprint& address) const {
  __builtin_prefetch(&lines_.table.home(geometry_.place(address)), 1);
}

SlotState Shard::get(const Fingerprint& address, AccountNumber account) const {
  const uint64_t place = geometry_.place(address);
  const Found found = find(place, key_of(address, place, account));
  if (found.slot == nullptr) return SlotState::absent;
  return state_of(found.slot->load(std::memory_order_relaxed));
}

SlotState Shard::put(const Fingerprint& address, AccountNumber account, SlotState state) {
  if (!retired_.empty() && ++puts_since_reclaim_ >= puts_between_reclaims) reclaim();
  const uint64_t place = geometry_.place(address);
  const uint64_t key = key_of(address, place, account);
  const Found found = find(place, key);
  SlotState before = SlotState::absent;
  if (found.slot == nullptr) {
    if (state != SlotState::absent) insert(place, key, state);
  } else {
    const uint64_t slot = found.slot->load(std::memory_order_relaxed);
    before = state_of(slot);
    if (state == SlotState::absent) {
      erase(found);
    } else {
      found.slot->store((slot & ~state_mask) | static_cast<uint64_t>(state),
                        std::memory_order_release);
    }
    if (before == SlotState::absent && state != SlotState::absent) counters_.spilled.add(1);
  }
  if (before == state) return before;
  Digest digest{counters_.digest_high.value(), counters_.digest_low.value()};
  digest -= entry_digest(address, account, before);
  digest += entry_digest(address, account, state);
  counters_.digest_high.set(digest.high);
  counters_.digest_low.set(digest.low);
  counters_.entries.set(in_lines_ + counters_.spilled.value());
  return before;
}

Shard::Found Shard::find(uint64_t place, uint64_t key) const {
  Probe probe(lines_.table, place);
  for (uint64_t i = Probe::length(lines_.table); i > 0; --i, probe.next()) {
    Line& line = probe.line();
    for (std::atomic<uint64_t>& slot : line.slots) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if ((word & key_mask) == key && state_of(word) != SlotState::absent) {
        return {&slot, i == Probe::length(lines_.table), false};
      }
    }
    if (went_on(line, key) == 0) return {};
  }
  if (!lines_.spill) return {};
  return {lines_.spill->find(place >> placement_bits, key), false, true};
}

void Shard::insert(uint64_t place, uint64_t key, SlotState state) {
  if (in_lines_ >= load_max() && lines_.table.range_lines < range_lines_max) {
    rebuild(next_range_lines());
  }
  Placed placed;
  if (place_in_lines(lines_, place, key, state, placed)) return count(placed);
  const bool crowded = lines_.table.range_lines < small_range_lines && in_lines_ * 2 > load_max() &&
                       counters_.spilled.value() * lines_per_spilled >= counters_.lines.value();
  if (crowded) {
    rebuild(next_range_lines());
    if (place_in_lines(lines_, place, key, state, placed)) return count(placed);
  }
  spill(lines_, place, key, state);
  count(Placed::spilled);
}

bool Shard::place_in_lines(Lines& lines, uint64_t place, uint64_t key, SlotState state,
                           Placed& placed) {
  std::array<Line*, probe_lines_max> passed;
  size_t passed_count = 0;
  Probe probe(lines.table, place);
  for (uint64_t i = Probe::length(lines.table); i > 0; --i, probe.next()) {
    for (std::atomic<uint64_t>& slot : probe.line().slots) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if (state_of(word) != SlotState::absent) continue;
      // Release: a reader that sees a mark below finds the entry here.
      slot.store(key | (word & filter_mask) | static_cast<uint64_t>(state),
                 std::memory_order_release);
      mark_all({passed.data(), passed_count}, key);
      placed = passed_count == 0 ? Placed::home : Placed::moved;
      return true;
    }
    passed[passed_count++] = &probe.line();
  }
  return false;
}

/// Precondition: every line of the sequence is full.
void Shard::spill(Lines& lines, uint64_t place, uint64_t key, SlotState state) {
  if (!lines.spill || lines.spill->full()) {
    size_t live = 1;
    if (lines.spill) lines.spill->for_each([&](uint64_t, uint64_t, SlotState) { ++live; });
    auto larger = std::make_unique<Spill>(live);
    if (lines.spill) {
      lines.spill->for_each(
          [&](uint64_t range, uint64_t k, SlotState s) { larger->add(range, k, s); });
    }
    std::swap(lines.spill, larger);
    // seq_cst, as the directory: the epochs' argument holds for this pointer too.
    spill_pointer(lines.table, geometry_).store(reinterpret_cast<uintptr_t>(lines.spill.get()));
    if (larger) retire({}, std::move(larger));
    count_bytes();
  }
  lines.spill->add(place >> placement_bits, key, state);
  std::array<Line*, probe_lines_max> passed;
  size_t passed_count = 0;
  Probe probe(lines.table, place);
  for (uint64_t i = Probe::length(lines.table); i > 0; --i, probe.next()) {
    passed[passed_count++] = &probe.line();
  }
  mark_all({passed.data(), passed_count}, key);
}

void Shard::erase(const Found& found) {
  const uint64_t slot = found.slot->load(std::memory_order_relaxed);
  if (found.spilled) {
    if (state_of(slot) == SlotState::absent) return;
    found.slot->store(slot & ~state_mask, std::memory_order_release);
    counters_.spilled.subtract(1);
  } else {
    found.slot->store(slot & filter_mask, std::memory_order_release);
    --in_lines_;
  }
  if (found.home) return;
  if (!found.spilled) counters_.moved.subtract(1);
  // A rebuild costs as much as there are lines and spilled entries; so many removals pay for it.
  ++stale_;
  if (stale_ > counters_.lines.value() / lines_per_stale + counters_.spilled.value()) {
    rebuild(lines_.table.range_lines);
  }
}

void Shard::count(Placed placed) {
  if (placed == Placed::spilled) return counters_.spilled.add(1);
  ++in_lines_;
  if (placed == Placed::moved) counters_.moved.add(1);
}

uint64_t Shard::load_max() const {
  return counters_.lines.value() * load_max_quarters / 4;
}

uint64_t Shard::next_range_lines() const {
  const uint64_t now = lines_.table.range_lines;
  constexpr uint64_t first_rung = 16;
  if (now < first_rung) return now + 1;
  // The ladder's rungs are first_rung * growth_factor^(i + phase).
  const double above = static_cast<double>(now) / first_rung;
  const double rung = std::floor(std::log(above) / std::log(growth_factor) - phase_) + 1 + phase_;
  const double next = first_rung * std::pow(growth_factor, rung);
  return std::clamp(static_cast<uint64_t>(next), now + 1, range_lines_max);
}

void Shard::rebuild(uint64_t range_lines) {
  Lines old = std::exchange(lines_, make_lines(range_lines));
  in_lines_ = 0;
  stale_ = 0;
  counters_.moved.set(0);
  counters_.spilled.set(0);
  const auto again = [&](uint64_t place, uint64_t key, SlotState state) {
    Placed placed = Placed::spilled;
    if (!place_in_lines(lines_, place, key, state, placed)) spill(lines_, place, key, state);
    count(placed);
  };
  const Line* line = old.table.lines;
  for (uint64_t range = 0; range < geometry_.ranges(); ++range) {
    for (uint64_t i = 0; i < old.table.range_lines; ++i, ++line) {
      for (const std::atomic<uint64_t>& slot : line->slots) {
        const uint64_t word = slot.load(std::memory_order_relaxed);
        if (state_of(word) == SlotState::absent) continue;
        again(place_of(range, word), word & key_mask, state_of(word));
      }
    }
  }
  if (old.spill) {
    old.spill->for_each([&](uint64_t range, uint64_t key, SlotState state) {
      again(place_of(range, key), key, state);
    });
  }
  publish();
  counters_.growths.add(1);
  retire(std::move(old.memory), std::move(old.spill));
}

void Shard::publish() {
  directory_.store(lines_.table.pack());  // seq_cst, see set_epoch.hpp
  counters_.lines.set(geometry_.ranges() * lines_.table.range_lines);
  count_bytes();
}

void Shard::retire(LineMemory memory, std::unique_ptr<Spill> spill) {
  retired_.push_back({epochs_.begin_next(), std::move(memory), std::move(spill)});
  reclaim();
}

void Shard::reclaim() {
  puts_since_reclaim_ = 0;
  const uint64_t oldest = epochs_.oldest();
  std::erase_if(retired_, [&](const Retired& retired) { return retired.epoch <= oldest; });
  count_bytes();
}

void Shard::count_bytes() {
  size_t bytes = lines_.memory.bytes() + (lines_.spill ? lines_.spill->bytes() : 0);
  for (const Retired& retired : retired_) {
    bytes += retired.memory.bytes() + (retired.spill ? retired.spill->bytes() : 0);
  }
  counters_.bytes.set(bytes);
}

}  // namespace suppressd
