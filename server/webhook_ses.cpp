// Amazon SES, whose notifications come through Amazon SNS: an envelope of texts, signed with RSA over
// those that SNS names, and in it a Message that is JSON again. Of the envelope only the texts are
// taken before the signature is proven, and Message is one of them: nothing in it is looked at.
#include <algorithm>

#include "server/sns_client.hpp"
#include "server/webhook.hpp"
#include "server/webhook_json.hpp"
#include "server/webhook_proof.hpp"

namespace suppressd {
namespace {

using simdjson::dom::object;
using What = WebhookEvent::What;

struct Envelope {
  std::string type, message_id, topic, subject, message, timestamp, version, signature, certificate,
      subscribe_url, token;
  bool has_subject = false;
};

/// A member that is there has to be a text, and there once: else two readers may see two envelopes.
bool take_text(const object& json, std::string_view name, std::string& text, bool& there) {
  size_t found = 0;
  std::string_view value;
  for (const auto [one, element] : json) {
    if (one != name) continue;
    ++found;
    // A Subject may be null: then it is not signed.
    if (element.is_null()) continue;
    if (element.get_string().get(value) != simdjson::SUCCESS) return false;
    there = true;
  }
  text = value;
  return found <= 1;
}

bool read_envelope(std::string_view body, Envelope& envelope) {
  WebhookJson json;
  simdjson::dom::element whole;
  object members;
  if (!json.parse(body, whole) || whole.get_object().get(members) != simdjson::SUCCESS) {
    return false;
  }
  bool there = false;
  return take_text(members, "Type", envelope.type, there) &&
         take_text(members, "MessageId", envelope.message_id, there) &&
         take_text(members, "TopicArn", envelope.topic, there) &&
         take_text(members, "Subject", envelope.subject, envelope.has_subject) &&
         take_text(members, "Message", envelope.message, there) &&
         take_text(members, "Timestamp", envelope.timestamp, there) &&
         take_text(members, "SignatureVersion", envelope.version, there) &&
         take_text(members, "Signature", envelope.signature, there) &&
         take_text(members, "SigningCertURL", envelope.certificate, there) &&
         take_text(members, "SubscribeURL", envelope.subscribe_url, there) &&
         take_text(members, "Token", envelope.token, there);
}

bool about_subscription(const Envelope& envelope) {
  return envelope.type == "SubscriptionConfirmation" || envelope.type == "UnsubscribeConfirmation";
}

/// What SNS signs: a name and a value, each on a line, sorted by name.
std::string signed_text(const Envelope& envelope) {
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& value) {
    text.append(name).append("\n").append(value).append("\n");
  };
  add("Message", envelope.message);
  add("MessageId", envelope.message_id);
  if (about_subscription(envelope)) {
    add("SubscribeURL", envelope.subscribe_url);
    add("Timestamp", envelope.timestamp);
    add("Token", envelope.token);
  } else {
    if (envelope.has_subject) add("Subject", envelope.subject);
    add("Timestamp", envelope.timestamp);
  }
  add("TopicArn", envelope.topic);
  add("Type", envelope.type);
  return text;
}

bool listens_to(const WebhookConfig& config, const std::string& topic) {
  const auto& topics = config.proof.topics;
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

// ---- what SES tells ----

std::optional<What> bounce_of(const object& bounce, const object& recipient) {
  const std::string_view type = text_at(bounce, "bounceType");
  const std::string_view sub_type = text_at(bounce, "bounceSubType");
  if (sub_type == "Suppressed" || sub_type == "OnAccountSuppressionList") return std::nullopt;
  const What said = event_of(
      classify_bounce({{}, text_at(recipient, "status"), text_at(recipient, "diagnosticCode")})
          .what);
  if (said == What::blocked) return What::blocked;
  if (type == "Permanent") {
    return sub_type == "General" || sub_type == "NoEmail" ? What::hard : said;
  }
  if (sub_type == "MessageTooLarge" || sub_type == "ContentRejected" ||
      sub_type == "AttachmentRejected") {
    return What::blocked;
  }
  // A domain that does not exist is called transient, too: hard when it is said again.
  return said == What::hard_confirmed ? What::hard_confirmed : What::soft;
}

/// Why SES complains; `not-spam` is somebody taking a complaint back, and the other sub-type is
/// SES's own suppression list.
bool is_complaint(const object& complaint) {
  return text_at(complaint, "complaintSubType") != "OnAccountSuppressionList" &&
         text_at(complaint, "complaintFeedbackType") != "not-spam";
}

struct SesMessage {
  WebhookEvents& events;
  std::string campaign;

  void add(What what, std::string_view address, TimeMs at, std::string_view detail = {}) {
    WebhookEvent& told = events.events.emplace_back();
    told.what = what;
    told.address = address;
    told.at = at;
    told.campaign = campaign;
    told.detail = detail;
  }

  void bounces(const object& bounce) {
    const auto recipients = array_at(bounce, "bouncedRecipients");
    if (!recipients) return void(++events.ignored);
    for (const simdjson::dom::element one : *recipients) {
      object recipient;
      std::optional<What> what;
      if (one.get_object().get(recipient) == simdjson::SUCCESS) what = bounce_of(bounce, recipient);
      if (!what) {
        ++events.ignored;
        continue;
      }
      const std::string_view reply = text_at(recipient, "diagnosticCode");
      add(*what, text_at(recipient, "emailAddress"), time_at(bounce, "timestamp"),
          reply.empty() ? text_at(recipient, "status") : reply);
    }
  }

  void of_recipients(What what, const object& part, std::string_view list) {
    const auto recipients = array_at(part, list);
    if (!recipients) return void(++events.ignored);
    for (const simdjson::dom::element one : *recipients) {
      object recipient;
      if (one.get_object().get(recipient) == simdjson::SUCCESS) {
        const std::string_view reply = text_at(recipient, "diagnosticCode");
        add(what, text_at(recipient, "emailAddress"), time_at(part, "timestamp"),
            reply.empty() ? text_at(part, "complaintFeedbackType") : reply);
      }
    }
  }

  void of_addresses(What what, const object& part, std::string_view list, TimeMs at) {
    const auto addresses = array_at(part, list);
    if (!addresses) return void(++events.ignored);
    for (const simdjson::dom::element one : *addresses) {
      std::string_view address;
      if (one.get_string().get(address) == simdjson::SUCCESS) add(what, address, at);
    }
  }

  /// Whose doing it was is only known where the message had one recipient.
  void of_the_one(What what, const object& mail, const object& part) {
    const auto addresses = array_at(mail, "destination");
    if (!addresses || addresses->size() != 1) return void(++events.ignored);
    of_addresses(what, mail, "destination", time_at(part, "timestamp"));
  }
};

/// The first value of the tag "campaign", where event publishing has tags.
std::string_view campaign_of(const object& mail) {
  const auto tags = object_at(mail, "tags");
  return tags ? first_text_at(*tags, "campaign") : std::string_view();
}

void read_message(const object& json, WebhookEvents& events) {
  std::string_view type = text_at(json, "notificationType");
  if (type.empty()) type = text_at(json, "eventType");
  const auto mail = object_at(json, "mail");
  SesMessage message{events, mail ? std::string(campaign_of(*mail)) : std::string()};
  const auto bounce = object_at(json, "bounce");
  const auto complaint = object_at(json, "complaint");
  const auto delivery = object_at(json, "delivery");
  const auto delay = object_at(json, "deliveryDelay");
  const auto open = object_at(json, "open");
  const auto click = object_at(json, "click");
  if (type == "Bounce" && bounce) {
    message.bounces(*bounce);
  } else if (type == "Complaint" && complaint && is_complaint(*complaint)) {
    message.of_recipients(What::complained, *complaint, "complainedRecipients");
  } else if (type == "Delivery" && delivery) {
    message.of_addresses(What::delivered, *delivery, "recipients", time_at(*delivery, "timestamp"));
  } else if (type == "DeliveryDelay" && delay) {
    message.of_recipients(What::soft, *delay, "delayedRecipients");
  } else if (type == "Send" && mail) {
    message.of_addresses(What::sent, *mail, "destination", time_at(*mail, "timestamp"));
  } else if (type == "Open" && mail && open) {
    message.of_the_one(What::opened, *mail, *open);
  } else if (type == "Click" && mail && click) {
    message.of_the_one(What::clicked, *mail, *click);
  } else {
    ++events.ignored;
  }
}

}  // namespace

std::optional<Problem> prove_ses(const WebhookDelivery& delivery, SnsClient* sns, Proven& proven) {
  Envelope envelope;
  if (!read_envelope(delivery.body, envelope)) {
    return webhook_payload_problem("Expected the JSON object that SNS sends.");
  }
  // The topic first: who does not know one makes nobody fetch anything.
  const std::string_view region = region_of_topic(envelope.topic);
  const EVP_MD* digest = envelope.version == "1"   ? EVP_sha1()
                         : envelope.version == "2" ? EVP_sha256()
                                                   : nullptr;
  const auto signature = decode_base64(envelope.signature);
  const auto signed_at = parse_time(envelope.timestamp);
  if (!sns || !listens_to(delivery.config, envelope.topic) || digest == nullptr || !signature ||
      !signed_at || envelope.message_id.empty() ||
      !is_sns_certificate_url(envelope.certificate, region)) {
    return webhook_unproven_problem(WebhookProvider::ses);
  }
  if (!fresh(*signed_at, delivery.now, ses_age_max)) return webhook_stale_problem();
  std::optional<Problem> unavailable;
  const SnsClient::Key key = sns->key(envelope.certificate, delivery.now, unavailable);
  if (unavailable) return unavailable;
  if (!key || !signature_holds(key.get(), digest, *signature, signed_text(envelope))) {
    return webhook_unproven_problem(WebhookProvider::ses);
  }
  if (envelope.type == "SubscriptionConfirmation") {
    if (!is_sns_url(envelope.subscribe_url, region)) {
      return webhook_unproven_problem(WebhookProvider::ses);
    }
    proven.subscribe_url = envelope.subscribe_url;
    return std::nullopt;
  }
  proven.token = envelope.message_id;
  // An end of the subscription tells nothing of anybody.
  proven.payload = envelope.type == "Notification" ? std::move(envelope.message) : "{}";
  return std::nullopt;
}

bool confirm_subscription(SnsClient* sns, const std::string& url) {
  return sns != nullptr && sns->confirm(url);
}

std::optional<Problem> read_ses(std::string_view payload, WebhookEvents& events) {
  WebhookJson json;
  simdjson::dom::element whole;
  object message;
  // SES says once in plain words that a topic was attached: proven, and no event.
  if (!json.parse(payload, whole) || whole.get_object().get(message) != simdjson::SUCCESS) {
    ++events.ignored;
    return std::nullopt;
  }
  read_message(message, events);
  return std::nullopt;
}

}  // namespace suppressd
