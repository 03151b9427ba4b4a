// The webhooks of Mailgun: {"signature":{"timestamp","token","signature"},"event-data":{…}}. The
// signature is an HMAC over time and token alone, so it says nothing of the event: each token is
// good for one body, and for a short time.
#include "server/webhook.hpp"
#include "server/webhook_json.hpp"
#include "server/webhook_proof.hpp"

namespace suppressd {
namespace {

using simdjson::dom::object;
using What = WebhookEvent::What;

constexpr size_t token_octets_max = 128;  // 50 are usual

/// Mailgun did not try, since it suppresses the address itself: a reason, or a code of its own.
bool is_echo(const object& event, const std::optional<object>& status) {
  if (text_at(event, "reason").starts_with("suppress-")) return true;
  const int64_t code = status ? number_at(*status, "code").value_or(0) : 0;
  return code == 605 || code == 606 || code == 607;
}

std::string reply_of(const std::optional<object>& status) {
  if (!status) return {};
  const std::string_view message = text_at(*status, "message");
  return std::string(message.empty() ? text_at(*status, "description") : message);
}

std::optional<What> failed(const object& event, const std::optional<object>& status) {
  if (is_echo(event, status)) return std::nullopt;
  const int64_t number = status ? number_at(*status, "code").value_or(0) : 0;
  const std::string code = number != 0 ? std::to_string(number) : std::string();
  const std::string_view enhanced = status ? text_at(*status, "enhanced-code") : "";
  const std::string reply = reply_of(status);
  const What what = event_of(classify_bounce({code, enhanced, reply}).what);
  // What Mailgun goes on trying has not failed for good.
  const bool permanent = text_at(event, "severity") == "permanent";
  return permanent || what == What::blocked ? what : What::soft;
}

std::optional<What> what_of(const object& event, const std::optional<object>& status) {
  const std::string_view name = text_at(event, "event");
  if (name == "failed") return failed(event, status);
  if (name == "complained") return What::complained;
  if (name == "unsubscribed") return What::unsubscribed;
  if (name == "accepted") return What::sent;
  if (name == "delivered") return What::delivered;
  if (name == "opened") return What::opened;
  if (name == "clicked") return What::clicked;
  return std::nullopt;
}

}  // namespace

std::optional<Problem> prove_mailgun(const WebhookDelivery& delivery, SnsClient*, Proven& proven) {
  WebhookJson json;
  simdjson::dom::element whole;
  object envelope;
  if (!json.parse(delivery.body, whole) || whole.get_object().get(envelope) != simdjson::SUCCESS) {
    return webhook_payload_problem("Expected a JSON object with signature and event-data.");
  }
  const auto signature = object_at(envelope, "signature");
  if (!signature) return webhook_unproven_problem(WebhookProvider::mailgun);
  const std::string_view time = text_at(*signature, "timestamp");
  const std::string_view token = text_at(*signature, "token");
  const auto code = decode_hex(text_at(*signature, "signature"));
  const auto signed_at = parse_unix_seconds(time);
  const std::string& key = delivery.config.proof.secret;
  if (!code || !signed_at || key.empty() || token.empty() || token.size() > token_octets_max ||
      !equal_secrets(*code, hmac_sha256(key, std::string(time) + std::string(token)))) {
    return webhook_unproven_problem(WebhookProvider::mailgun);
  }
  if (!fresh(*signed_at, delivery.now, mailgun_age_max)) return webhook_stale_problem();
  // The time is part of what is signed, and so is where it ends and the token begins: only together
  // do they name the delivery.
  proven.token = encode_hex(sha256(std::string(time) + std::string(token)));
  proven.payload = delivery.body;
  proven.covers_payload = false;
  return std::nullopt;
}

std::optional<Problem> read_mailgun(std::string_view payload, WebhookEvents& events) {
  WebhookJson json;
  simdjson::dom::element whole;
  object envelope;
  if (!json.parse(payload, whole) || whole.get_object().get(envelope) != simdjson::SUCCESS) {
    return webhook_payload_problem("Expected a JSON object with signature and event-data.");
  }
  const auto event = object_at(envelope, "event-data");
  if (!event) return webhook_payload_problem("There is no event-data.");
  const auto status = object_at(*event, "delivery-status");
  const auto what = what_of(*event, status);
  if (!what) {
    ++events.ignored;
    return std::nullopt;
  }
  WebhookEvent& told = events.events.emplace_back();
  told.what = *what;
  told.address = text_at(*event, "recipient");
  told.at = seconds_at(*event, "timestamp");
  told.campaign = first_text_at(*event, "tags");
  told.detail = reply_of(status);
  told.id = text_at(*event, "id");
  return std::nullopt;
}

}  // namespace suppressd
