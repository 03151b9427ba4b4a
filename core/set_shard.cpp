#include "core/set_shard.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <new>
#include <utility>

namespace suppressd {
namespace {

/// Entries per 1024 lines at which a shard grows: 6.25 of 8 slots a line on average. Each shard has
/// its own, from a sixteenth less to a sixteenth more, so that they grow one after the other: their
/// sizes, whole huge pages, are the same.
constexpr uint64_t load_lines = 1024;
constexpr uint64_t load_max_mean = load_lines * 25 / 4;
constexpr uint64_t load_max_spread = load_max_mean / 8;
/// Growth adds an eighth: a set holds 5.9 a line, or 10.9 bytes an entry, on average, and each entry
/// is placed again about 8 times.
constexpr uint64_t growth_share = 8;
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

uint64_t key_of(const Fingerprint& address, uint64_t place, AccountNumber account) {
  return platform_key(address, place) ^ account_salt(account);
}

}  // namespace

/// The writer's mark, for exports, that lines are being altered. Release on the way out: whoever
/// sees the even number sees what was altered. On the way in the stores to slots are the release.
class Shard::Change {
 public:
  explicit Change(std::atomic<uint64_t>& changes) : changes_(changes) {
    changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  ~Change() {
    changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  std::atomic<uint64_t>& changes_;
};

Shard::Shard(Geometry geometry, uint32_t number, double phase, std::atomic<uint64_t>& directory,
             Epochs& epochs)
    : geometry_(geometry),
      number_(number),
      load_max_(load_max_mean - load_max_spread / 2 +
                static_cast<uint64_t>(phase * static_cast<double>(load_max_spread))),
      directory_(directory),
      epochs_(epochs) {
  lines_ = make_lines(1);
  directory_.store(lines_.table.pack());
  counters_.lines.set(line_count(lines_));
  count_bytes();
}

Shard::Lines Shard::map_lines(uint64_t range_lines) const {
  Lines lines;
  const size_t bytes = (geometry_.ranges() * range_lines + 1) * sizeof(Line);
  lines.memory = LineMemory(bytes, Table::alignment);
  lines.table = {static_cast<Line*>(lines.memory.data()), range_lines};
  return lines;
}

Shard::Lines Shard::make_lines(uint64_t range_lines) const {
  Lines lines = map_lines(range_lines);
  if (lines.memory.bytes() >= huge_page_bytes) {
    // What was rounded up to a huge page holds lines too.
    const uint64_t room = (lines.memory.bytes() / sizeof(Line) - 1) / geometry_.ranges();
    lines.table.range_lines = std::min(room, range_lines_max);
  }
  return lines;
}

uint64_t Shard::filled_max(const Lines& lines) const {
  return line_count(lines) * load_max_ / load_lines;
}

void Shard::reserve(uint64_t entries) {
  // Shares of random fingerprints spread like a Poisson variable; six deviations are never seen.
  const auto mean = static_cast<double>(entries);
  const double lines = (mean + 6 * std::sqrt(mean)) * load_lines / static_cast<double>(load_max_);
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
  const uint64_t slot = found.slot ? found.slot->load(std::memory_order_relaxed) : 0;
  const SlotState before = state_of(slot);
  if (before == state) return before;
  const Change change(changes_);
  if (found.slot == nullptr) {
    insert(place, key, state);
  } else if (state == SlotState::absent) {
    erase(found);
  } else {
    // A spilled entry that was removed keeps its cell, so this may also bring it back.
    lines_.spilled += before == SlotState::absent ? 1 : 0;
    found.slot->store((slot & ~state_mask) | static_cast<uint64_t>(state),
                      std::memory_order_release);
  }
  count(entry_digest(address, account, before), entry_digest(address, account, state));
  return before;
}

void Shard::count(const Digest& before, const Digest& after) {
  Digest digest{counters_.digest_high.value(), counters_.digest_low.value()};
  digest -= before;
  digest += after;
  counters_.digest_high.set(digest.high);
  counters_.digest_low.set(digest.low);
  counters_.entries.set(lines_.entries());
  counters_.moved.set(lines_.moved);
  counters_.spilled.set(lines_.spilled);
}

Shard::Found Shard::find(uint64_t place, uint64_t key) const {
  Probe probe(lines_.table, place);
  const uint64_t length = Probe::length(lines_.table);
  for (uint64_t i = 0; i < length; ++i, probe.next()) {
    Line& line = probe.line();
    for (std::atomic<uint64_t>& slot : line.slots) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if ((word & key_mask) == key && state_of(word) != SlotState::absent) {
        return {&slot, i == 0, false};
      }
    }
    if (went_on(line, key) == 0) return {};
  }
  if (!lines_.spill) return {};
  return {lines_.spill->find(place >> placement_bits, key), false, true};
}

void Shard::insert(uint64_t place, uint64_t key, SlotState state) {
  if (lines_.filled >= filled_max(lines_) && lines_.table.range_lines < range_lines_max) {
    rebuild(next_range_lines());
  }
  if (place_in_lines(lines_, place, key, state)) return;
  if (crowded()) {
    rebuild(next_range_lines());
    if (place_in_lines(lines_, place, key, state)) return;
  }
  spill(lines_, place, key, state);
}

/// Whether overflow, not load, should make the shard grow.
bool Shard::crowded() const {
  return lines_.table.range_lines < small_range_lines && lines_.filled * 2 > filled_max(lines_) &&
         lines_.spilled * lines_per_spilled >= line_count(lines_);
}

bool Shard::place_in_lines(Lines& lines, uint64_t place, uint64_t key, SlotState state) const {
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
      ++lines.filled;
      lines.moved += passed_count > 0 ? 1 : 0;
      return true;
    }
    passed[passed_count++] = &probe.line();
  }
  return false;
}

