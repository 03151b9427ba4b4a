// POST …/webhooks/{provider}: no key, since the provider has none; the proof is in the delivery. On
// the way from the body to the answer it is proven and read on a pool thread, normalized on this
// one, stored by the committer, then answered.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "server/bounce_intake.hpp"
#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/mailbox.hpp"
#include "server/media_type.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_rows.hpp"
#include "server/time_text.hpp"
#include "server/webhook.hpp"
#include "server/webhook_problems.hpp"
#include "server/webhook_proof.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

using What = WebhookEvent::What;

constexpr TimeMs age_max_ms =
    std::chrono::milliseconds(std::max({ses_age_max, sendgrid_age_max, mailgun_age_max}) +
                              clock_skew_max)
        .count();
static_assert(age_max_ms < idempotency_kept_ms, "a token is forgotten while it is still good");
static_assert(webhook_events_max <= change_rows_max, "a delivery is one change");

struct ProviderWay {
  std::optional<Problem> (*prove)(const WebhookDelivery&, SnsClient*, Proven&);
  std::optional<Problem> (*read)(std::string_view, WebhookEvents&);
  uint64_t body_bytes_max;
};

ProviderWay way_of(WebhookProvider provider) {
  switch (provider) {
    case WebhookProvider::ses:
      return {prove_ses, read_ses, webhook_body_bytes_max};
    case WebhookProvider::sendgrid:
      return {prove_sendgrid, read_sendgrid, webhook_body_bytes_max};
    case WebhookProvider::mailgun:
      return {prove_mailgun, read_mailgun, webhook_body_bytes_max};
    case WebhookProvider::postmark:
      return {prove_sender, read_postmark, webhook_body_bytes_max};
    case WebhookProvider::dsn:
      return {prove_sender, read_dsn, webhook_mail_bytes_max};
    case WebhookProvider::arf:
      break;
  }
  return {prove_sender, read_arf, webhook_mail_bytes_max};
}

ActivityKind kind_of(What what) {
  switch (what) {
    case What::sent:
      return ActivityKind::sent;
    case What::delivered:
      return ActivityKind::delivered;
    case What::opened:
      return ActivityKind::opened;
    case What::clicked:
      return ActivityKind::clicked;
    case What::hard:
      return ActivityKind::bounced;
    case What::hard_confirmed:
    case What::soft:
      return ActivityKind::soft_bounced;
    case What::blocked:
      return ActivityKind::blocked;
    case What::complained:
      return ActivityKind::complained;
    case What::unsubscribed:
      break;
  }
  return ActivityKind::unsubscribed;
}

