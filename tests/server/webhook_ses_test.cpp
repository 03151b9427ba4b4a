// Amazon SES through SNS: envelopes signed with a certificate of the test's own.
#include <catch2/catch.hpp>

#include "tests/server/webhook_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::encode_base64;
using test::Reply;
using test::SigningKey;
using test::WebhookDriver;

const std::string topic = "arn:aws:sns:eu-west-1:123456789012:bounces";
const std::string certificate_url =
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem";
const std::string subscribe_url =
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336";

const SigningKey& rsa() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}

struct SesDriver : WebhookDriver {
  SesDriver() {
    hosts.pages[certificate_url] = rsa().certificate();
    hosts.pages[subscribe_url] = "<ConfirmSubscriptionResponse/>";
    must_set("ses", {{"topics", {topic}}});
  }

  json envelope(const std::string& message, const std::string& id = "m-1") {
    return {{"Type", "Notification"},
            {"MessageId", id},
            {"TopicArn", topic},
            {"Message", message},
            {"Timestamp", time_text(now_ms())},
            {"SignatureVersion", "1"},
            {"SigningCertURL", certificate_url},
            {"UnsubscribeURL", "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe"}};
  }
  /// Signs what SNS signs: the members in this order, those that are there.
  static json sign(json made, const SigningKey& key = rsa()) {
    std::string text;
    for (const char* name : {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp",
                             "Token", "TopicArn", "Type"}) {
      if (made.contains(name))
        text += std::string(name) + "\n" + made[name].get<std::string>() + "\n";
    }
    const EVP_MD* digest = made["SignatureVersion"] == "2" ? EVP_sha256() : EVP_sha1();
    made["Signature"] = encode_base64(key.sign(digest, text));
    return made;
  }
  Reply post(const json& body, const std::string& account = "acme") {
    return deliver(
        "ses", body.dump(),
        {{"content-type", "text/plain; charset=UTF-8"}, {"x-amz-sns-message-type", "Notification"}},
        account);
  }
  json tell(const json& message, const std::string& id = "m-1") {
    return good(post(sign(envelope(message.dump(), id))));
  }
  json confirmation() {
    json made = envelope("You have chosen to subscribe to the topic.");
    made["Type"] = "SubscriptionConfirmation";
    made["SubscribeURL"] = subscribe_url;
    made["Token"] = "2336";
    return made;
  }
};

json recipient(const std::string& email, const std::string& status, const std::string& reply) {
  return {
      {"emailAddress", email}, {"action", "failed"}, {"status", status}, {"diagnosticCode", reply}};
}

json bounce(const std::string& type, const std::string& sub_type, const json& recipients) {
  return {{"notificationType", "Bounce"},
          {"mail",
           {{"timestamp", "2026-03-01T09:00:00.000Z"},
            {"messageId", "00000138111222aa-33322211"},
            {"source", "news@acme.example"},
            {"destination", {"first@example.com", "second@example.com"}},
            {"tags", {{"campaign", {"spring"}}}}}},
          {"bounce",
           {{"bounceType", type},
            {"bounceSubType", sub_type},
            {"bouncedRecipients", recipients.is_array() ? recipients : json::array({recipients})},
            {"timestamp", "2026-03-01T09:30:00.250Z"},
            {"feedbackId", "00000137860315fd-869464a4"},
            {"remoteMtaIp", "127.0.2.0"},
            {"a member of next year", json::array()}}}};
}

json complaint(const std::string& email, const json& sub_type, const std::string& feedback) {
  return {{"eventType", "Complaint"},
          {"mail", {{"destination", {email}}}},
          {"complaint",
           {{"complainedRecipients", {{{"emailAddress", email}}}},
            {"complaintSubType", sub_type},
            {"complaintFeedbackType", feedback},
            {"timestamp", "2026-03-01T09:30:00.000Z"}}}};
}

}  // namespace

