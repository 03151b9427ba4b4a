// The webhooks of Postmark: one JSON object an event, told apart by RecordType. Nothing is signed:
// what is proven is the sender, by basic auth in the webhook's URL or a bearer token in a field of its
// own.
#include "server/webhook.hpp"
#include "server/webhook_json.hpp"

namespace suppressd {
namespace {

using simdjson::dom::object;
using What = WebhookEvent::What;

/// Of Postmark's codes for bounces. nullopt: an answer of a machine or a person, or an echo of what
/// Postmark or its user suppressed.
std::optional<What> of_code(int64_t code, const object& event) {
  switch (code) {
    case 1:       // HardBounce
    case 100000:  // BadEmailAddress
      // Postmark counts what was refused for its content as hard now and then.
      return classify_bounce({{}, {}, text_at(event, "Details")}).what == BounceClass::blocked
                 ? What::blocked
                 : What::hard;
    case 2:     // Transient
    case 256:   // DnsError
    case 2048:  // Unknown
    case 4096:  // SoftBounce
      return What::soft;
    case 512:     // SpamNotification
    case 1024:    // OpenRelayTest
    case 8192:    // VirusNotification
    case 100006:  // Blocked
    case 100009:  // DMARCPolicy
      return What::blocked;
    case 16:  // Unsubscribe
      return What::unsubscribed;
    case 100001:  // SpamComplaint
      return What::complained;
    default:
      return std::nullopt;
  }
}

/// Only what the recipient asked for: the other reasons follow from bounces and complaints that are
/// told on their own, or from somebody at the desk. SuppressSending false makes nobody active.
std::optional<What> of_subscription(const object& event) {
  const bool asked = text_at(event, "Origin") == "Recipient" &&
                     text_at(event, "SuppressionReason") == "ManualSuppression";
  if (!is_true_at(event, "SuppressSending") || !asked) return std::nullopt;
  return What::unsubscribed;
}

/// What a record means, and the names of its members.
struct Record {
  std::optional<What> what;
  std::string_view address, at, id = {};
};

Record record_of(const object& event) {
  const std::string_view type = text_at(event, "RecordType");
  if (type == "Bounce") {
    return {of_code(number_at(event, "TypeCode").value_or(0), event), "Email", "BouncedAt", "ID"};
  }
  if (type == "SpamComplaint") return {What::complained, "Email", "BouncedAt", "ID"};
  if (type == "SubscriptionChange") return {of_subscription(event), "Recipient", "ChangedAt"};
  if (type == "Delivery") return {What::delivered, "Recipient", "DeliveredAt"};
  if (type == "Open") return {What::opened, "Recipient", "ReceivedAt"};
  if (type == "Click") return {What::clicked, "Recipient", "ReceivedAt"};
  return {};
}

}  // namespace

std::optional<Problem> read_postmark(std::string_view payload, WebhookEvents& events) {
  WebhookJson json;
  simdjson::dom::element whole;
  object event;
  if (!json.parse(payload, whole) || whole.get_object().get(event) != simdjson::SUCCESS) {
    return webhook_payload_problem("Expected a JSON object.");
  }
  const Record record = record_of(event);
  if (!record.what) {
    ++events.ignored;
    return std::nullopt;
  }
  WebhookEvent& told = events.events.emplace_back();
  told.what = *record.what;
  told.address = text_at(event, record.address);
  told.at = time_at(event, record.at);
  told.campaign = text_at(event, "Tag");
  told.detail = text_at(event, text_at(event, "Details").empty() ? "Description" : "Details");
  // A bounce has a number of its own. Of the others one message makes several, of one kind each
  // time: there the delivery's own content tells them apart.
  if (const auto number = number_at(event, "ID"); number && record.id == "ID") {
    told.id = "bounce:" + std::to_string(*number);
  }
  return std::nullopt;
}

}  // namespace suppressd
