// The keys of RocksDB's column families. Readable and ordered, so that lists come sorted and
// prefixes can be searched.
//
//   suppressions  scope: 4, big-endian | channel: 1 | canonical address
//   changes       sequence: 8, big-endian
//   accounts      account id
//   keys          key id
//   idempotency   day since 1970: 4, big-endian | the caller's idempotency key
//   default       "meta"
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "persistence/bytes.hpp"
#include "persistence/records.hpp"

namespace suppressd {

inline constexpr std::string_view meta_key = "meta";
inline constexpr size_t suppression_key_head = 5;  // octets before the address

inline void append_suppression_key(AccountNumber scope, Channel channel, std::string_view address,
                                   std::string& out) {
  ByteWriter to(out);
  to.u32(scope);
  to.u8(static_cast<uint8_t>(channel));
  to.raw(address);
}

inline std::string suppression_key(AccountNumber scope, Channel channel, std::string_view address) {
  std::string key;
  key.reserve(suppression_key_head + address.size());
  append_suppression_key(scope, channel, address, key);
  return key;
}

/// A key taken apart; `address` is a view into it.
struct SuppressionKey {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string_view address;
};
/// False when the bytes are no such key.
inline bool parse_suppression_key(std::string_view key, SuppressionKey& into) {
  ByteReader from(key);
  into.scope = from.u32();
  uint8_t channel = from.u8();
  into.channel = static_cast<Channel>(channel);
  into.address = from.raw(from.left());
  return from.good() && !into.address.empty() &&
         (into.channel == Channel::email || into.channel == Channel::phone);
}

inline std::string change_key(uint64_t sequence) {
  std::string key;
  ByteWriter(key).u64(sequence);
  return key;
}

inline constexpr TimeMs day_ms = 24ull * 60 * 60 * 1000;

inline std::string idempotency_key(uint64_t day, std::string_view key) {
  std::string out;
  ByteWriter to(out);
  to.u32(static_cast<uint32_t>(day));
  to.raw(key);
  return out;
}

}  // namespace suppressd
