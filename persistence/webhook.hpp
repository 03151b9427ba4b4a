// How an account's provider proves what it tells: one record per account and provider. Secrets that
// only compare are kept as hashes; Mailgun's signing key has to be kept as it is, so the data
// directory must be guarded like its own secret. Bytes: webhook_codec.cpp. Thread safety: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/records.hpp"

namespace suppressd {

/// Stored in keys: frozen.
enum class WebhookProvider : uint8_t {
  ses = 1,
  sendgrid = 2,
  mailgun = 3,
  postmark = 4,
  dsn = 5,  // raw delivery reports of RFC 3464
  arf = 6,  // raw feedback reports of RFC 5965
};
inline constexpr std::array all_webhook_providers{
    WebhookProvider::ses,      WebhookProvider::sendgrid, WebhookProvider::mailgun,
    WebhookProvider::postmark, WebhookProvider::dsn,      WebhookProvider::arf};
std::string_view name_of(WebhookProvider provider);
std::optional<WebhookProvider> parse_webhook_provider(std::string_view name);
/// Whether what it sends is signed; of the others only the sender is proven.
constexpr bool signs(WebhookProvider provider) {
  return provider == WebhookProvider::ses || provider == WebhookProvider::sendgrid ||
         provider == WebhookProvider::mailgun;
}

inline constexpr size_t webhook_topics_max = 16;
inline constexpr size_t webhook_topic_octets_max = 512;
inline constexpr size_t webhook_user_octets_max = 128;
inline constexpr size_t webhook_secret_octets_min = 16, webhook_secret_octets_max = 1024;

/// What proves a delivery; which of it is used depends on the provider.
struct WebhookProof {
  std::vector<std::string> topics;  // ses: topics that are listened to
  std::string user;                 // postmark, dsn, arf: of basic auth; empty: a bearer token
  /// sendgrid: the public key, DER of its SubjectPublicKeyInfo. mailgun: the signing key. postmark,
  /// dsn, arf: SHA-256 of the password or token.
  std::string secret;
  bool operator==(const WebhookProof&) const = default;
};

struct WebhookConfig {
  AccountNumber account = platform_number;
  WebhookProvider provider = WebhookProvider::ses;
  WebhookProof proof;
  std::string secret_id;        // public; another one with every change of the proof
  bool feeds_platform = false;  // hard bounces enter the platform scope at once
  TimeMs changed_at = 0;
  std::string changed_by;
  bool operator==(const WebhookConfig&) const = default;
};

/// Account and provider are its key.
void encode(const WebhookConfig& record, std::string& out);
std::optional<WebhookConfig> decode_webhook(std::string_view key, std::string_view value);
std::string webhook_key(AccountNumber account, WebhookProvider provider);

}  // namespace suppressd
