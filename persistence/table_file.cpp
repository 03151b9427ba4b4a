#include "persistence/table_file.hpp"

#include <fcntl.h>
#include <lz4.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr size_t footer_bytes = 53, handles_bytes = 40;
constexpr uint64_t magic = 0x88e241b785f4cff7;
constexpr uint8_t checksum_xxh3 = 4;
constexpr uint8_t compression_none = 0, compression_lz4 = 4;
constexpr uint32_t version_min = 4, version_max = 5;
/// Far above what the store writes; bounds what a damaged length can ask for.
constexpr uint64_t block_bytes_max = 64 << 20;

[[noreturn]] void unreadable(const char* what) {
  throw TableUnreadable(what);
}

template <class Integer>
Integer load(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

TableFile::Block read_handle(ByteReader& from) {
  TableFile::Block handle;
  handle.offset = from.varint();
  handle.bytes = from.varint();
  return handle;
}

/// A varint of at most 32 bits; moves `at` behind it.
uint32_t read_varint(const char*& at, const char* end) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 32 && at != end; shift += 7) {
    const auto octet = static_cast<uint8_t>(*at++);
    value |= static_cast<uint32_t>(octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  unreadable("a number in a table");
}

/// A block's rows without the restart offsets behind them.
std::string_view rows_of(std::string_view block) {
  if (block.size() < sizeof(uint32_t)) unreadable("a block's end");
  const uint64_t restarts = load<uint32_t>(block.data() + block.size() - sizeof(uint32_t));
  if ((restarts + 1) * sizeof(uint32_t) > block.size()) unreadable("a block's restarts");
  return block.substr(0, block.size() - (restarts + 1) * sizeof(uint32_t));
}

}  // namespace

std::string TableFile::read_at(uint64_t offset, uint64_t bytes) const {
  if (bytes > file_bytes_ || offset > file_bytes_ - bytes) unreadable("a place in a table");
  std::string octets(bytes, '\0');
  size_t done = 0;
  while (done < bytes) {
    const ssize_t length =
        ::pread(file_.get(), octets.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) unreadable("a read of a table");
    done += static_cast<size_t>(length);
  }
  return octets;
}

TableFile::TableFile(const std::filesystem::path& path)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  const off_t end = file_.open() ? ::lseek(file_.get(), 0, SEEK_END) : -1;
  if (end < static_cast<off_t>(footer_bytes)) unreadable("a table's file");
  file_bytes_ = static_cast<uint64_t>(end);
  const std::string footer = read_at(file_bytes_ - footer_bytes, footer_bytes);
  const auto version = load<uint32_t>(footer.data() + 1 + handles_bytes);
  if (load<uint64_t>(footer.data() + footer_bytes - sizeof magic) != magic ||
      static_cast<uint8_t>(footer[0]) != checksum_xxh3 || version < version_min ||
      version > version_max) {
    unreadable("a table's footer");
  }
  ByteReader handles(std::string_view(footer).substr(1, handles_bytes));
  read_handle(handles);  // of the metaindex
  const Block index = read_handle(handles);
  if (!handles.good() || index.bytes > file_bytes_) unreadable("a table's index");
  const std::string stored = read_at(index.offset, index.bytes + trailer_bytes);
  std::string scratch;
  parse_index(open_block(stored, scratch));
}

void TableFile::parse_index(std::string_view index) {
  ByteReader from(rows_of(index));
  uint64_t next = 0;
  while (from.left() != 0) {
    // Every row of the index is a restart, so keys and handles are whole.
    const uint64_t shared = from.varint(), more = from.varint();
    if (shared != 0) unreadable("a row of an index");
    from.raw(more);
    const Block block = read_handle(from);
    if (!from.good() || block.offset != next || block.bytes > block_bytes_max) {
      unreadable("a handle of an index");
    }
    next = block.offset + block.bytes + trailer_bytes;
    blocks_.push_back(block);
  }
  if (!from.finished() || next > file_bytes_) unreadable("an index");
}

void TableFile::read(size_t first, size_t last, std::string& into) const {
  const Block& end = blocks_[last - 1];
  into = read_at(blocks_[first].offset,
                 end.offset + end.bytes + trailer_bytes - blocks_[first].offset);
}

std::string_view open_block(std::string_view stored, std::string& scratch) {
  constexpr uint32_t last_octet_factor = 0x6b9083d9;
  const std::string_view block = stored.substr(0, stored.size() - TableFile::trailer_bytes);
  const char* trailer = block.data() + block.size();
  const auto compression = static_cast<uint8_t>(*trailer);
  const auto checksum = static_cast<uint32_t>(XXH3_64bits(block.data(), block.size())) ^
                        compression * last_octet_factor;
  if (checksum != load<uint32_t>(trailer + 1)) unreadable("a block's checksum");
  if (compression == compression_none) return block;
  if (compression != compression_lz4) unreadable("a block's compression");
  const char* at = block.data();
  const char* const end = at + block.size();
  const uint32_t bytes = read_varint(at, end);
  if (bytes > block_bytes_max) unreadable("a block's size");
  if (scratch.size() < bytes) scratch.resize(bytes);
  if (LZ4_decompress_safe(at, scratch.data(), static_cast<int>(end - at),
                          static_cast<int>(bytes)) != static_cast<int>(bytes)) {
    unreadable("a compressed block");
  }
  return std::string_view(scratch).substr(0, bytes);
}

BlockRows::BlockRows(std::string_view block, std::string& key) : key_(key) {
  const std::string_view rows = rows_of(block);
  at_ = rows.data();
  end_ = at_ + rows.size();
  key_.clear();
}

bool BlockRows::next() {
  if (at_ == end_) return false;
  const uint32_t shared = read_varint(at_, end_), more = read_varint(at_, end_);
  const uint64_t value_bytes = read_varint(at_, end_);
  if (shared > key_.size() || more + value_bytes > static_cast<uint64_t>(end_ - at_) ||
      shared + uint64_t{more} < key_tail_bytes) {
    unreadable("a row of a block");
  }
  key_.resize(shared);
  key_.append(at_, more);
  at_ += more;
  value_ = {at_, value_bytes};
  at_ += value_bytes;
  return true;
}

}  // namespace suppressd
