// A table file of RocksDB (block-based, format versions 4 and 5) read without RocksDB: for loading,
// its iterators cost several times what decompressing, hashing and putting a row does.
//
//   file     data block, trailer | … | other blocks | footer: 53
//   trailer  compression: 1 | checksum of block and compression: 4
//   footer   kind of checksum: 1 | handles of metaindex and index, padded to 40 | version: 4
//            | magic: 8           (a handle is offset and size without the trailer, varints)
//   block    row… | restart offsets: 4 each | their number: 4
//   row      shared | more | value octets: varints | key octets after the shared ones | value
//            the index's values are handles without a length
//   key      user key | sequence and kind: 8
//
// Nothing is trusted: whatever is not as drawn throws TableUnreadable, and whoever loads from tables
// proves the outcome. All integers are little-endian.
// Thread safety: immutable once opened; any thread reads.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/data_directory.hpp"

namespace suppressd {

/// The file is of a kind that is not known here, or damaged: ask RocksDB.
struct TableUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class TableFile {
 public:
  struct Block {
    uint64_t offset = 0;
    uint64_t bytes = 0;  // without the trailer
  };
  static constexpr size_t trailer_bytes = 5;

  /// Reads the index.
  explicit TableFile(const std::filesystem::path& path);

  /// Data blocks in key order; each begins where the one before ends.
  const std::vector<Block>& blocks() const { return blocks_; }
  /// The octets of blocks [first, last), trailers included.
  void read(size_t first, size_t last, std::string& into) const;

 private:
  std::string read_at(uint64_t offset, uint64_t bytes) const;
  void parse_index(std::string_view index);

  FileHandle file_;
  uint64_t file_bytes_ = 0;
  std::vector<Block> blocks_;
};

/// A block as stored, with its trailer, checked and decompressed. The view is into one of the two.
std::string_view open_block(std::string_view stored, std::string& scratch);

/// Takes a block's rows one after the other.
class BlockRows {
 public:
  enum class Kind : uint8_t { removed = 0, value = 1, removed_once = 7 };

  /// `key` is scratch space; of the block before it may hold anything.
  BlockRows(std::string_view block, std::string& key);

  bool next();
  std::string_view user_key() const { return {key_.data(), key_.size() - key_tail_bytes}; }
  Kind kind() const { return static_cast<Kind>(key_[key_.size() - key_tail_bytes]); }
  std::string_view value() const { return value_; }

 private:
  static constexpr size_t key_tail_bytes = 8;

  const char* at_;
  const char* end_;
  std::string& key_;
  std::string_view value_;
};

}  // namespace suppressd
