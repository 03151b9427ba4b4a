#include "core/set_image.hpp"

#include <algorithm>
#include <cassert>
#include <thread>

#include "core/set_spill.hpp"

namespace suppressd {
namespace {

constexpr size_t copied_bytes = size_t{1} << 20;

}  // namespace

ShardExport::ShardExport(Epochs& epochs, Geometry geometry, uint32_t shard,
                         const std::atomic<uint64_t>& directory_word,
                         const std::atomic<uint64_t>& changes)
    : epochs_(epochs),
      epoch_(epochs.claim()),
      geometry_(geometry),
      shard_(shard),
      changes_(changes) {
  assert(geometry.shard_bits + geometry.range_bits == shard_and_range_bits);
  epochs_.enter(epoch_);
  table_ = Table::unpack(directory_word.load());  // seq_cst, see set_epoch.hpp
  const size_t ranges = std::max<size_t>(copied_bytes / sizeof(Line) / table_.range_lines, 1);
  copied_ = std::vector<Line>(std::min<size_t>(ranges, geometry.ranges()) * table_.range_lines);
  image_.range_lines = table_.range_lines;
}

ShardExport::~ShardExport() {
  Epochs::leave(epoch_);
  epochs_.release(epoch_);
}

/// What makes a torn copy impossible: a slot's value that the writer stored (release) after making
/// `changes` odd brings, when it is read here (acquire), that odd number along; so the second look
/// at `changes` cannot show the first look's number any more.
void ShardExport::copy_range(uint64_t range, Line* to) const {
  const Line* const from = table_.lines + range * table_.range_lines;
  for (;;) {
    const uint64_t before = changes_.load(std::memory_order_acquire);
    if (before % 2 == 0) {
      for (uint64_t i = 0; i < table_.range_lines; ++i) {
        for (size_t slot = 0; slot < slots_per_line; ++slot) {
          to[i].slots[slot].store(from[i].slots[slot].load(std::memory_order_acquire),
                                  std::memory_order_relaxed);
        }
      }
      if (changes_.load(std::memory_order_relaxed) == before) return;
    }
    std::this_thread::yield();
  }
}

void ShardExport::count_range(uint64_t range, const Line* lines) {
  const auto shard_and_range =
      static_cast<uint32_t>(uint64_t{shard_} << geometry_.range_bits | range);
  for (uint64_t i = 0; i < table_.range_lines; ++i) {
    for (const std::atomic<uint64_t>& slot : lines[i].slots) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if (state_of(word) == SlotState::absent) continue;
      ++image_.filled;
      const uint64_t home = (word >> placement_shift) * table_.range_lines >> placement_bits;
      image_.moved += home == i ? 0 : 1;
      image_.digest += slot_digest(shard_and_range, word);
    }
  }
}

std::span<const std::byte> ShardExport::next() {
  Line* to = copied_.data();
  const Line* const end = to + copied_.size();
  for (; to != end && next_range_ < geometry_.ranges(); ++next_range_, to += table_.range_lines) {
    copy_range(next_range_, to);
    count_range(next_range_, to);
  }
  return std::as_bytes(std::span<const Line>(copied_.data(), to));
}

ShardImage ShardExport::finish() {
  assert(next_range_ == geometry_.ranges());
  const Line& last = table_.lines[geometry_.ranges() * table_.range_lines];
  const auto* spill = reinterpret_cast<const Spill*>(last.slots[0].load());
  if (spill != nullptr) {
    spill->for_each([&](uint64_t range, uint64_t key, SlotState state) {
      image_.spilled.push_back({static_cast<uint32_t>(range), key | static_cast<uint64_t>(state)});
    });
  }
  return std::move(image_);
}

}  // namespace suppressd