/// At most so many octets, cut between two characters of UTF-8.
std::string cut(std::string text, size_t octets_max) {
  if (text.size() <= octets_max) return text;
  size_t end = octets_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

/// What the pool made of a delivery.
struct Reading {
  std::string token, body_hash;
  bool covers_payload = true;
  bool confirmed = false;
  WebhookEvents events;
};
/// What comes back to the exchange: from the pool one of the first two, then from the committer.
using Step = std::variant<Problem, Reading, Outcome>;

Problem too_many_events_problem() {
  return webhook_payload_problem("At most " + std::to_string(webhook_events_max) +
                                 " events are taken in one delivery.");
}

Problem not_confirmed_problem() {
  return {503,
          "busy",
          "The server has too much to do.",
          "The subscription could not be confirmed now.",
          {{"Retry-After", "60"}},
          {},
          {}};
}

Step prove_and_read(const WebhookDelivery& delivery, SnsClient* sns) {
  const ProviderWay way = way_of(delivery.config.provider);
  Proven proven;
  if (auto problem = way.prove(delivery, sns, proven)) return std::move(*problem);
  Reading reading;
  if (!proven.subscribe_url.empty()) {
    if (!confirm_subscription(sns, proven.subscribe_url)) return not_confirmed_problem();
    reading.confirmed = true;
    return reading;
  }
  if (auto problem = way.read(proven.payload, reading.events)) return std::move(*problem);
  if (reading.events.events.size() > webhook_events_max) return too_many_events_problem();
  reading.body_hash = sha256(delivery.body);
  reading.token = proven.token.empty() ? encode_hex(reading.body_hash) : std::move(proven.token);
  reading.covers_payload = proven.covers_payload;
  return reading;
}

/// What the exchange keeps of its request.
struct Recipient {
  WebhookProvider provider = WebhookProvider::ses;
  std::string name;  // the provider's
  AddEvents events;  // without rows
};

class DeliveryExchange final : public Exchange {
 public:
  DeliveryExchange(const AppParts& parts, Worker& worker, Wake wake, Recipient recipient,
                   WebhookDelivery delivery)
      : parts_(parts),
        worker_(worker),
        recipient_(std::move(recipient)),
        delivery_(std::make_shared<const WebhookDelivery>(std::move(delivery))),
        mailbox_(std::make_shared<Mailbox<Step>>(std::move(wake))) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    const auto task = [mailbox = mailbox_, delivery = delivery_, sns = parts_.sns] {
      try {
        mailbox->post(prove_and_read(*delivery, sns));
      } catch (const std::exception&) {  // memory ran out
        mailbox->post(busy_problem());
      }
    };
    if (!parts_.pool.run(task)) return refuse(busy_problem(), answer);
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    Step step = std::move(mailbox_->take().front());
    if (auto* problem = std::get_if<Problem>(&step)) return refuse(std::move(*problem), answer);
    if (auto* reading = std::get_if<Reading>(&step)) return store(std::move(*reading), answer);
    return finish(std::get<Outcome>(step), answer);
  }

  uint64_t buffered_bytes() const override { return delivery_ ? delivery_->body.size() : 0; }

 private:
  /// Of an address that cannot be read nothing is stored.
  std::vector<AddEvents::Row> rows_of(Reading& reading) {
    std::vector<AddEvents::Row> rows;
    rows.reserve(reading.events.events.size());
    const TimeMs now = delivery_->now;
    size_t place = 0;
    for (WebhookEvent& event : reading.events.events) {
      const std::string id =
          event.id.empty() ? reading.token + ":" + std::to_string(place) : std::move(event.id);
      ++place;
      CanonicalAddress canonical;
      if (worker_.normalizer.email(event.address, canonical) != AddressError::none) {
        ++invalid_;
        continue;
      }
      AddEvents::Row& row = rows.emplace_back();
      row.kind = kind_of(event.what);
      row.channel = Channel::email;
      row.address = canonical.text();
      if (event.address != row.address) row.given = event.address;
      // A proven event from a clock that is ahead happened all the same: it came now at the latest.
      row.at = event.at == 0 ? now : std::min(event.at, now);
      row.timed = event.at != 0 && event.at <= now;
      row.confirmable = event.what == What::hard_confirmed;
      row.campaign = cut(std::move(event.campaign), campaign_octets_max);
      row.detail = cut(std::move(event.detail), evidence_octets_max);
      row.id = recipient_.name + ":" + id;
      if (row.id.size() > event_id_octets_max) {
        row.id = recipient_.name + ":" + encode_hex(sha256(id));
      }
    }
    return rows;
  }

  Progress store(Reading reading, Answer& answer) {
    if (reading.confirmed) {
      write_json({{"confirmed", true}}, 200, answer);
      return Progress::done;
    }
    std::vector<AddEvents::Row> rows = rows_of(reading);
    rows_ = rows.size();
    ignored_ = reading.events.ignored;
    unidentified_ = reading.events.unidentified;
    delivery_.reset();
    // A token that is good for any body is used up even by a delivery that tells nothing.
    if (rows.empty() && reading.covers_payload) {
      Outcome nothing;
      nothing.status = Outcome::Status::committed;
      nothing.sequence = parts_.committer.visible_sequence();
      return finish(nothing, answer);
    }
    Change change{what_of(std::move(rows)), "webhook:" + recipient_.name, now_ms(), std::nullopt};
    change.idempotency =
        Idempotency{"webhook " + recipient_.name + " " + std::to_string(recipient_.events.account) +
                        " " + reading.token,
                    {}};
    std::copy(reading.body_hash.begin(), reading.body_hash.end(),
              change.idempotency->request_hash.begin());
    const bool queued = parts_.committer.submit(
        std::move(change),
        [mailbox = mailbox_](const Outcome& outcome) { mailbox->post(outcome); });
    if (!queued) return refuse(busy_problem(), answer);
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  decltype(Change::what) what_of(std::vector<AddEvents::Row> rows) const {
    if (rows.empty()) {
      AddSuppressions nothing;  // changes nothing; its token is remembered
      nothing.scope = recipient_.events.account;
      return nothing;
    }
    AddEvents events = recipient_.events;
    events.rows = std::move(rows);
    return events;
  }

  Progress finish(const Outcome& outcome, Answer& answer) {
    if (outcome.status == Outcome::Status::idempotency_mismatch) {
      return refuse(webhook_replayed_problem(), answer);
    }
    if (const auto problem = outcome_problem(outcome)) return refuse(*problem, answer);
    const bool again = outcome.status == Outcome::Status::replayed;
    // An id that belongs to another event is as good as none: it was told once, and counts once.
    const uint64_t known = outcome.duplicates + outcome.refused_rows.size();
    const uint64_t duplicates = again ? rows_ : known;
    const uint64_t accepted = rows_ - duplicates;
    const uint64_t ignored = ignored_ + unidentified_ + invalid_;
    WebhookCounters& counters = worker_.counters.webhooks[static_cast<size_t>(recipient_.provider)];
    ThreadCounters::add(counters.accepted, accepted);
    ThreadCounters::add(counters.ignored, ignored);
    answer.fields.emplace_back(sequence_field, std::to_string(outcome.sequence));
    write_json({{"sequence", outcome.sequence},
                {"accepted", accepted},
                {"suppressed", again ? 0 : outcome.added},
                {"ignored", ignored_},
                {"unidentified", unidentified_},
                {"invalid", invalid_},
                {"duplicates", duplicates}},
               200, answer);
    return Progress::done;
  }

  Progress refuse(Problem problem, Answer& answer) {
    if (problem.status < 500) count_refused_webhook(worker_, recipient_.provider);
    write_problem(problem, answer);
    return Progress::done;
  }

  const AppParts& parts_;
  Worker& worker_;
  const Recipient recipient_;
  std::shared_ptr<const WebhookDelivery> delivery_;
  std::shared_ptr<Mailbox<Step>> mailbox_;
  uint64_t rows_ = 0, ignored_ = 0, unidentified_ = 0, invalid_ = 0;
};

bool is_mail(WebhookProvider provider) {
  return provider == WebhookProvider::dsn || provider == WebhookProvider::arf;
}

/// Raw messages say what they are; the charset of their text is their own.
std::optional<Problem> check_mail_type(const RequestHead& head) {
  const std::string_view field = head.field("content-type").value_or("");
  std::string type = to_lower(field.substr(0, field.find(';')));
  type.erase(type.find_last_not_of(' ') + 1);
  if (type == "message/rfc822" || type == "message/global" || type == "text/plain") {
    return std::nullopt;
  }
  return media_type_problem("message/rfc822, message/global, text/plain");
}

}  // namespace

