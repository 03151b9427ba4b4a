// The token of a one-click unsubscribe (RFC 8058): says which account, address and list, and nobody
// but this data directory can read or make one. URLs end up in logs, so it is encrypted as well as
// authenticated: XChaCha20-Poly1305 with a key that follows from the directory's secret.
//
//   token    base64url, no padding, of: version 1: 1 | nonce: 24 | sealed
//   sealed   account: varint | channel: 1 | expires: varint, ms since 1970; 0: never
//            | list: text | address: text (varint length and octets), and 16 octets of proof
//
// The version is authenticated with it. Thread safety: immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"

namespace suppressd {

inline constexpr size_t unsubscribe_token_octets_max = 1024;
/// Of Store::derived_key(): another purpose makes all older tokens worthless.
inline constexpr std::string_view unsubscribe_token_purpose = "suppressd unsubscribe token 1";

struct UnsubscribeTarget {
  AccountNumber account = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical
  std::string list;     // at most campaign_octets_max
  TimeMs expires = 0;   // 0: never
  bool operator==(const UnsubscribeTarget&) const = default;
};

class UnsubscribeTokens {
 public:
  explicit UnsubscribeTokens(const std::array<uint8_t, 32>& key) : key_(key) {}
  std::string make(const UnsubscribeTarget& target) const;
  /// nullopt unless make() of the same directory made it. Whether it is over is the caller's to see.
  std::optional<UnsubscribeTarget> read(std::string_view token) const;

 private:
  const std::array<uint8_t, 32> key_;
};

}  // namespace suppressd
