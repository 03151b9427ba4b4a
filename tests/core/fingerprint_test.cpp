#include "core/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace suppressd {
namespace {

FingerprintKey key_from(unsigned first) {
  std::array<std::byte, fingerprint_secret_bytes> secret;
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(first + i * 7);
  return FingerprintKey(secret);
}

Fingerprint of(const FingerprintKey& key, Channel channel, std::string_view text) {
  return key(CanonicalAddress::from_stored(channel, text));
}

}  // namespace

TEST_CASE("fingerprints are frozen for a given secret") {
  const FingerprintKey key = key_from(0);
  CHECK(of(key, Channel::email, "a@b.cd") == Fingerprint{0x007b0598e8c455fc, 0xfd30e7b6a18ae496});
  CHECK(of(key, Channel::email, "somebody@example.com") ==
        Fingerprint{0xdff4ad72acd8be21, 0x0ac8a7057959f0c0});
  CHECK(of(key, Channel::phone, "+380501234567") ==
        Fingerprint{0x302a6477d75649b5, 0x0cd45001b26da9bf});
  const std::string longest = std::string(64, 'l') + "@" + std::string(185, 'd') + ".org";
  CHECK(of(key, Channel::email, longest) == Fingerprint{0x3cdece4e76dd6095, 0x7c060b9759bad9e2});
}

TEST_CASE("secret, channel and text each change both halves of a fingerprint") {
  const FingerprintKey key = key_from(0);
  const Fingerprint first = of(key, Channel::email, "somebody@example.com");
  for (const Fingerprint& other : {of(key_from(1), Channel::email, "somebody@example.com"),
                                   of(key, Channel::phone, "somebody@example.com"),
                                   of(key, Channel::email, "somebodz@example.com")}) {
    CHECK(first.high != other.high);
    CHECK(first.low != other.low);
  }
}

}  // namespace suppressd