void count_refused_webhook(Worker& worker, WebhookProvider provider) {
  ThreadCounters::add(worker.counters.webhooks[static_cast<size_t>(provider)].refused);
}

Problem unknown_provider_problem() {
  return {404,
          "unknown-provider",
          "There are no webhooks of this name.",
          "Known: ses, sendgrid, mailgun, postmark, dsn, arf.",
          {},
          {},
          {}};
}

Problem webhook_replayed_problem() {
  return {409,
          "webhook-replayed",
          "This delivery's token came before, with another body.",
          "A token is good for one delivery.",
          {},
          {},
          {}};
}

std::unique_ptr<Exchange> post_webhook(Call& call) {
  const auto provider = parse_webhook_provider(call.path.id);
  if (!provider) return problem_exchange(unknown_provider_problem());
  const Account* account = call.directory.account(std::string_view(call.path.account));
  const WebhookConfig* config =
      account ? call.directory.webhook(account->number, *provider) : nullptr;
  // Where only the sender is proven, that is done before a body is taken.
  if (!config || (!signs(*provider) && !sender_is_proven(*config, call.head))) {
    count_refused_webhook(call.worker, *provider);
    return problem_exchange(webhook_unproven_problem(*provider));
  }
  if (is_mail(*provider)) {
    if (auto problem = check_mail_type(call.head)) return problem_exchange(*problem);
  }
  Recipient recipient{*provider, std::string(name_of(*provider)),
                      events_for(*account, call.parts.limits.bounce_agreement)};
  recipient.events.trusted = config->feeds_platform;
  recipient.events.source = "webhook:" + recipient.name;
  WebhookDelivery delivery{*config, call.head.fields, {}, now_ms()};
  return body_exchange(
      call.head, way_of(*provider).body_bytes_max,
      [&parts = call.parts, &worker = call.worker, wake = call.wake,
       recipient = std::move(recipient), delivery = std::move(delivery)](std::string body) mutable {
        delivery.body = std::move(body);
        return std::make_unique<DeliveryExchange>(parts, worker, wake, std::move(recipient),
                                                  std::move(delivery));
      });
}

}  // namespace suppressd
