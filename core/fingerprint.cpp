#include "core/fingerprint.hpp"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace suppressd {
namespace {

static_assert(fingerprint_secret_bytes >= XXH3_SECRET_SIZE_MIN);

/// Odd, so that the channels' marks differ in both halves. Frozen with the digest.
constexpr uint64_t channel_mark_high = 0xd6e8feb86659fd93;
constexpr uint64_t channel_mark_low = 0xa0761d6478bd642f;

}  // namespace

FingerprintKey::FingerprintKey(std::span<const std::byte, fingerprint_secret_bytes> secret) {
  std::copy(secret.begin(), secret.end(), secret_.begin());
}

Fingerprint FingerprintKey::operator()(const CanonicalAddress& address) const {
  const std::string_view text = address.text();
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret_.data(), secret_.size());
  const auto channel = static_cast<uint64_t>(address.channel());
  return {hash.high64 ^ (channel * channel_mark_high), hash.low64 ^ (channel * channel_mark_low)};
}

}  // namespace suppressd
