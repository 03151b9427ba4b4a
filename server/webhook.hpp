// What a provider sends about its deliveries: proven first, read second.
//
//   raw body → prove_…  who sent it: a signature over the raw body, or the sender's secret → Proven
//   Proven   → read_…   what it tells, in our words → events → one change of the committer
//
// Nothing is read before it is proven. Two providers put the proof into the body itself: of their
// bodies an envelope of known texts is taken apart first, under the body's limit, and nothing in it
// is acted upon or stored until the proof holds.
//
// A provider tries again for as long as it gets errors. So what is proven is answered 200 whatever it
// tells (unknown types are counted), and a repetition of it is 200 too and does nothing; only what
// no repetition would make better is refused.
// Thread safety: pure functions, but for the SnsClient. They run on a pool thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/webhook.hpp"
#include "server/bounce_rules.hpp"
#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

class SnsClient;  // server/sns_client.hpp

inline constexpr uint64_t webhook_body_bytes_max = 1ull << 20;  // of JSON, decoded
inline constexpr uint64_t webhook_mail_bytes_max = 8ull << 20;  // of a raw message, decoded
inline constexpr size_t webhook_events_max = 10'000;            // in one delivery

// How old a signature may be. Where it covers the body a repetition can only repeat itself, so the
// limit may be long; where it does not, it is short. A provider that repeats an old signature for
// longer than that is refused.
// Tokens of deliveries are remembered longer than any of them (idempotency_kept_ms).
inline constexpr std::chrono::minutes ses_age_max{60};
inline constexpr std::chrono::minutes sendgrid_age_max{12 * 60};
inline constexpr std::chrono::minutes mailgun_age_max{15};

struct WebhookDelivery {
  WebhookConfig config;
  Fields fields;     // of the request
  std::string body;  // as it was signed: a content coding is taken off, nothing else
  TimeMs now = 0;
};

/// What a proof holds for.
struct Proven {
  std::string payload;         // what may be read now
  std::string token;           // names this delivery among the provider's; empty: its hash does
  bool covers_payload = true;  // false: only the token is signed, so that it is good for one body
  std::string subscribe_url;   // ses: to be asked for; then there is no payload
};

struct WebhookEvent {
  enum class What : uint8_t {
    sent,
    delivered,
    opened,
    clicked,
    hard,
    hard_confirmed,  // hard when it is said again later
    soft,
    blocked,  // no fault of the address
    complained,
    unsubscribed,
  };
  What what = What::delivered;
  std::string address;  // as the provider writes it
  TimeMs at = 0;        // 0: not told
  std::string campaign, detail;
  std::string id;  // empty: it is told by the delivery's token and its place
};

struct WebhookEvents {
  std::vector<WebhookEvent> events;
  uint64_t ignored = 0;       // what a suppression caused itself, and types that mean nothing here
  uint64_t unidentified = 0;  // of a recipient that is not named
};

WebhookEvent::What event_of(BounceClass bounce);

// One of each a provider; a Problem where it does not hold, or is no such payload.
std::optional<Problem> prove_ses(const WebhookDelivery& delivery, SnsClient* sns, Proven& proven);
std::optional<Problem> prove_sendgrid(const WebhookDelivery& delivery, SnsClient*, Proven& proven);
std::optional<Problem> prove_mailgun(const WebhookDelivery& delivery, SnsClient*, Proven& proven);
/// postmark, dsn and arf: the sender's password or token.
std::optional<Problem> prove_sender(const WebhookDelivery& delivery, SnsClient*, Proven& proven);
/// The same before there is a body.
bool sender_is_proven(const WebhookConfig& config, const RequestHead& head);

/// Asks for the URL that confirms a proven subscription (server/sns_client.hpp).
bool confirm_subscription(SnsClient* sns, const std::string& url);

std::optional<Problem> read_ses(std::string_view payload, WebhookEvents& events);
std::optional<Problem> read_sendgrid(std::string_view payload, WebhookEvents& events);
std::optional<Problem> read_mailgun(std::string_view payload, WebhookEvents& events);
std::optional<Problem> read_postmark(std::string_view payload, WebhookEvents& events);
std::optional<Problem> read_dsn(std::string_view payload, WebhookEvents& events);
std::optional<Problem> read_arf(std::string_view payload, WebhookEvents& events);

/// 403, or 401 where a password or token is asked for: nobody learns whether the account, its
/// settings or the proof was missing.
Problem webhook_unproven_problem(WebhookProvider provider);
/// 403: the signature's time is too long ago, or ahead of the clock.
Problem webhook_stale_problem();
/// 400: proven, but not what the provider sends.
Problem webhook_payload_problem(std::string detail);

}  // namespace suppressd