/// Precondition: every line of the sequence is full.
void Shard::spill(Lines& lines, uint64_t place, uint64_t key, SlotState state) {
  if (!lines.spill || lines.spill->full()) {
    auto larger = std::make_unique<Spill>(lines.spilled + 1);
    retired_.reserve(retired_.size() + 1);  // so that nothing below throws
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
  ++lines.spilled;
  std::array<Line*, probe_lines_max> passed;
  size_t passed_count = 0;
  Probe probe(lines.table, place);
  for (uint64_t i = Probe::length(lines.table); i > 0; --i, probe.next()) {
    passed[passed_count++] = &probe.line();
  }
  mark_all({passed.data(), passed_count}, key);
}

/// Precondition: the entry is there (its state is not absent).
void Shard::erase(const Found& found) {
  const uint64_t slot = found.slot->load(std::memory_order_relaxed);
  if (found.spilled) {
    found.slot->store(slot & ~state_mask, std::memory_order_release);
    --lines_.spilled;
  } else {
    found.slot->store(slot & filter_mask, std::memory_order_release);
    --lines_.filled;
    lines_.moved -= found.home ? 0 : 1;
  }
  if (found.home) return;
  // A rebuild costs as much as there are lines and spilled entries; so many removals pay for it.
  ++lines_.stale;
  if (lines_.stale <= line_count(lines_) / lines_per_stale + lines_.spilled) return;
  try {
    rebuild(lines_.table.range_lines);
  } catch (const std::bad_alloc&) {
    lines_.stale = 0;  // tidying up can wait until as many removals later
  }
}

uint64_t Shard::next_range_lines() const {
  const uint64_t now = lines_.table.range_lines;
  return std::min(now + std::max<uint64_t>(now / growth_share, 1), range_lines_max);
}

void Shard::rebuild(uint64_t range_lines) {
  Lines fresh = make_lines(range_lines);
  const auto again = [&](uint64_t place, uint64_t key, SlotState state) {
    if (!place_in_lines(fresh, place, key, state)) spill(fresh, place, key, state);
  };
  const Line* line = lines_.table.lines;
  for (uint64_t range = 0; range < geometry_.ranges(); ++range) {
    for (uint64_t i = 0; i < lines_.table.range_lines; ++i, ++line) {
      for (const std::atomic<uint64_t>& slot : line->slots) {
        const uint64_t word = slot.load(std::memory_order_relaxed);
        if (state_of(word) == SlotState::absent) continue;
        again(place_of(range, word), word & key_mask, state_of(word));
      }
    }
  }
  if (lines_.spill) {
    lines_.spill->for_each([&](uint64_t range, uint64_t key, SlotState state) {
      again(place_of(range, key), key, state);
    });
  }
  replace_lines(std::move(fresh));
  counters_.growths.add(1);
}

/// The strong guarantee: throws std::bad_alloc before anything changed.
void Shard::replace_lines(Lines fresh) {
  retired_.reserve(retired_.size() + 1);  // so that nothing below throws
  std::swap(lines_, fresh);
  directory_.store(lines_.table.pack());  // seq_cst, see set_epoch.hpp
  counters_.lines.set(line_count(lines_));
  retire(std::move(fresh.memory), std::move(fresh.spill));
}

std::span<std::byte> Shard::begin_import(uint64_t range_lines) {
  assert(geometry_.shard_bits + geometry_.range_bits == shard_and_range_bits);
  if (range_lines == 0 || range_lines > range_lines_max) return {};
  staged_ = map_lines(range_lines);
  return {static_cast<std::byte*>(staged_.memory.data()), line_count(staged_) * sizeof(Line)};
}

bool Shard::finish_import(const ShardImage& image) {
  Lines imported = std::exchange(staged_, {});
  const auto misplaced = [&](const ShardImage::Spilled& entry) {
    return entry.range >= geometry_.ranges() || state_of(entry.slot) == SlotState::absent;
  };
  if (imported.table.range_lines != image.range_lines || image.moved > image.filled ||
      image.filled > line_count(imported) * slots_per_line || lines_.entries() != 0 ||
      std::any_of(image.spilled.begin(), image.spilled.end(), misplaced)) {
    return false;
  }
  imported.filled = image.filled;
  imported.moved = image.moved;
  replace_lines(std::move(imported));
  count({}, image.digest);
  for (const ShardImage::Spilled& entry : image.spilled) put_spilled(entry);
  return true;
}

/// The entry may be in the lines too, when it was moved there while the export went on: they win,
/// and the replay of that change says what holds.
void Shard::put_spilled(const ShardImage::Spilled& entry) {
  const uint64_t place = place_of(entry.range, entry.slot);
  const uint64_t key = entry.slot & key_mask;
  if (find(place, key).slot != nullptr) return;
  insert(place, key, state_of(entry.slot));
  const uint32_t shard_and_range = number_ << geometry_.range_bits | entry.range;
  count({}, slot_digest(shard_and_range, entry.slot & ~filter_mask));
}

void Shard::clear() {
  staged_ = {};
  replace_lines(make_lines(1));
  for (Counter* counter : {&counters_.entries, &counters_.moved, &counters_.spilled,
                           &counters_.digest_high, &counters_.digest_low}) {
    counter->set(0);
  }
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
