// Writing and reading the primitive parts of stored records: fixed integers, varints (LEB128, seven
// bits a byte, low group first) and length-prefixed strings.
//
// The reader trusts nothing: past the end, a varint that is too large or longer than it need be, or
// a length beyond what is left, it turns bad for good and yields zeros and empty strings. Decoders
// check finished() once at the end.
// Thread safety: values; none shared.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace suppressd {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  /// Big-endian, so that keys sort as numbers do.
  void u32(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) u8(static_cast<uint8_t>(value >> shift));
  }
  void u64(uint64_t value) {
    u32(static_cast<uint32_t>(value >> 32));
    u32(static_cast<uint32_t>(value));
  }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<uint8_t>(value | 0x80));
    u8(static_cast<uint8_t>(value));
  }
  void raw(std::string_view octets) { out_.append(octets); }
  void text(std::string_view octets) {
    varint(octets.size());
    raw(octets);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8() {
    std::string_view octet = raw(1);
    return octet.empty() ? uint8_t{0} : static_cast<uint8_t>(octet[0]);
  }
  uint32_t u32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8) | u8();
    return value;
  }
  uint64_t u64() {
    uint64_t high = u32();
    return (high << 32) | u32();
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      uint8_t octet = u8();
      if ((shift == 63 && octet > 1) || (shift != 0 && octet == 0)) break;
      value |= static_cast<uint64_t>(octet & 0x7f) << shift;
      if (octet < 0x80) return good_ ? value : 0;
    }
    spoil();
    return 0;
  }
  std::string_view raw(size_t octets) {
    if (octets > rest_.size()) {
      spoil();
      return {};
    }
    std::string_view head = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return head;
  }
  std::string_view text() {
    uint64_t octets = varint();
    if (octets > rest_.size()) spoil();
    return good_ ? raw(static_cast<size_t>(octets)) : std::string_view();
  }

  void spoil() {
    good_ = false;
    rest_ = {};
  }
  bool good() const { return good_; }
  size_t left() const { return rest_.size(); }
  /// Everything was there, and nothing more.
  bool finished() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace suppressd