TEST_CASE("both versions of SNS signatures are proven, with a subject and without") {
  SesDriver driver;
  int number = 0;
  for (const char* version : {"1", "2"}) {
    for (const bool subject : {false, true}) {
      const std::string email = "dead" + std::to_string(number) + "@example.com";
      json made = driver.envelope(
          bounce("Permanent", "General", {recipient(email, "5.1.1", "smtp; 550 5.1.1 unknown")})
              .dump(),
          "m-" + std::to_string(number++));
      made["SignatureVersion"] = version;
      if (subject) made["Subject"] = "Amazon SES Email Event Notification";
      const Reply reply = driver.post(SesDriver::sign(made));
      INFO(version << " " << subject << " " << reply.body);
      REQUIRE(reply.status == 200);
      CHECK(reply.json()["suppressed"] == 1);
      CHECK(driver.verdict("acme", email) == "suppressed:account:hard_bounce");
      CHECK(driver.verdict("globe", email) == "suppressed:platform:hard_bounce");
    }
  }
  // The certificate was fetched once.
  CHECK(driver.hosts.asked == std::vector<std::string>{certificate_url});
  const json cause = driver.causes_of("acme", "dead0@example.com")[0];
  CHECK(cause["source"] == "webhook:ses");
  CHECK(cause["campaign"] == "spring");
  CHECK(cause["at"] == "2026-03-01T09:30:00.250Z");
  CHECK(cause["evidence"] == "smtp; 550 5.1.1 unknown");
}

