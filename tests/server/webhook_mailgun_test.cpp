// Mailgun, whose signature covers no event, and Postmark, which signs nothing.
#include <catch2/catch.hpp>

#include "tests/server/webhook_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::encode_base64;
using test::Reply;
using test::WebhookDriver;

const std::string signing_key = "key-0123456789abcdef0123456789abcdef";

struct MailgunDriver : WebhookDriver {
  explicit MailgunDriver(const test::AppDriverOptions& options = {}) : WebhookDriver(options) {
    must_set("mailgun", {{"signing_key", signing_key}});
  }
  static json signature(const std::string& token, int64_t ahead = 0,
                        const std::string& key = signing_key) {
    const std::string time = now_seconds(ahead);
    return {{"timestamp", time},
            {"token", token},
            {"signature", encode_hex(hmac_sha256(key, time + token))}};
  }
  Reply post(const json& signature, const json& event, const std::string& account = "acme") {
    const json body{{"signature", signature}, {"event-data", event}};
    return deliver("mailgun", body.dump(), {{"content-type", "application/json"}}, account);
  }
  json tell(const json& event) {
    return good(post(signature("token" + std::to_string(next_token_++)), event));
  }

 private:
  int next_token_ = 0;
};

json failed(const std::string& email, const std::string& severity, const std::string& reason,
            int code, const std::string& enhanced, const std::string& message) {
  return {{"event", "failed"},
          {"id", "G9Bn5sl1TC6nu79C8C0bwg-" + email},
          {"timestamp", 1'772'357'400.25},
          {"severity", severity},
          {"reason", reason},
          {"recipient", email},
          {"recipient-domain", "example.com"},
          {"delivery-status",
           {{"code", code},
            {"enhanced-code", enhanced},
            {"message", message},
            {"attempt-no", 1},
            {"bounce-type", "hard"}}},
          {"tags", {"spring"}},
          {"user-variables", {{"my_var", "x"}}},
          {"message", {{"headers", {{"message-id", "20130503192659.13651.20287@acme.example"}}}}}};
}

}  // namespace

