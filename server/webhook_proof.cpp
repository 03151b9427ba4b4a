#include "server/webhook_proof.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

#include <charconv>

#include "server/media_type.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {
namespace {

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

constexpr std::string_view realm = "Basic realm=\"suppressd webhook\"";

/// The credentials of basic auth as "user:password"; nullopt when it is none.
std::optional<std::string> basic_credentials(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (to_lower(authorization.substr(0, scheme.size())) != scheme) return std::nullopt;
  return decode_base64(authorization.substr(scheme.size()));
}

bool sender_is_proven(const WebhookConfig& config, std::string_view authorization) {
  const WebhookProof& proof = config.proof;
  if (proof.secret.empty() || authorization.size() > 2 * webhook_secret_octets_max) return false;
  if (proof.user.empty()) {
    constexpr std::string_view scheme = "bearer ";
    if (to_lower(authorization.substr(0, scheme.size())) != scheme) return false;
    return equal_secrets(sha256(authorization.substr(scheme.size())), proof.secret);
  }
  const auto credentials = basic_credentials(authorization);
  if (!credentials) return false;
  const size_t colon = std::min(credentials->find(':'), credentials->size());
  const std::string user = credentials->substr(0, colon);
  const std::string password = credentials->substr(std::min(colon + 1, credentials->size()));
  // Both are compared, whatever the first one says.
  const bool right_user = equal_secrets(sha256(user), sha256(proof.user));
  const bool right_password = equal_secrets(sha256(password), proof.secret);
  return right_user && right_password;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string octets(text.size(), '\0');
  size_t size = 0;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(octets.data()), octets.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0) return std::nullopt;
  octets.resize(size);
  return octets;
}

std::optional<std::string> decode_hex(std::string_view text) {
  std::string octets(text.size() / 2, '\0');
  size_t size = 0;
  const int failed = sodium_hex2bin(reinterpret_cast<unsigned char*>(octets.data()), octets.size(),
                                    text.data(), text.size(), nullptr, &size, nullptr);
  if (failed != 0 || 2 * size != text.size()) return std::nullopt;
  return octets;
}

std::string encode_hex(std::string_view octets) {
  std::string text(2 * octets.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), octets_of(octets), octets.size());
  text.pop_back();
  return text;
}

std::string sha256(std::string_view text) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(octets_of(text), text.size(), reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string code(SHA256_DIGEST_LENGTH, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(text), text.size(),
       reinterpret_cast<unsigned char*>(code.data()), &size);
  return code;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

PublicKey read_p256_key(std::string_view der) {
  const unsigned char* at = octets_of(der);
  PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != octets_of(der) + der.size() || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) {
    return nullptr;
  }
  char group[32];
  size_t size = 0;
  const int found = EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, group,
                                                   sizeof(group), &size);
  if (found != 1 || std::string_view(group, size) != "prime256v1") return nullptr;
  return key;
}

bool signature_holds(EVP_PKEY* key, const EVP_MD* digest, std::string_view signature,
                     std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), octets_of(text),
                          text.size()) == 1;
}

bool fresh(TimeMs signed_at, TimeMs now, std::chrono::minutes age_max) {
  const auto in_ms = [](std::chrono::minutes span) {
    return static_cast<TimeMs>(std::chrono::milliseconds(span).count());
  };
  return signed_at <= now + in_ms(clock_skew_max) && now <= signed_at + in_ms(age_max);
}

std::optional<TimeMs> parse_unix_seconds(std::string_view text) {
  uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr uint64_t seconds_max = 253'402'300'799;  // the end of the year 9999
  if (error != std::errc() || end != text.data() + text.size() || seconds > seconds_max) {
    return std::nullopt;
  }
  return seconds * 1000;
}

std::string_view field_of(const Fields& fields, std::string_view name) {
  for (const auto& [one, value] : fields) {
    if (one == name) return value;
  }
  return {};
}

bool sender_is_proven(const WebhookConfig& config, const RequestHead& head) {
  return sender_is_proven(config, head.field("authorization").value_or(""));
}

std::optional<Problem> prove_sender(const WebhookDelivery& delivery, SnsClient*, Proven& proven) {
  if (!sender_is_proven(delivery.config, field_of(delivery.fields, "authorization"))) {
    return webhook_unproven_problem(delivery.config.provider);
  }
  proven.payload = delivery.body;
  return std::nullopt;
}

Problem webhook_unproven_problem(WebhookProvider provider) {
  Problem problem{signs(provider) ? 403 : 401,
                  "webhook-unproven",
                  "This delivery is not proven to be the provider's.",
                  "The account has no such webhook, or the signature, password or token is missing "
                  "or wrong.",
                  {},
                  {},
                  {}};
  if (!signs(provider)) problem.fields.emplace_back("WWW-Authenticate", realm);
  return problem;
}

Problem webhook_stale_problem() {
  return {403,
          "webhook-stale",
          "This delivery was signed too long ago, or ahead of time.",
          "Signatures are taken for a while only: a repetition of an old one may be forged. Is the "
          "clock right?",
          {},
          {},
          {}};
}

Problem webhook_payload_problem(std::string detail) {
  return {400, "webhook-payload", "This is not what the provider sends.", std::move(detail), {}, {},
          {}};
}

WebhookEvent::What event_of(BounceClass bounce) {
  switch (bounce) {
    case BounceClass::hard:
      return WebhookEvent::What::hard;
    case BounceClass::hard_confirmed:
      return WebhookEvent::What::hard_confirmed;
    case BounceClass::blocked:
      return WebhookEvent::What::blocked;
    case BounceClass::soft:
      break;
  }
  return WebhookEvent::What::soft;
}

}  // namespace suppressd
