// What proofs are made of: encodings, signatures, comparisons whose time tells nothing. Thread
// safety: pure functions.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"
#include "server/webhook.hpp"

namespace suppressd {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, KeyFree>;

/// Of the alphabet with '+' and '/', padded; nullopt for anything else.
std::optional<std::string> decode_base64(std::string_view text);
/// Lower or upper case; nullopt for anything else.
std::optional<std::string> decode_hex(std::string_view text);
std::string encode_hex(std::string_view octets);
std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
/// In a time that does not depend on where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

/// A public key of P-256 from the DER of its SubjectPublicKeyInfo; null when it is none.
PublicKey read_p256_key(std::string_view der);
/// `digest` is EVP_sha256() or EVP_sha1().
bool signature_holds(EVP_PKEY* key, const EVP_MD* digest, std::string_view signature,
                     std::string_view text);

/// Within `age_max` before now, and not further ahead than clocks differ.
bool fresh(TimeMs signed_at, TimeMs now, std::chrono::minutes age_max);
/// Whole seconds since 1970, as text; nullopt when it is no such number.
std::optional<TimeMs> parse_unix_seconds(std::string_view text);

std::string_view field_of(const Fields& fields, std::string_view name);

}  // namespace suppressd
