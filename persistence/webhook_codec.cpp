// Integers are varints unless a width is given; text is a varint length and its octets.
//
//   webhooks   account: 4 | provider: 1                                       → the record
//     record   version 1 | topics | topic: text... | user: text | secret: text | secret_id: text
//              | feeds_platform: 1 | changed_at | changed_by: text
#include "persistence/bytes.hpp"
#include "persistence/webhook.hpp"

namespace suppressd {
namespace {

constexpr uint8_t record_version = 1;

struct ProviderName {
  WebhookProvider provider;
  std::string_view name;
};
constexpr std::array provider_names{
    ProviderName{WebhookProvider::ses, "ses"},
    ProviderName{WebhookProvider::sendgrid, "sendgrid"},
    ProviderName{WebhookProvider::mailgun, "mailgun"},
    ProviderName{WebhookProvider::postmark, "postmark"},
    ProviderName{WebhookProvider::dsn, "dsn"},
    ProviderName{WebhookProvider::arf, "arf"},
};
static_assert(provider_names.size() == all_webhook_providers.size());

}  // namespace

std::string_view name_of(WebhookProvider provider) {
  for (const ProviderName& one : provider_names) {
    if (one.provider == provider) return one.name;
  }
  return "";
}

std::optional<WebhookProvider> parse_webhook_provider(std::string_view name) {
  for (const ProviderName& one : provider_names) {
    if (one.name == name) return one.provider;
  }
  return std::nullopt;
}

std::string webhook_key(AccountNumber account, WebhookProvider provider) {
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.u8(static_cast<uint8_t>(provider));
  return key;
}

void encode(const WebhookConfig& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.varint(record.proof.topics.size());
  for (const std::string& topic : record.proof.topics) to.text(topic);
  to.text(record.proof.user);
  to.text(record.proof.secret);
  to.text(record.secret_id);
  to.u8(record.feeds_platform ? 1 : 0);
  to.varint(record.changed_at);
  to.text(record.changed_by);
}

std::optional<WebhookConfig> decode_webhook(std::string_view key, std::string_view value) {
  WebhookConfig record;
  ByteReader place(key);
  record.account = place.u32();
  const uint8_t provider = place.u8();
  if (!place.finished() || provider == 0 || provider > all_webhook_providers.size()) {
    return std::nullopt;
  }
  record.provider = static_cast<WebhookProvider>(provider);
  ByteReader from(value);
  if (from.u8() != record_version) return std::nullopt;
  const uint64_t topics = from.varint();
  if (topics > webhook_topics_max) return std::nullopt;
  for (uint64_t i = 0; i < topics; ++i) record.proof.topics.emplace_back(from.text());
  record.proof.user = from.text();
  record.proof.secret = from.text();
  record.secret_id = from.text();
  const uint8_t feeds = from.u8();
  record.feeds_platform = feeds == 1;
  record.changed_at = from.varint();
  record.changed_by = from.text();
  if (!from.finished() || feeds > 1) return std::nullopt;
  return record;
}

}  // namespace suppressd
