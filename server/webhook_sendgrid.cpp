// The Event Webhook of SendGrid: a JSON array of events, signed with ECDSA on P-256 over the
// signature's time and the raw body.
#include "server/media_type.hpp"
#include "server/webhook.hpp"
#include "server/webhook_json.hpp"
#include "server/webhook_proof.hpp"

namespace suppressd {
namespace {

using What = WebhookEvent::What;

constexpr std::string_view signature_field = "x-twilio-email-event-webhook-signature";
constexpr std::string_view time_field = "x-twilio-email-event-webhook-timestamp";

/// Its classifications, which say more than a bounce's type: see "bounce_classification".
std::optional<What> classified(std::string_view classification) {
  const std::string name = to_lower(classification);
  if (name == "invalid address") return What::hard;
  if (name == "mailbox unavailable") return What::soft;
  // Some reports spell them out: "Frequency or Volume Too High", "Technical Failure".
  for (const std::string_view start : {"content", "reputation", "technical", "frequency"}) {
    if (name.starts_with(start)) return What::blocked;
  }
  return std::nullopt;
}

What bounce(const simdjson::dom::object& event) {
  if (const auto known = classified(text_at(event, "bounce_classification"))) {
    // What the receiver only turned away may be let in next time.
    return *known == What::hard && text_at(event, "type") == "blocked" ? What::soft : *known;
  }
  const BounceVerdict verdict =
      classify_bounce({{}, text_at(event, "status"), text_at(event, "reason")});
  if (text_at(event, "type") != "blocked") return event_of(verdict.what);
  return verdict.what == BounceClass::blocked ? What::blocked : What::soft;
}

/// nullopt: it means nothing here. Among these is `dropped`: SendGrid did not even try, since it
/// suppresses the address itself; and `group_resubscribe`: nobody is made active by a webhook.
std::optional<What> what_of(const simdjson::dom::object& event) {
  const std::string_view name = text_at(event, "event");
  if (name == "bounce" || name == "blocked") return bounce(event);
  if (name == "deferred") return What::soft;
  if (name == "spamreport") return What::complained;
  if (name == "unsubscribe" || name == "group_unsubscribe") return What::unsubscribed;
  if (name == "processed") return What::sent;
  if (name == "delivered") return What::delivered;
  if (name == "open") return What::opened;
  if (name == "click") return What::clicked;
  return std::nullopt;
}

std::string detail_of(const simdjson::dom::object& event, What what) {
  if (what == What::unsubscribed) {
    const auto group = number_at(event, "asm_group_id");
    return group ? "group " + std::to_string(*group) : std::string();
  }
  const std::string_view said = text_at(
      event, what == What::soft && text_at(event, "event") == "deferred" ? "response" : "reason");
  const std::string status(text_at(event, "status"));
  return status.empty() || said.find(status) != std::string_view::npos
             ? std::string(said)
             : status + " " + std::string(said);
}

}  // namespace

std::optional<Problem> prove_sendgrid(const WebhookDelivery& delivery, SnsClient*, Proven& proven) {
  const std::string_view time = field_of(delivery.fields, time_field);
  const auto signature = decode_base64(field_of(delivery.fields, signature_field));
  const auto signed_at = parse_unix_seconds(time);
  const PublicKey key = read_p256_key(delivery.config.proof.secret);
  if (!signature || !signed_at || !key ||
      !signature_holds(key.get(), EVP_sha256(), *signature, std::string(time) + delivery.body)) {
    return webhook_unproven_problem(WebhookProvider::sendgrid);
  }
  if (!fresh(*signed_at, delivery.now, sendgrid_age_max)) return webhook_stale_problem();
  proven.payload = delivery.body;
  return std::nullopt;
}

std::optional<Problem> read_sendgrid(std::string_view payload, WebhookEvents& events) {
  WebhookJson json;
  simdjson::dom::element whole;
  simdjson::dom::array array;
  if (!json.parse(payload, whole) || whole.get_array().get(array) != simdjson::SUCCESS) {
    return webhook_payload_problem("Expected a JSON array of events.");
  }
  for (const simdjson::dom::element one : array) {
    simdjson::dom::object event;
    std::optional<What> what;
    if (one.get_object().get(event) == simdjson::SUCCESS) what = what_of(event);
    if (!what) {
      ++events.ignored;
      continue;
    }
    WebhookEvent& told = events.events.emplace_back();
    told.what = *what;
    told.address = text_at(event, "email");
    told.at = seconds_at(event, "timestamp");
    told.campaign = first_text_at(event, "category");
    told.detail = detail_of(event, *what);
    told.id = text_at(event, "sg_event_id");
  }
  return std::nullopt;
}

}  // namespace suppressd