TEST_CASE("what each event of Mailgun means") {
  MailgunDriver driver;
  struct Row {
    json event;
    std::string verdict;
    int accepted;
  };
  const std::vector<Row> rows = {
      {failed("a@example.com", "permanent", "bounce", 550, "5.1.1", "5.1.1 no such user"),
       "suppressed:account:hard_bounce", 1},
      {failed("b@example.com", "temporary", "generic", 550, "5.1.1", "no such user"), "clear", 1},
      {failed("c@example.com", "permanent", "bounce", 550, "5.7.1", "policy"), "clear", 1},
      {failed("d@example.com", "permanent", "suppress-bounce", 605, "", "previously bounced"),
       "clear", 0},
      {failed("e@example.com", "permanent", "suppress-complaint", 607, "", ""), "clear", 0},
      {failed("f@example.com", "permanent", "old", 602, "", "Too old"), "clear", 1},
      {{{"event", "complained"}, {"recipient", "g@example.com"}, {"timestamp", 1'772'357'400.5}},
       "suppressed:account:complaint",
       1},
      {{{"event", "unsubscribed"}, {"recipient", "h@example.com"}, {"tags", json::array()}},
       "suppressed:account:unsubscribe",
       1},
      {{{"event", "list_member_uploaded"}, {"recipient", "i@example.com"}}, "clear", 0},
      {{{"event", "failed"}, {"severity", "permanent"}, {"recipient", "j@example.com"}},
       "clear",
       1},
  };
  for (const Row& row : rows) {
    INFO(row.event.dump());
    const json answer = driver.tell(row.event);
    CHECK(answer["accepted"] == row.accepted);
    CHECK(answer["ignored"] == 1 - row.accepted);
    CHECK(driver.verdict("acme", row.event["recipient"]) == row.verdict);
  }
  CHECK(driver.verdict("globe", "a@example.com") == "suppressed:platform:hard_bounce");
  const json cause = driver.causes_of("acme", "a@example.com")[0];
  CHECK(cause["source"] == "webhook:mailgun");
  CHECK(cause["campaign"] == "spring");
  CHECK(cause["at"] == "2026-03-01T09:30:00.250Z");
}

TEST_CASE(
    "a token of Mailgun is good for one body, also across a restart and when it told nothing") {
  test::AppDriverOptions options;
  options.folder = std::make_shared<test::TemporaryFolder>();
  const json used = MailgunDriver::signature("used"), idle = MailgunDriver::signature("idle");
  const json bounced = failed("a@example.com", "permanent", "bounce", 550, "5.1.1", "no such user");
  const json forged = failed("x@example.com", "permanent", "bounce", 550, "5.1.1", "no such user");
  const auto check = [&](auto& driver) {
    const Reply again = driver.post(used, bounced);
    CHECK(again.status == 200);
    CHECK(again.json()["accepted"] == 0);
    CHECK(again.json()["duplicates"] == 1);
    for (const json& token : {used, idle}) {
      const Reply other = driver.post(token, forged);
      CHECK(other.status == 409);
      CHECK(other.problem() == "webhook-replayed");
    }
    CHECK(driver.verdict("acme", "x@example.com") == "clear");
  };
  {
    MailgunDriver driver(options);
    REQUIRE(driver.post(used, bounced).json()["suppressed"] == 1);
    REQUIRE(driver.post(idle, {{"event", "stored"}}).json()["ignored"] == 1);
    check(driver);
  }
  struct Again : test::AppDriver {
    using test::AppDriver::AppDriver;
    Reply post(const json& signature, const json& event) {
      const json body{{"signature", signature}, {"event-data", event}};
      return send({"POST", "/v1/accounts/acme/webhooks/mailgun", "", {}, body.dump()});
    }
  } again(options);
  check(again);
}

TEST_CASE("a forged, stale or truncated delivery of Mailgun is refused") {
  MailgunDriver driver;
  const json event{{"event", "complained"}, {"recipient", "a@example.com"}};
  const auto problem = [&](const json& signature, const std::string& account = "acme") {
    return driver.post(signature, event, account).problem();
  };
  CHECK(problem(MailgunDriver::signature("t", 0, "another key of nobody")) == "webhook-unproven");
  json bad = MailgunDriver::signature("t");
  bad["token"] = "u";
  CHECK(problem(bad) == "webhook-unproven");
  bad = MailgunDriver::signature("t");
  bad["signature"] = bad["signature"].get<std::string>().substr(2);
  CHECK(problem(bad) == "webhook-unproven");
  CHECK(problem(nullptr) == "webhook-unproven");
  CHECK(problem(json::object()) == "webhook-unproven");
  CHECK(problem(MailgunDriver::signature("")) == "webhook-unproven");
  CHECK(problem(MailgunDriver::signature("t", -16 * 60)) == "webhook-stale");
  CHECK(problem(MailgunDriver::signature("t", 6 * 60)) == "webhook-stale");
  CHECK(problem(MailgunDriver::signature("t"), "globe") == "webhook-unproven");
  CHECK(driver.deliver("mailgun", "{\"signature\":{", {}).problem() == "webhook-payload");
  const json alone{{"signature", MailgunDriver::signature("alone")}};
  CHECK(driver.deliver("mailgun", alone.dump(), {}).problem() == "webhook-payload");
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  // The hex digits' case and a few minutes do not matter.
  json upper = MailgunDriver::signature("t", -10 * 60);
  std::string digits = upper["signature"];
  for (char& c : digits) c = static_cast<char>(std::toupper(c));
  upper["signature"] = digits;
  CHECK(driver.post(upper, event).status == 200);
}

namespace {

struct PostmarkDriver : WebhookDriver {
  PostmarkDriver() {
    must_set("postmark", {{"user", "postmark"}, {"secret", "a secret, long one"}});
  }
  Reply post(const json& event, const std::string& credentials = "postmark:a secret, long one",
             const std::string& account = "acme") {
    return deliver("postmark", event.dump(),
                   {{"content-type", "application/json"},
                    {"authorization", "Basic " + encode_base64(credentials)}},
                   account);
  }
};

json postmark_bounce(const std::string& email, int code, const std::string& type) {
  static int next = 0;
  return {{"RecordType", "Bounce"},
          {"ID", 4'323'372'036'854'775'807 + next++},
          {"Type", type},
          {"TypeCode", code},
          {"Name", "Hard bounce"},
          {"Tag", "spring"},
          {"MessageID", "883953f4-6105-42a2-a16a-77a8eac79483"},
          {"ServerID", 23},
          {"MessageStream", "outbound"},
          {"Description", "The server was unable to deliver your message"},
          {"Details", "smtp;550 5.1.1 unknown user"},
          {"Email", email},
          {"From", "news@acme.example"},
          {"BouncedAt", "2026-03-01T09:30:00.2507890Z"},
          {"DumpAvailable", true},
          {"Inactive", true},
          {"Metadata", {{"a", "b"}}}};
}

json subscription(const std::string& email, bool suppress, const json& reason,
                  const std::string& origin) {
  return {{"RecordType", "SubscriptionChange"},
          {"MessageID", nullptr},
          {"ChangedAt", "2026-03-01T09:30:00Z"},
          {"Recipient", email},
          {"Origin", origin},
          {"SuppressSending", suppress},
          {"SuppressionReason", reason}};
}

}  // namespace

TEST_CASE("what each record of Postmark means; nothing of it reaches the platform by itself") {
  PostmarkDriver driver;
  struct Row {
    json event;
    std::string email, verdict;
    int accepted;
  };
  std::vector<Row> rows;
  for (const auto& [code, verdict, accepted] :
       std::vector<std::tuple<int, std::string, int>>{{1, "suppressed:account:hard_bounce", 1},
                                                      {100000, "suppressed:account:hard_bounce", 1},
                                                      {2, "clear", 1},
                                                      {256, "clear", 1},
                                                      {4096, "clear", 1},
                                                      {512, "clear", 1},
                                                      {100006, "clear", 1},
                                                      {100009, "clear", 1},
                                                      {16, "suppressed:account:unsubscribe", 1},
                                                      {100001, "suppressed:account:complaint", 1},
                                                      {32, "clear", 0},
                                                      {64, "clear", 0},
                                                      {100002, "clear", 0},
                                                      {77, "clear", 0}}) {
    const std::string email = "code" + std::to_string(code) + "@example.com";
    rows.push_back({postmark_bounce(email, code, "Any"), email, verdict, accepted});
  }
  json complained = postmark_bounce("angry@example.com", 100001, "SpamComplaint");
  complained["RecordType"] = "SpamComplaint";
  rows.push_back({complained, "angry@example.com", "suppressed:account:complaint", 1});
  rows.push_back({subscription("left@example.com", true, "ManualSuppression", "Recipient"),
                  "left@example.com", "suppressed:account:unsubscribe", 1});
  rows.push_back({subscription("echo@example.com", true, "HardBounce", "Recipient"),
                  "echo@example.com", "clear", 0});
  rows.push_back({subscription("desk@example.com", true, "ManualSuppression", "Customer"),
                  "desk@example.com", "clear", 0});
  rows.push_back({subscription("code1@example.com", false, nullptr, "Recipient"),
                  "code1@example.com", "suppressed:account:hard_bounce", 0});
  rows.push_back({{{"RecordType", "Of next year"}}, "nobody@example.com", "clear", 0});
  for (const Row& row : rows) {
    INFO(row.event.dump());
    const Reply reply = driver.post(row.event);
    REQUIRE(reply.status == 200);
    CHECK(reply.json()["accepted"] == row.accepted);
    CHECK(reply.json()["ignored"] == 1 - row.accepted);
    CHECK(driver.verdict("acme", row.email) == row.verdict);
  }
  CHECK(driver.verdict("globe", "code1@example.com") == "clear");
  const json cause = driver.causes_of("acme", "code1@example.com")[0];
  CHECK(cause["campaign"] == "spring");
  CHECK(cause["evidence"] == "smtp;550 5.1.1 unknown user");
  CHECK(cause["at"] == "2026-03-01T09:30:00.250Z");
}

TEST_CASE("Postmark is known by its password, before its body is taken") {
  PostmarkDriver driver;
  const json event = postmark_bounce("a@example.com", 1, "HardBounce");
  for (const char* wrong : {"postmark:a secret, long on", "postmark:", "postmark", "",
                            "Postmark:a secret, long one", "postmark:a secret, long one2"}) {
    INFO(wrong);
    const Reply reply = driver.post(event, wrong);
    CHECK(reply.status == 401);
    CHECK(reply.problem() == "webhook-unproven");
    CHECK(reply.field("WWW-Authenticate").starts_with("Basic"));
  }
  CHECK(driver.deliver("postmark", event.dump(), {}).status == 401);
  CHECK(driver.deliver("postmark", event.dump(), {{"authorization", "Bearer a secret, long one"}})
            .status == 401);
  CHECK(driver.post(event, "postmark:a secret, long one", "globe").status == 401);
  CHECK(driver.post(json::array()).problem() == "webhook-payload");
  CHECK(driver.verdict("acme", "a@example.com") == "clear");
  // Without a user it is a bearer token, in a header that Postmark is told to send.
  driver.must_set("postmark", {{"secret", "another secret, long"}});
  CHECK(driver.post(event).status == 401);
  const test::Reply reply =
      driver.deliver("postmark", event.dump(), {{"authorization", "Bearer another secret, long"}});
  CHECK(reply.json()["suppressed"] == 1);
  // The same bounce told again.
  CHECK(driver.deliver("postmark", event.dump(), {{"authorization", "Bearer another secret, long"}})
            .json()["duplicates"] == 1);
}

}  // namespace suppressd
