// The image: the set's lines in a file, so that a start reads them at the speed of the disk instead
// of scanning the store. It is a shortcut and nothing else: the store holds everything, an image
// that cannot be proven is deleted, and a start without one is only slower.
//
//   block    header, a multiple of 4096 octets; numbers are big-endian
//            "suppimg1" | image version: 4 | set layout version: 4 | digest version: 4
//            | normalizer version: 4 | secret id: 16 | sequence: 8 | entries: 8 | octets of the
//            file: 8 | shards: 4 | shards described: 60 octets each | zeros
//            | XXH3-64 of all that: 8
//   shard    offset: 8 | lines of each range: 4 | filled: 8 | moved: 8 | spilled entries: 8
//            | digest: 16 | XXH3-64 of the shard's octets: 8
//   then     for each shard its lines as they lie in memory (little-endian words), then its spilled
//            entries (range: 8 | slot: 8, little-endian), zeros to a multiple of 4096
//
// Everything is covered by a checksum and every octet by exactly one, so a file that was torn, cut,
// grown or altered is noticed. It says whose it is: the secret, the normalizer and the layouts that
// its slots depend on. It holds the state of `sequence` or later, entry by entry
// (core/set_image.hpp): whoever replays all changes after `sequence` has the state of now.
//
// Writing goes to a neighbor file that is synced and renamed, so a crash leaves the old image or
// the new one; it holds about a MiB of memory whatever the set's size, and stops early rather than
// filling the disk. Reading goes through the page cache, a sequential stream a thread: past it
// (O_DIRECT) was slower from this disk in every size of piece tried.
// Thread safety: write_image() in any one thread beside the set's writer; the rest before the set
// is shared. Errors: as values; a refusal is a sentence that names no address.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/suppression_set.hpp"
#include "persistence/codec.hpp"
#include "persistence/data_directory.hpp"

namespace suppressd {

/// Raised whenever the drawing above changes.
inline constexpr uint32_t image_version = 1;
inline constexpr size_t image_block_bytes = 4096;
inline constexpr uint32_t image_shards_max = 1024;  // so that a shard's lines fill whole blocks
/// Writing an image leaves at least this much of the disk to the store, or does not begin.
inline constexpr uint64_t image_disk_left_bytes_min = 256ull << 20;

/// Whose lines they are, and as of when.
struct ImageOrigin {
  SecretId secret{};
  uint32_t normalizer = 0;
  uint64_t sequence = 0;  // every change up to this one is in the lines
};

struct ImageWritten {
  bool written = false;
  uint64_t bytes = 0;
  std::string failure;  // why not, when not; the image that was there before stays
};
/// Whether the written file stays in the page cache: for a restart that follows at once it should,
/// beside a running store it would only push out what the store reads.
enum class ImageCaching : uint8_t { keep, drop };
/// Writes the set's lines. Every change up to origin.sequence must be in the set already. Asked
/// about every MiB, `go_on` ends it early with false. Precondition: the set has at most
/// image_shards_max shards.
ImageWritten write_image(const std::filesystem::path& path, const SuppressionSet& set,
                         const ImageOrigin& origin, ImageCaching caching,
                         const std::function<bool()>& go_on);
/// What a writing that was cut off left behind.
void remove_unfinished_image(const std::filesystem::path& path);

class Image {
 public:
  /// Reads and proves the header. nullopt when there is no file (then `refusal` is empty) or it is
  /// none that this suppressd can use.
  static std::optional<Image> open(const std::filesystem::path& path, std::string& refusal);

  /// `bytes` rounded up to whole blocks.
  static uint64_t whole_blocks(uint64_t bytes);

  const ImageOrigin& origin() const { return origin_; }
  uint64_t entries() const { return entries_; }
  uint64_t bytes() const { return bytes_; }

  /// Fills the empty set. `progress` is raised to `progress_end` as it goes. False, with a
  /// sentence, when the file is not what its header says; then the set is empty again. Throws
  /// std::bad_alloc.
  bool load(SuppressionSet& set, unsigned threads, std::atomic<double>& progress,
            double progress_end, std::string& refusal) const;

 private:
  friend class ImageFileWriter;
  friend class ImageLoading;
  /// One shard's numbers and where its octets lie.
  struct Part {
    uint64_t offset = 0;
    ShardImage shard;  // `spilled` stays empty
    uint64_t spilled = 0;
    uint64_t checksum = 0;
  };
  /// A spilled entry in the file: its range and its slot.
  static constexpr size_t spilled_bytes = 2 * sizeof(uint64_t);

  std::string encode_header() const;
  std::string decode_header(const FileHandle& file, uint64_t file_bytes);
  std::string decode_parts(std::string_view bytes, uint32_t shards, uint64_t file_bytes);
  uint64_t line_bytes(uint64_t range_lines) const;
  uint64_t part_end(const Part& part) const;

  FileHandle file_;
  ImageOrigin origin_;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
  std::vector<Part> parts_;
};

}  // namespace suppressd
