// SendGrid's Event Webhook, signed as SendGrid signs.
#include <zstd.h>

#include <catch2/catch.hpp>

#include "tests/server/webhook_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::encode_base64;
using test::Reply;
using test::SigningKey;
using test::WebhookDriver;

json event(const std::string& name, const std::string& email, json more = json::object()) {
  json made{{"email", email},
            {"timestamp", now_ms() / 1000 - 60},
            {"smtp-id", "<14c5d75ce93.dfd.64b469@ismtpd-555>"},
            {"event", name},
            {"category", {"spring", "news"}},
            {"sg_event_id", name + "-" + email},
            {"sg_message_id", "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"},
            {"a custom argument", {{"of any", "shape"}}}};
  made.update(more);
  return made;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

json hard_bounce(const std::string& email) {
  return event("bounce", email,
               {{"type", "bounce"},
                {"status", "5.1.1"},
                {"reason", "550 5.1.1 unknown recipient"},
                {"bounce_classification", "Invalid Address"}});
}

}  // namespace

TEST_CASE("a signed delivery of SendGrid suppresses those it names, before the answer") {
  WebhookDriver driver;
  driver.set_sendgrid();
  const std::string contact = driver.add_contact("acme", "dead@example.com");
  const Reply reply =
      driver.sendgrid({hard_bounce("Dead@Example.com"), event("spamreport", "angry@example.com"),
                       event("unsubscribe", "left@example.com"),
                       event("group_unsubscribe", "group@example.com", {{"asm_group_id", 12}}),
                       event("delivered", "fine@example.com")});
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = reply.json();
  CHECK(answer["accepted"] == 5);
  CHECK(answer["suppressed"] == 4);
  CHECK(answer["ignored"] == 0);
  CHECK(answer["duplicates"] == 0);
  CHECK(reply.field("Suppress-Sequence") == answer["sequence"].dump());
  CHECK(driver.verdict("acme", "dead@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("acme", "angry@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("acme", "left@example.com") == "suppressed:account:unsubscribe");
  CHECK(driver.verdict("acme", "group@example.com") == "suppressed:account:unsubscribe");
  CHECK(driver.verdict("acme", "fine@example.com") == "clear");
  CHECK(driver.card("acme", contact)["email"]["state"] == "blacklisted");

  const json cause = driver.causes_of("acme", "dead@example.com")[0];
  CHECK(cause["source"] == "webhook:sendgrid");
  CHECK(cause["by"] == "webhook:sendgrid");
  CHECK(cause["campaign"] == "spring");
  CHECK(cause["evidence"] == "550 5.1.1 unknown recipient");
  CHECK(driver.causes_of("acme", "group@example.com")[0]["evidence"] == "group 12");
}

TEST_CASE("a proven hard bounce reaches the platform; a complaint and an unsubscribe never do") {
  WebhookDriver driver;
  driver.set_sendgrid();
  driver.sendgrid({hard_bounce("dead@example.com"), event("spamreport", "angry@example.com")});
  CHECK(driver.verdict("globe", "dead@example.com") == "suppressed:platform:hard_bounce");
  CHECK(driver.verdict("globe", "angry@example.com") == "clear");
}

TEST_CASE("a key that an owner set proves for the account, and not for the platform") {
  WebhookDriver driver;
  const json key{{"public_key", encode_base64(driver.sendgrid_key.public_der())}};
  const Reply made = driver.set(driver.owner, "acme", "sendgrid", key);
  REQUIRE(made.status == 200);
  CHECK(made.json()["feeds_platform"] == false);
  REQUIRE(driver.sendgrid({hard_bounce("dead@example.com")}).json()["accepted"] == 1);
  CHECK(driver.verdict("acme", "dead@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("globe", "dead@example.com") == "clear");

  // Support decides otherwise, for this key; another one of the owner's is not trusted again.
  REQUIRE(driver.must_set("sendgrid", {{"feeds_platform", true}})["feeds_platform"] == true);
  driver.sendgrid({hard_bounce("second@example.com")});
  CHECK(driver.verdict("globe", "second@example.com") == "suppressed:platform:hard_bounce");
  driver.sendgrid_key = SigningKey::p256();
  const json other{{"public_key", encode_base64(driver.sendgrid_key.public_der())}};
  CHECK(driver.set(driver.owner, "acme", "sendgrid", other).json()["feeds_platform"] == false);
  driver.sendgrid({hard_bounce("third@example.com")});
  CHECK(driver.verdict("acme", "third@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("globe", "third@example.com") == "clear");
}

TEST_CASE(
    "what SendGrid suppressed itself, what it deferred and what nobody knows suppress no one") {
  WebhookDriver driver;
  driver.set_sendgrid();
  const Reply reply = driver.sendgrid(
      {event("dropped", "a@example.com", {{"reason", "Bounced Address"}}),
       event("group_resubscribe", "b@example.com", {{"asm_group_id", 12}}),
       event("a_type_of_next_year", "c@example.com"), json(17),
       event("deferred", "d@example.com", {{"response", "451 4.7.1 try later"}, {"attempt", "3"}}),
       event("bounce", "e@example.com", {{"type", "blocked"}, {"reason", "550 5.7.1 no"}}),
       event("bounce", "f@example.com",
             {{"type", "bounce"}, {"status", "5.0.0"}, {"bounce_classification", "Content"}}),
       event("bounce", "g@example.com",
             {{"type", "bounce"}, {"bounce_classification", "mailbox unavailable"}}),
       event("bounce", "h@example.com",
             {{"type", "bounce"}, {"status", "5.1.1"}, {"bounce_classification", "Reputation"}}),
       event("bounce", "i@example.com",
             {{"type", "bounce"},
              {"status", "5.1.1"},
              {"bounce_classification", "Technical Failure"}}),
       event("bounce", "j@example.com",
             {{"type", "bounce"},
              {"status", "5.1.1"},
              {"bounce_classification", "Frequency or Volume Too High"}})});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["ignored"] == 4);
  CHECK(reply.json()["accepted"] == 7);
  CHECK(reply.json()["suppressed"] == 0);
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) {
    CHECK(driver.verdict("acme", std::string(name) + "@example.com") == "clear");
  }
  // Nobody is made active by a webhook.
  driver.suppress("/v1/accounts/acme", "b@example.com", "unsubscribe");
  driver.sendgrid({event("group_resubscribe", "b@example.com", {{"sg_event_id", "again"}})});
  CHECK(driver.verdict("acme", "b@example.com") == "suppressed:account:unsubscribe");
}

TEST_CASE("a forged delivery is refused, and nobody learns why or whether there is an account") {
  WebhookDriver driver;
  driver.set_sendgrid();
  const std::string body = json::array({hard_bounce("dead@example.com")}).dump();
  const std::string time = driver.now_seconds();
  const auto signed_fields = driver.sendgrid_fields(body, time);
  const auto refused = [&](const std::string& text, Fields fields,
                           const std::string& account = "acme") {
    const Reply reply = driver.deliver("sendgrid", text, std::move(fields), account);
    CHECK(reply.status == 403);
    CHECK(reply.problem() == "webhook-unproven");
    return reply.body;
  };
  const std::string answer = refused(body, {});
  std::string other = body;
  other.replace(other.find("dead"), 4, "live");
  CHECK(refused(other, signed_fields) == answer);
  CHECK(refused(body.substr(0, body.size() - 1), signed_fields) == answer);
  CHECK(refused(body, driver.sendgrid_fields(body, "soon")) == answer);
  auto moved = signed_fields;
  moved[2].second = driver.now_seconds(1);
  CHECK(refused(body, moved) == answer);
  auto broken = signed_fields;
  broken[1].second = "not base64 %%";
  CHECK(refused(body, broken) == answer);
  const SigningKey right = std::exchange(driver.sendgrid_key, SigningKey::p256());
  CHECK(refused(body, driver.sendgrid_fields(body, time)) == answer);
  // Right for one account, and no other; and nothing tells those that there are from others.
  CHECK(refused(body, signed_fields, "globe") == answer);
  CHECK(refused(body, signed_fields, "nobody") == answer);
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");
  CHECK(driver.deliver("mailchimp", body, signed_fields).status == 404);
  CHECK(driver.metric("suppressd_webhook_refused_total{provider=\"sendgrid\"}") == 9);
}

TEST_CASE("a stale or early signature is refused, a repetition does nothing twice") {
  WebhookDriver driver;
  driver.set_sendgrid();
  const std::string body = json::array({hard_bounce("dead@example.com")}).dump();
  const auto at = [&](int64_t ahead) {
    return driver.deliver("sendgrid", body,
                          driver.sendgrid_fields(body, driver.now_seconds(ahead)));
  };
  CHECK(at(-13 * 3600).problem() == "webhook-stale");
  CHECK(at(3600).problem() == "webhook-stale");
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");
  REQUIRE(at(-3600).json()["suppressed"] == 1);
  const uint64_t sequence = driver.store().sequence();
  // The same again, also with a new signature, as retries have.
  for (const int64_t ahead : {-3600, 0}) {
    const Reply again = at(ahead);
    CHECK(again.status == 200);
    CHECK(again.json()["accepted"] == 0);
    CHECK(again.json()["suppressed"] == 0);
    CHECK(again.json()["duplicates"] == 1);
  }
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.metric(
            "suppressd_webhook_events_total{provider=\"sendgrid\",result=\"accepted\"}") == 1);
}

TEST_CASE("what is proven and no payload is a problem; what is only odd is passed over") {
  WebhookDriver driver;
  driver.set_sendgrid();
  for (const std::string body : {"", "{", "{}", "[1,2", "\"text\"", "[\"\xff\"]"}) {
    INFO(body);
    const Reply reply =
        driver.deliver("sendgrid", body, driver.sendgrid_fields(body, driver.now_seconds()));
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "webhook-payload");
  }
  json odd = hard_bounce("dead@example.com");
  odd["timestamp"] = "yesterday";
  odd["category"] = 7;
  odd["reason"] = std::string(5'000, 'x') + "\u00e9";
  odd["sg_event_id"] = std::string(500, 'i');
  const Reply reply = driver.sendgrid({odd, event("spamreport", "no address"), json::object()});
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["accepted"] == 1);
  CHECK(reply.json()["invalid"] == 1);
  CHECK(reply.json()["ignored"] == 1);
  const json cause = driver.causes_of("acme", "dead@example.com")[0];
  CHECK(cause["evidence"].get<std::string>().size() == evidence_octets_max);
  CHECK(driver.sendgrid(json::array()).json()["accepted"] == 0);
}

TEST_CASE("an event from the future happened when it came") {
  WebhookDriver driver;
  driver.set_sendgrid();
  json early = hard_bounce("dead@example.com");
  early["timestamp"] = now_ms() / 1000 + 10 * 365 * 24 * 3600;
  const TimeMs before = now_ms();
  REQUIRE(driver.sendgrid({early}).status == 200);
  const json cause = driver.causes_of("acme", "dead@example.com")[0];
  const auto at = parse_time(cause["at"].get<std::string>());
  REQUIRE(at);
  CHECK(*at >= before);
  CHECK(*at <= now_ms());
}

TEST_CASE("a delivery that is too large, or grows too large when it is unpacked, is refused") {
  WebhookDriver driver;
  driver.set_sendgrid();
  const std::string body((1 << 20) + 1, ' ');
  CHECK(
      driver.deliver("sendgrid", body, driver.sendgrid_fields(body, driver.now_seconds())).status ==
      413);
  // A few kilobytes that would be 512 MiB, proven or not.
  const std::string bomb = zstd(std::string(512ull << 20, ' '));
  REQUIRE(bomb.size() < (1 << 20));
  const Reply burst = driver.deliver("sendgrid", bomb, {{"content-encoding", "zstd"}});
  CHECK((burst.status == 413 || burst.status == 400));
  // What is packed is signed as it was before.
  const std::string small = json::array({hard_bounce("packed@example.com")}).dump();
  auto fields = driver.sendgrid_fields(small, driver.now_seconds());
  fields.emplace_back("content-encoding", "zstd");
  CHECK(driver.deliver("sendgrid", zstd(small), fields).json()["suppressed"] == 1);
  fields.back().second = "br";
  CHECK(driver.deliver("sendgrid", small, fields).status == 415);
  json many = json::array();
  for (int i = 0; i < 10'001; ++i) many.push_back({{"event", "open"}, {"email", "a@b.c"}});
  CHECK(driver.sendgrid(many).problem() == "webhook-payload");
}

TEST_CASE("accounts have settings of their own, and secrets never come out") {
  WebhookDriver driver;
  const std::string key = encode_base64(driver.sendgrid_key.public_der());
  const json made = driver.must_set("sendgrid", {{"public_key", key}});
  CHECK(made["provider"] == "sendgrid");
  CHECK(made["feeds_platform"] == true);
  CHECK(made["secret_id"].get<std::string>().starts_with("w_"));
  CHECK(made["url"] == "/v1/accounts/acme/webhooks/sendgrid");
  const std::string secret = "a signing key of mailgun";
  driver.must_set("mailgun", {{"signing_key", secret}, {"feeds_platform", false}});
  driver.must_set("dsn", {{"user", "postfix"}, {"secret", "a secret of ours, long"}});
  const Reply all = driver.as(driver.owner, "GET", "/v1/accounts/acme/webhooks");
  REQUIRE(all.status == 200);
  CHECK(all.json()["items"].size() == 3);
  CHECK(all.json()["items"][2]["user"] == "postfix");
  CHECK(all.json()["items"][2]["feeds_platform"] == false);
  const std::string everything = all.body + driver.get("/v1/accounts/acme/webhooks/mailgun").body +
                                 driver.get("/v1/changes?after=0&limit=1000").body;
  CHECK(everything.find(secret) == std::string::npos);
  CHECK(everything.find("a secret of ours") == std::string::npos);
  CHECK(everything.find("webhook_set") != std::string::npos);

  // Another account sees nothing of it.
  CHECK(
      driver.as(driver.other_owner, "GET", "/v1/accounts/globe/webhooks").json()["items"].empty());
  CHECK(driver.as(driver.other_owner, "GET", "/v1/accounts/acme/webhooks").status == 404);
  const Reply none = driver.as(driver.other_owner, "GET", "/v1/accounts/globe/webhooks/sendgrid");
  CHECK(none.status == 404);
  CHECK(none.problem() == "unknown-webhook");

  // What is left out stays; the same again is no change.
  const json later = driver.must_set("mailgun", {{"feeds_platform", true}});
  CHECK(later["feeds_platform"] == true);
  const uint64_t sequence = driver.store().sequence();
  driver.must_set("mailgun", {{"signing_key", secret}});
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.set(driver.owner, "acme", "mailgun", {{"feeds_platform", true}}).status == 403);

  CHECK(driver.remove("/v1/accounts/acme/webhooks/sendgrid").status == 200);
  CHECK(driver.remove("/v1/accounts/acme/webhooks/sendgrid").status == 404);
  CHECK(driver.get("/v1/accounts/acme/webhooks/sendgrid").status == 404);
  CHECK(driver.sendgrid({hard_bounce("dead@example.com")}).status == 403);
  CHECK(driver.get("/v1/changes?after=0&limit=1000").body.find("webhook_removed") !=
        std::string::npos);
}

TEST_CASE("a setting that could prove nothing is refused, member by member") {
  WebhookDriver driver;
  const auto error = [&](const std::string& provider, const json& body) {
    const Reply reply = driver.set(driver.support, "acme", provider, body);
    CHECK(reply.status == 400);
    return reply.json()["errors"][0].value("field", "") + ":" +
           reply.json()["errors"][0]["error"].get<std::string>();
  };
  CHECK(error("sendgrid", json::object()) == "public_key:required");
  CHECK(error("sendgrid", {{"public_key", "AAAA"}}) == "public_key:not_a_p256_key");
  CHECK(error("sendgrid", {{"public_key", encode_base64(SigningKey::rsa().public_der())}}) ==
        "public_key:not_a_p256_key");
  CHECK(error("sendgrid", {{"public_key", encode_base64(SigningKey::p384().public_der())}}) ==
        "public_key:not_a_p256_key");
  CHECK(error("mailgun", {{"signing_key", "short"}}) == "signing_key:too_short");
  CHECK(error("ses", {{"topics", json::array()}}) == "topics:empty");
  CHECK(error("ses", {{"topics", {"arn:aws:sqs:eu-west-1:123456789012:q"}}}) ==
        "topics:not_a_topic");
  CHECK(error("postmark", {{"user", "us:er"}, {"secret", "a secret that is long"}}) ==
        "user:bad_value");
  CHECK(error("dsn", {{"user", "postfix"}}) == "secret:required");
  CHECK(error("arf", {{"feeds_platform", true}}) == "secret:required");
  CHECK(error("arf", {{"topics", {"x"}}}) == ":unknown_member");
  CHECK(driver.set(driver.support, "acme", "mailchimp", json::object()).status == 404);
}

TEST_CASE("settings of webhooks survive a restart") {
  test::AppDriverOptions options;
  options.folder = std::make_shared<test::TemporaryFolder>();
  json made;
  auto first = std::make_unique<WebhookDriver>(options);
  made = first->must_set("mailgun", {{"signing_key", "a signing key of mailgun"}});
  first.reset();
  test::AppDriver second(options);
  CHECK(second.store().webhooks().size() == 1);
  CHECK(second.store().webhooks()[0].secret_id == made["secret_id"]);
  CHECK(second.store().webhooks()[0].proof.secret == "a signing key of mailgun");
  CHECK(second.get("/v1/accounts/acme/webhooks/mailgun").json()["secret_id"] == made["secret_id"]);
}

}  // namespace suppressd
