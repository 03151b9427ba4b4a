// The header of an image: numbers to octets and back, and which files are refused for theirs.
#include <fcntl.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "persistence/bytes.hpp"
#include "persistence/image.hpp"

namespace suppressd {
namespace {

static_assert(std::endian::native == std::endian::little, "lines are stored as they lie in memory");
static_assert((uint64_t{1} << shard_and_range_bits) / image_shards_max * sizeof(Line) %
                  image_block_bytes ==
              0);

constexpr std::string_view magic = "suppimg1";
constexpr size_t fixed_bytes = 68, part_bytes = 60, checksum_bytes = 8;

size_t header_bytes(uint32_t shards) {
  return Image::whole_blocks(fixed_bytes + shards * part_bytes + checksum_bytes);
}

std::string_view text_of(const SecretId& secret) {
  return {reinterpret_cast<const char*>(secret.data()), secret.size()};
}

bool usable_count(uint32_t shards) {
  return std::has_single_bit(shards) && shards <= image_shards_max;
}

/// All of [0, octets) of a file, or nothing.
std::string read_head(const FileHandle& file, size_t octets) {
  std::string head(octets, '\0');
  const ssize_t length = ::pread(file.get(), head.data(), head.size(), 0);
  return length == static_cast<ssize_t>(octets) ? head : "";
}

}  // namespace

uint64_t Image::whole_blocks(uint64_t bytes) {
  return (bytes + image_block_bytes - 1) / image_block_bytes * image_block_bytes;
}

uint64_t Image::line_bytes(uint64_t range_lines) const {
  const uint64_t ranges = (uint64_t{1} << shard_and_range_bits) / parts_.size();
  return ranges * range_lines * sizeof(Line);
}

uint64_t Image::part_end(const Part& part) const {
  return part.offset + line_bytes(part.shard.range_lines) +
         whole_blocks(part.spilled * spilled_bytes);
}

std::string Image::encode_header() const {
  std::string block;
  ByteWriter to(block);
  to.raw(magic);
  to.u32(image_version);
  to.u32(set_layout_version);
  to.u32(digest_version);
  to.u32(origin_.normalizer);
  to.raw(text_of(origin_.secret));
  to.u64(origin_.sequence);
  to.u64(entries_);
  to.u64(bytes_);
  to.u32(static_cast<uint32_t>(parts_.size()));
  for (const Part& part : parts_) {
    to.u64(part.offset);
    to.u32(static_cast<uint32_t>(part.shard.range_lines));
    to.u64(part.shard.filled);
    to.u64(part.shard.moved);
    to.u64(part.spilled);
    to.u64(part.shard.digest.high);
    to.u64(part.shard.digest.low);
    to.u64(part.checksum);
  }
  block.resize(header_bytes(static_cast<uint32_t>(parts_.size())) - checksum_bytes);
  to.u64(XXH3_64bits(block.data(), block.size()));
  return block;
}

/// What makes the header unusable; empty when nothing does.
std::string Image::decode_header(const FileHandle& file, uint64_t file_bytes) {
  const std::string first = read_head(file, fixed_bytes);
  if (!first.starts_with(magic)) return "it is not an image";
  ByteReader fixed(std::string_view(first).substr(magic.size()));
  if (const uint32_t version = fixed.u32(); version != image_version) {
    return "it has image version " + std::to_string(version) + ", not " +
           std::to_string(image_version);
  }
  const uint32_t layout = fixed.u32(), digests = fixed.u32();
  origin_.normalizer = fixed.u32();
  std::memcpy(origin_.secret.data(), fixed.raw(origin_.secret.size()).data(),
              origin_.secret.size());
  origin_.sequence = fixed.u64();
  entries_ = fixed.u64();
  bytes_ = fixed.u64();
  const uint32_t shards = fixed.u32();
  const std::string block =
      usable_count(shards) ? read_head(file, header_bytes(shards)) : std::string();
  if (block.size() < checksum_bytes) return "its header is damaged";
  const std::string_view covered = std::string_view(block).substr(0, block.size() - checksum_bytes);
  ByteReader checksum(std::string_view(block).substr(covered.size()));
  if (checksum.u64() != XXH3_64bits(covered.data(), covered.size())) return "its header is damaged";
  if (layout != set_layout_version || digests != digest_version) {
    return "its lines have another layout";
  }
  return decode_parts(covered.substr(fixed_bytes), shards, file_bytes);
}

std::string Image::decode_parts(std::string_view bytes, uint32_t shards, uint64_t file_bytes) {
  ByteReader from(bytes);
  parts_.resize(shards);
  uint64_t end = header_bytes(shards);
  for (Part& part : parts_) {
    part.offset = from.u64();
    part.shard.range_lines = from.u32();
    part.shard.filled = from.u64();
    part.shard.moved = from.u64();
    part.spilled = from.u64();
    part.shard.digest.high = from.u64();
    part.shard.digest.low = from.u64();
    part.checksum = from.u64();
    if (part.offset != end || part.shard.range_lines == 0 ||
        part.shard.range_lines > range_lines_max || part.spilled > bytes_ / spilled_bytes) {
      return "its header contradicts itself";
    }
    end = part_end(part);
  }
  if (end != bytes_) return "its header contradicts itself";
  if (file_bytes != bytes_) {
    return "it has " + std::to_string(file_bytes) + " bytes, not " + std::to_string(bytes_);
  }
  return "";
}

std::optional<Image> Image::open(const std::filesystem::path& path, std::string& refusal) {
  refusal.clear();
  Image image;
  image.file_ = FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!image.file_.open()) {
    if (errno != ENOENT) refusal = std::string("it cannot be opened: ") + std::strerror(errno);
    return std::nullopt;
  }
  ::posix_fadvise(image.file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // reads ahead twice as far
  const off_t file_bytes = ::lseek(image.file_.get(), 0, SEEK_END);
  refusal = image.decode_header(image.file_, static_cast<uint64_t>(file_bytes));
  if (!refusal.empty()) return std::nullopt;
  return image;
}

}  // namespace suppressd
