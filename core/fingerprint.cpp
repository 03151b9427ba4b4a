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

constexpr Fingerprint marked(const XXH128_hash_t& hash, Channel channel) {
  const auto number = static_cast<uint64_t>(channel);
  return {hash.high64 ^ (number * channel_mark_high), hash.low64 ^ (number * channel_mark_low)};
}

/// Told the range of sizes, and to inline everything, the compiler leaves of XXH3 what that range
/// needs.
template <size_t size_min, size_t size_max>
[[gnu::flatten]] void hash_emails(const std::byte* secret, const char* text,
                                  std::span<const EmailPiece> emails, Fingerprint* rows) {
  for (const EmailPiece email : emails) {
    const size_t size = email.size;
    if (size < size_min || size > size_max) __builtin_unreachable();
    rows[email.row] =
        marked(XXH3_128bits_withSecret(text + email.begin, size, secret, fingerprint_secret_bytes),
               Channel::email);
  }
}

}  // namespace

FingerprintKey::FingerprintKey(std::span<const std::byte, fingerprint_secret_bytes> secret) {
  std::copy(secret.begin(), secret.end(), secret_.begin());
}

Fingerprint FingerprintKey::operator()(const CanonicalAddress& address) const {
  const std::string_view text = address.text();
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret_.data(), secret_.size());
  return marked(hash, address.channel());
}

void FingerprintKey::emails_17_to_32(const char* text, std::span<const EmailPiece> emails,
                                     Fingerprint* rows) const {
  hash_emails<17, 32>(secret_.data(), text, emails, rows);
}

void FingerprintKey::emails_33_to_64(const char* text, std::span<const EmailPiece> emails,
                                     Fingerprint* rows) const {
  hash_emails<33, 64>(secret_.data(), text, emails, rows);
}

}  // namespace suppressd
