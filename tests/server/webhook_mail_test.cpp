// Delivery reports and feedback reports as raw messages.
#include <catch2/catch.hpp>

#include "server/report_fields.hpp"
#include "tests/server/webhook_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::encode_base64;
using test::Reply;
using test::WebhookDriver;

const std::string secret = "a secret of our mail server";

struct MailDriver : WebhookDriver {
  MailDriver() {
    must_set("dsn", {{"user", "postfix"}, {"secret", secret}});
    must_set("arf", {{"secret", secret}});
  }
  Reply dsn(const std::string& mail, const std::string& type = "message/rfc822") {
    return deliver(
        "dsn", mail,
        {{"content-type", type}, {"authorization", "Basic " + encode_base64("postfix:" + secret)}});
  }
  Reply arf(const std::string& mail) {
    return deliver("arf", mail,
                   {{"content-type", "message/rfc822"}, {"authorization", "Bearer " + secret}});
  }
};

/// A report around `blocks`; the original message is returned with it.
std::string report(const std::string& blocks, const std::string& type = "delivery-status",
                   const std::string& encoding = "7bit") {
  return "From: MAILER-DAEMON@mx.example\r\nTo: news@acme.example\r\n"
         "Subject: Undelivered\r\nDate: Sun, 1 Mar 2026 09:31:00 +0000\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=" +
         type +
         ";\r\n\tboundary=\"BB\"\r\n\r\n"
         "This is a MIME message.\r\n--BB\r\nContent-Type: text/plain\r\n\r\nIt bounced.\r\n"
         "--BB\r\nContent-Type: message/" +
         type + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + blocks +
         "\r\n--BB\r\nContent-Type: message/rfc822\r\n\r\n"
         "To: nobody@example.com\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; returned@example.com\r\n"
         "Action: failed\r\nStatus: 5.1.1\r\n\r\n--BB--\r\n";
}

const std::string about_message =
    "Reporting-MTA: dns; mx.example\r\nArrival-Date: Sun, 1 Mar 2026 09:30:00 +0000\r\n\r\n";

std::string block(const std::string& address, const std::string& action, const std::string& status,
                  const std::string& reply = "") {
  std::string text = "Final-Recipient: rfc822; " + address + "\r\nAction: " + action +
                     "\r\nStatus: " + status + "\r\n";
  if (!reply.empty()) text += "Diagnostic-Code: smtp; " + reply + "\r\n";
  return text + "\r\n";
}

std::string feedback(const std::string& fields) {
  return report(
      "User-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n"
      "Arrival-Date: Sun, 1 Mar 2026 09:30:00 GMT\r\n" +
          fields,
      "feedback-report");
}

}  // namespace

TEST_CASE("a delivery report suppresses the recipients that failed for good, and those alone") {
  MailDriver driver;
  const std::string fine = driver.add_contact("acme", "fine@example.com");
  const Reply reply = driver.dsn(report(
      about_message + block("dead@example.com", "failed", "5.1.1", "550 5.1.1 no such user") +
      block("full@example.com", "failed", "5.2.2 (mailbox full)", "552 5.2.2 quota") +
      block("slow@example.com", "Delayed", "4.4.1") + block("spam@example.com", "failed", "5.7.1") +
      block("fine@example.com", "delivered", "2.0.0") +
      block("on@example.com", "relayed", "2.0.0") +
      block("list@example.com", "expanded", "2.0.0")));
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["accepted"] == 5);
  CHECK(reply.json()["ignored"] == 2);
  CHECK(reply.json()["suppressed"] == 1);
  CHECK(driver.verdict("acme", "dead@example.com") == "suppressed:account:hard_bounce");
  for (const char* name : {"full", "slow", "spam", "fine", "on", "list", "returned"}) {
    INFO(name);
    CHECK(driver.verdict("acme", std::string(name) + "@example.com") == "clear");
  }
  CHECK(driver.card("acme", fine)["email"]["last_delivered"] == "2026-03-01T09:30:00.000Z");
  const json cause = driver.causes_of("acme", "dead@example.com")[0];
  CHECK(cause["source"] == "webhook:dsn");
  CHECK(cause["at"] == "2026-03-01T09:30:00.000Z");
  CHECK(cause["evidence"] == "550 5.1.1 no such user");
  // Not signed, so not the platform's.
  CHECK(driver.verdict("globe", "dead@example.com") == "clear");
}

