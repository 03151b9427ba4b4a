// The set's lines as bytes: copied out shard by shard while the writer goes on (ShardExport), and
// taken back into an empty set (SuppressionSet::begin_import, finish_import). Who writes the bytes
// to a file, proves them with checksums and replays changes is not told here.
//
// What an export is. Each range of lines is copied as it was at some moment between the export's
// construction and its end; different ranges, and the spilled entries, at different moments. So:
//  1. An entry that nobody changed meanwhile is in it exactly once.
//  2. An entry that was changed meanwhile is in it in its old state, a newer one, or not at all.
// Whoever puts every change since the construction (in its order, into the imported set) ends with
// the state of now, whatever the export caught: a put says the final state, not a difference.
//
// How it keeps out of the writer's way. A shard counts `changes`: odd while a put alters lines.
// Each range is copied and, if the count moved meanwhile or was odd, copied again. The lines
// themselves are held by an epoch, like a check's: after a growth the copy goes on over the old
// lines, which no longer change. The writer pays two stores a put, and the memory of a growth is
// given back only after the export of that one shard.
//
// Only for sets of the default number of places: shards * ranges = 2^shard_and_range_bits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/digest.hpp"
#include "core/set_epoch.hpp"
#include "core/set_layout.hpp"

namespace suppressd {

class Spill;

/// All of a shard but its lines. Stored with them: what is not fixed by set_layout_version is a
/// number.
struct ShardImage {
  /// An entry that found no slot in its lines: its range, and the slot word it would have.
  struct Spilled {
    uint32_t range;
    uint64_t slot;
    bool operator==(const Spilled&) const = default;
  };

  uint64_t range_lines = 0;  // lines of each range
  uint64_t filled = 0;       // entries in lines
  uint64_t moved = 0;        // of these, entries that are not in their home line
  Digest digest = {};        // of the entries in lines; the spilled ones are not in it
  std::vector<Spilled> spilled = {};
};

/// Copies one shard. Any thread; holds one of the set's readers_max places while it lives.
class ShardExport {
 public:
  /// SuppressionSet::export_shard() calls this.
  ShardExport(Epochs& epochs, Geometry geometry, uint32_t shard,
              const std::atomic<uint64_t>& directory_word, const std::atomic<uint64_t>& changes);
  ~ShardExport();
  ShardExport(const ShardExport&) = delete;
  ShardExport& operator=(const ShardExport&) = delete;

  uint64_t range_lines() const { return table_.range_lines; }
  /// Of all lines: what next() gives in the end.
  uint64_t bytes() const { return geometry_.ranges() * table_.range_lines * sizeof(Line); }

  /// The next lines in their order, about a MiB; empty when all were given. Valid until the next
  /// call. Waits while the writer grows this very shard.
  std::span<const std::byte> next();
  /// The numbers of what next() gave. Precondition: it gave everything.
  ShardImage finish();

 private:
  void copy_range(uint64_t range, Line* to) const;
  void count_range(uint64_t range, const Line* lines);

  Epochs& epochs_;
  Epoch& epoch_;
  const Geometry geometry_;
  const uint32_t shard_;
  const std::atomic<uint64_t>& changes_;
  Table table_;
  uint64_t next_range_ = 0;
  std::vector<Line> copied_;
  ShardImage image_;
};

}  // namespace suppressd
