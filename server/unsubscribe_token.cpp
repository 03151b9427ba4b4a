#include "server/unsubscribe_token.hpp"

#include <sodium.h>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t token_version = 1;
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr size_t nonce_octets = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t proof_octets = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t head_octets = 1 + nonce_octets;
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32);

unsigned char* octets_of(std::string& text, size_t at = 0) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}
const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode_target(const UnsubscribeTarget& target) {
  std::string plain;
  ByteWriter to(plain);
  to.varint(target.account);
  to.u8(static_cast<uint8_t>(target.channel));
  to.varint(target.expires);
  to.text(target.list);
  to.text(target.address);
  return plain;
}

std::optional<UnsubscribeTarget> decode_target(std::string_view plain) {
  UnsubscribeTarget target;
  ByteReader from(plain);
  target.account = static_cast<AccountNumber>(from.varint());
  target.channel = static_cast<Channel>(from.u8());
  target.expires = from.varint();
  target.list = from.text();
  target.address = from.text();
  const bool known = target.channel == Channel::email || target.channel == Channel::phone;
  if (!from.finished() || !known || target.address.empty()) return std::nullopt;
  return target;
}

}  // namespace

std::string UnsubscribeTokens::make(const UnsubscribeTarget& target) const {
  const std::string plain = encode_target(target);
  std::string whole(head_octets + plain.size() + proof_octets, '\0');
  whole[0] = static_cast<char>(token_version);
  randombytes_buf(octets_of(whole, 1), nonce_octets);
  crypto_aead_xchacha20poly1305_ietf_encrypt(octets_of(whole, head_octets), nullptr,
                                             octets_of(plain), plain.size(), octets_of(whole), 1,
                                             nullptr, octets_of(whole, 1), key_.data());
  std::string text(sodium_base64_encoded_len(whole.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), octets_of(whole), whole.size(), variant);
  text.pop_back();  // the 0 that ends it
  return text;
}

std::optional<UnsubscribeTarget> UnsubscribeTokens::read(std::string_view token) const {
  if (token.size() > unsubscribe_token_octets_max) return std::nullopt;
  std::string whole(token.size(), '\0');
  size_t size = 0;
  if (sodium_base642bin(octets_of(whole), whole.size(), token.data(), token.size(), nullptr, &size,
                        nullptr, variant) != 0 ||
      size < head_octets + proof_octets || static_cast<uint8_t>(whole[0]) != token_version) {
    return std::nullopt;
  }
  std::string plain(size - head_octets - proof_octets, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          octets_of(plain), nullptr, nullptr, octets_of(whole, head_octets), size - head_octets,
          octets_of(whole), 1, octets_of(whole, 1), key_.data()) != 0) {
    return std::nullopt;
  }
  return decode_target(plain);
}

}  // namespace suppressd