TEST_CASE("of a message with several recipients those that bounced are suppressed, and no other") {
  SesDriver driver;
  const json answer = driver.tell(bounce(
      "Permanent", "NoEmail", {recipient("second@example.com", "5.1.1", "smtp; 550 5.1.1")}));
  CHECK(answer["suppressed"] == 1);
  CHECK(driver.verdict("acme", "second@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("acme", "first@example.com") == "clear");
}

TEST_CASE("what each kind of bounce of SES means") {
  SesDriver driver;
  struct Row {
    std::string type, sub_type, status, verdict;
    int accepted;
  };
  const std::vector<Row> rows = {
      {"Permanent", "General", "5.1.1", "suppressed:account:hard_bounce", 1},
      {"Permanent", "NoEmail", "", "suppressed:account:hard_bounce", 1},
      {"Permanent", "General", "5.7.1", "clear", 1},  // policy: no fault of the address
      {"Permanent", "Suppressed", "5.1.1", "clear", 0},
      {"Permanent", "OnAccountSuppressionList", "5.1.1", "clear", 0},
      {"Transient", "MailboxFull", "4.2.2", "clear", 1},
      {"Transient", "General", "4.4.7", "clear", 1},
      {"Transient", "ContentRejected", "5.1.1", "clear", 1},
      {"Transient", "MessageTooLarge", "5.3.4", "clear", 1},
      {"Transient", "General", "5.4.4", "clear", 1},  // hard when it is said again
      {"Undetermined", "Undetermined", "", "clear", 1},
      {"Undetermined", "Undetermined", "5.1.1", "clear", 1},  // unsure is soft
      {"A type of next year", "General", "5.1.1", "clear", 1},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string email = "row" + std::to_string(i) + "@example.com";
    INFO(rows[i].type << " " << rows[i].sub_type << " " << rows[i].status);
    const json answer =
        driver.tell(bounce(rows[i].type, rows[i].sub_type, {recipient(email, rows[i].status, "")}),
                    "m-" + std::to_string(i));
    CHECK(answer["accepted"] == rows[i].accepted);
    CHECK(answer["ignored"] == 1 - rows[i].accepted);
    CHECK(driver.verdict("acme", email) == rows[i].verdict);
  }
}

TEST_CASE("a complaint suppresses, an echo and a complaint taken back do not") {
  SesDriver driver;
  driver.tell(complaint("angry@example.com", nullptr, "abuse"), "m-1");
  CHECK(driver.verdict("acme", "angry@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("globe", "angry@example.com") == "clear");
  CHECK(driver.tell(complaint("echo@example.com", "OnAccountSuppressionList", "abuse"),
                    "m-2")["ignored"] == 1);
  CHECK(driver.tell(complaint("sorry@example.com", nullptr, "not-spam"), "m-3")["ignored"] == 1);
  CHECK(driver.verdict("acme", "echo@example.com") == "clear");
  CHECK(driver.verdict("acme", "sorry@example.com") == "clear");
}

TEST_CASE("deliveries, types that nobody knows and words that are no JSON are taken") {
  SesDriver driver;
  const std::string id = driver.add_contact("acme", "fine@example.com");
  const json answer = driver.tell(
      {{"notificationType", "Delivery"},
       {"mail", {{"destination", {"fine@example.com"}}}},
       {"delivery",
        {{"timestamp", "2026-03-01T09:30:00.000Z"}, {"recipients", {"fine@example.com"}}}}},
      "m-1");
  CHECK(answer["accepted"] == 1);
  CHECK(driver.card("acme", id)["email"]["last_delivered"] == "2026-03-01T09:30:00.000Z");
  CHECK(driver.tell({{"eventType", "Rendering Failure"}, {"failure", json::object()}},
                    "m-2")["ignored"] == 1);
  CHECK(driver.tell(json::object(), "m-3")["ignored"] == 1);
  const Reply words = driver.post(SesDriver::sign(
      driver.envelope("Successfully validated SNS topic for Amazon SES event publishing.", "m-4")));
  CHECK(words.status == 200);
  CHECK(words.json()["ignored"] == 1);
}

TEST_CASE("a subscription is confirmed once it is proven to be of a topic that is listened to") {
  SesDriver driver;
  const Reply reply = driver.post(SesDriver::sign(driver.confirmation()));
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["confirmed"] == true);
  REQUIRE(driver.hosts.asked.size() == 2);
  CHECK(driver.hosts.asked[1] == subscribe_url);

  driver.hosts.asked.clear();
  json forged = SesDriver::sign(driver.confirmation());
  forged["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic";
  CHECK(driver.post(forged).status == 403);
  for (const char* elsewhere : {"https://evil.example/?Action=ConfirmSubscription",
                                "https://sns.eu-west-1.amazonaws.com@evil.example/",
                                "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
                                "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
                                "https://sns.eu-west-1.amazonaws.com.evil.example/"}) {
    json made = driver.confirmation();
    made["SubscribeURL"] = elsewhere;
    CHECK(driver.post(SesDriver::sign(made)).status == 403);
  }
  json other_topic = driver.confirmation();
  other_topic["TopicArn"] = "arn:aws:sns:eu-west-1:123456789012:others";
  CHECK(driver.post(SesDriver::sign(other_topic)).status == 403);
  CHECK(driver.hosts.asked.empty());

  // What cannot be asked for now is tried again by SNS.
  driver.hosts.pages.erase(subscribe_url);
  const Reply later = driver.post(SesDriver::sign(driver.confirmation()));
  CHECK(later.status == 503);
  CHECK(later.field("Retry-After") == "60");
}

TEST_CASE("certificates come from hosts of SNS in the topic's region, and from nowhere else") {
  SesDriver driver;
  const std::string message =
      bounce("Permanent", "General", {recipient("dead@example.com", "5.1.1", "")}).dump();
  for (const char* url :
       {"https://evil.example/SimpleNotificationService-0123.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem", "https://sns.e.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=.pem",
        "https://sns.eu-west-1.amazonaws.com/?a.pem", "https://sns.eu-west-1.amazonaws.com/a#.pem",
        "https://sns.eu-west-1.amazonaws.com/a.crt", "https://sns.EU-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com\\evil.example/a.pem",
        "https://sns..amazonaws.com/a.pem", ""}) {
    INFO(url);
    json made = driver.envelope(message);
    made["SigningCertURL"] = url;
    driver.hosts.pages[url] = rsa().certificate();
    CHECK(driver.post(SesDriver::sign(made)).problem() == "webhook-unproven");
  }
  CHECK(driver.hosts.asked.empty());
  CHECK(is_sns_certificate_url("https://sns.cn-north-1.amazonaws.com.cn/a.pem", "cn-north-1"));
  CHECK(is_sns_certificate_url(certificate_url, "eu-west-1"));
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");
}

TEST_CASE("a certificate that is over, weak or no certificate proves nothing") {
  const SigningKey weak = SigningKey::rsa(1024);
  const std::string message =
      bounce("Permanent", "General", {recipient("dead@example.com", "5.1.1", "")}).dump();
  const auto status = [&](const std::string& page, const SigningKey& key) {
    SesDriver driver;
    driver.hosts.pages[certificate_url] = page;
    return driver.post(SesDriver::sign(driver.envelope(message), key)).status;
  };
  CHECK(status(rsa().certificate(), rsa()) == 200);
  CHECK(status(rsa().certificate(-7200, -3600), rsa()) == 403);
  CHECK(status(rsa().certificate(3600, 7200), rsa()) == 403);
  CHECK(status(weak.certificate(), weak) == 403);
  CHECK(status("<html>not found</html>", rsa()) == 403);
  CHECK(status(SigningKey::p256().certificate(), rsa()) == 403);
}

TEST_CASE("a certificate that cannot be fetched is asked for again later, not at every delivery") {
  SesDriver driver;
  driver.hosts.pages.clear();
  const json made = SesDriver::sign(driver.envelope("{}"));
  for (int i = 0; i < 3; ++i) {
    const Reply reply = driver.post(made);
    CHECK(reply.status == 503);
    CHECK(reply.field("Retry-After") == "60");
  }
  CHECK(driver.hosts.asked.size() == 1);
}

TEST_CASE("a forged, truncated, stale or foreign envelope is refused") {
  SesDriver driver;
  const std::string message =
      bounce("Permanent", "General", {recipient("dead@example.com", "5.1.1", "")}).dump();
  const json made = SesDriver::sign(driver.envelope(message));
  const auto with = [&](const char* name, const json& value) {
    json other = made;
    other[name] = value;
    return driver.post(other);
  };
  CHECK(with("Message", "{}").problem() == "webhook-unproven");
  CHECK(with("MessageId", "m-2").problem() == "webhook-unproven");
  CHECK(with("Subject", "added").problem() == "webhook-unproven");
  CHECK(with("Type", "UnsubscribeConfirmation").problem() == "webhook-unproven");
  CHECK(with("TopicArn", "arn:aws:sns:eu-west-1:123456789012:other").problem() ==
        "webhook-unproven");
  CHECK(with("SignatureVersion", "2").problem() == "webhook-unproven");
  CHECK(with("SignatureVersion", "3").problem() == "webhook-unproven");
  CHECK(with("Signature", "").problem() == "webhook-unproven");
  CHECK(with("Message", 17).problem() == "webhook-payload");
  CHECK(driver.post(SesDriver::sign(driver.envelope(message), SigningKey::rsa())).problem() ==
        "webhook-unproven");
  // Two readers must not see two messages.
  std::string twice = made.dump();
  twice.insert(1, "\"Message\":\"{}\",");
  CHECK(driver.deliver("ses", twice, {}).problem() == "webhook-payload");
  CHECK(driver.deliver("ses", made.dump().substr(0, 300), {}).problem() == "webhook-payload");
  CHECK(driver.deliver("ses", "", {}).problem() == "webhook-payload");

  json old = driver.envelope(message);
  old["Timestamp"] = time_text(now_ms() - 61ull * 60 * 1000);
  CHECK(driver.post(SesDriver::sign(old)).problem() == "webhook-stale");
  old["Timestamp"] = time_text(now_ms() + 6ull * 60 * 1000);
  CHECK(driver.post(SesDriver::sign(old)).problem() == "webhook-stale");
  old["Timestamp"] = "yesterday";
  CHECK(driver.post(SesDriver::sign(old)).problem() == "webhook-unproven");
  CHECK(driver.post(made, "globe").problem() == "webhook-unproven");
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");

  REQUIRE(driver.post(made).json()["suppressed"] == 1);
  const Reply again = driver.post(made);
  CHECK(again.status == 200);
  CHECK(again.json()["duplicates"] == 1);
  CHECK(again.json()["accepted"] == 0);
}

}  // namespace suppressd