TEST_CASE("the recipient that the message was sent to is the one that counts") {
  MailDriver driver;
  REQUIRE(
      driver
          .dsn(report(about_message + "Original-Recipient: rfc822;list-member@example.com\r\n"
                                      "Final-Recipient: rfc822;forwarded@elsewhere.example\r\n"
                                      "Action: failed\r\nStatus: 5.1.1\r\n"
                                      "Diagnostic-Code: smtp;\r\n 550 5.1.1\r\n\t no such user\r\n"
                                      "Last-Attempt-Date: Sun, 1 Mar 2026 11:00:00 +0200\r\n"))
          .json()["suppressed"] == 1);
  CHECK(driver.verdict("acme", "list-member@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.verdict("acme", "forwarded@elsewhere.example") == "clear");
  const json cause = driver.causes_of("acme", "list-member@example.com")[0];
  CHECK(cause["evidence"] == "550 5.1.1 no such user");
  CHECK(cause["at"] == "2026-03-01T09:00:00.000Z");
}

TEST_CASE("addresses in UTF-8 are read in both spellings, and so is an encoded report") {
  MailDriver driver;
  const std::string plain =
      "Reporting-MTA: dns; mx.example\r\n\r\n"
      "Final-Recipient: utf-8; j\xc3\xb6rg@example.com\r\nAction: failed\r\n"
      "Status: 5.1.1\r\n";
  CHECK(driver.dsn(report(plain, "global-delivery-status", "8bit"), "message/global")
            .json()["suppressed"] == 1);
  CHECK(driver.verdict("acme", "j\xc3\xb6rg@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver
            .dsn(report(about_message + "Final-Recipient: utf-8; h\\x{E9}l\\x{E8}ne@example.com\r\n"
                                        "Action: failed\r\nStatus: 5.1.1\r\n"))
            .json()["suppressed"] == 1);
  CHECK(driver.verdict("acme", "h\xc3\xa9l\xc3\xa8ne@example.com") ==
        "suppressed:account:hard_bounce");
  const std::string encoded =
      encode_base64(about_message + block("coded@example.com", "failed", "5.1.1"));
  CHECK(driver.dsn(report(encoded, "delivery-status", "base64"), "text/plain; charset=latin1")
            .json()["suppressed"] == 1);
  CHECK(driver.verdict("acme", "coded@example.com") == "suppressed:account:hard_bounce");
}

TEST_CASE("a message without a report, a report without recipients and deep ones are refused") {
  MailDriver driver;
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
  std::string nested;
  for (int i = 0; i < 100; ++i) {
    const std::string mark = "b" + std::to_string(i);
    nested += "Content-Type: multipart/mixed; boundary=" + mark + "\r\n\r\n--" + mark + "\r\n";
  }
  const std::string whole = report(about_message + block("dead@example.com", "failed", "5.1.1"));
  for (const std::string& mail :
       {std::string(), std::string("Subject: Out of office\r\n\r\nI am away.\r\n"), deep, nested,
        report(about_message), report(""), std::string(100'000, '\n'), std::string(1'000, '\0'),
        whole.substr(0, whole.find("Final-Recipient")),
        feedback("Feedback-Type: abuse\r\nOriginal-Rcpt-To: a@example.com\r\n")}) {
    const Reply reply = driver.dsn(mail);
    INFO(mail.substr(0, 200));
    CHECK(reply.status == 400);
    CHECK(reply.problem() == "webhook-payload");
  }
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");
  CHECK(driver.dsn(whole, "application/json").status == 415);
  CHECK(driver.dsn(std::string((8 << 20) + 1, 'x')).status == 413);
  // Cut off behind a recipient: what is there is proven by the sender all the same.
  CHECK(driver.dsn(whole.substr(0, whole.find("\r\n--BB\r\nContent-Type: message/rfc822")))
            .json()["suppressed"] == 1);
}

TEST_CASE("reports come from the one who knows the secret, and once") {
  MailDriver driver;
  const std::string mail = report(about_message + block("dead@example.com", "failed", "5.1.1"));
  for (const std::string& authorization :
       {std::string(), "Bearer " + secret, "Basic " + encode_base64("postfix:" + secret + "x"),
        "Basic " + encode_base64("other:" + secret), std::string("Basic ***")}) {
    CHECK(driver
              .deliver("dsn", mail,
                       {{"content-type", "message/rfc822"}, {"authorization", authorization}})
              .status == 401);
  }
  CHECK(driver.deliver("arf", mail, {{"authorization", "Bearer wrong, wrong, wrong"}}).status ==
        401);
  CHECK(driver.verdict("acme", "dead@example.com") == "clear");
  CHECK(driver.dsn(mail).json()["suppressed"] == 1);
  CHECK(driver.dsn(mail).json()["duplicates"] == 1);
}

TEST_CASE("a feedback report is a complaint where its type says that somebody complained") {
  MailDriver driver;
  const auto tell = [&](const std::string& type, const std::string& email) {
    const Reply reply = driver.arf(feedback("Feedback-Type: " + type + "\r\nOriginal-Rcpt-To: <" +
                                            email + ">\r\nRemoval-Recipient: " + email + "\r\n"));
    REQUIRE(reply.status == 200);
    return reply.json()["accepted"].get<int>();
  };
  CHECK(tell("abuse", "angry@example.com") == 1);
  CHECK(tell("Fraud", "cheated@example.com") == 1);
  for (const char* type : {"not-spam", "virus", "auth-failure", "other", "of-next-year"}) {
    CHECK(tell(type, "calm@example.com") == 0);
  }
  CHECK(driver.verdict("acme", "angry@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("acme", "cheated@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("acme", "calm@example.com") == "clear");
  CHECK(driver.causes_of("acme", "angry@example.com")[0]["evidence"] == "abuse");

  const Reply several = driver.arf(
      feedback("Feedback-Type: abuse\r\nOriginal-Rcpt-To: one@example.com\r\nOriginal-Rcpt-To: "
               "two@example.com\r\n"));
  CHECK(several.json()["suppressed"] == 2);
  for (const char* redacted : {"", "Original-Rcpt-To: redacted\r\n",
                               "Original-Rcpt-To: <user-REDACTED@example.com>\r\n"}) {
    const Reply reply = driver.arf(feedback(std::string("Feedback-Type: abuse\r\n") + redacted));
    INFO(redacted);
    REQUIRE(reply.status == 200);
    CHECK(reply.json()["unidentified"] == 1);
    CHECK(reply.json()["accepted"] == 0);
  }
  CHECK(driver.arf(feedback("Original-Rcpt-To: a@example.com\r\n")).problem() == "webhook-payload");
  CHECK(driver.arf("Subject: hello\r\n\r\n").problem() == "webhook-payload");
}

TEST_CASE("fields of reports are unfolded, and what is no field is passed over") {
  const auto blocks = parse_report("A: 1\n folded\n\tagain\nno field\n\r\n \r\nB :2\r\nB:3\n\n\n");
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].get("a") == "1 folded again");
  CHECK(blocks[1].get("b") == "2");
  CHECK(blocks[1].all("b").size() == 2);
  CHECK(blocks[1].get("c").empty());
  CHECK(address_in("RFC822 ; a@example.com ") == "a@example.com");
  CHECK(address_in("x400; whatever").empty());
  CHECK(address_in("a@example.com").empty());
  CHECK(address_in("utf-8; \\x{1F600}\\x{41}\\x{D800}\\x{110000}\\x{") ==
        "\xf0\x9f\x98\x80"
        "A\\x{D800}\\x{110000}\\x{");
  CHECK(without_type("smtp; 550 no") == "550 no");
  CHECK(without_type("550 no") == "550 no");
}

}  // namespace suppressd
