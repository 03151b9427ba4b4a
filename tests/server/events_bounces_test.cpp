// Events that say more: replies that are classified, receipts of and answers to text messages, ids
// that make a repetition count once.
#include <catch2/catch.hpp>

#include "server/message_words.hpp"
#include "server/time_text.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd {
namespace {

using nlohmann::json;
using test::LifeDriver;
using test::Reply;

constexpr TimeMs day = 24ull * 60 * 60 * 1000;

json bounced(const std::string& email, const std::string& text, TimeMs at = 0) {
  json row{{"type", "bounced"}, {"email", email}, {"text", text}};
  if (at != 0) row["at"] = time_text(at);
  return row;
}

}  // namespace

TEST_CASE("a bounced event's reply is classified, and only a hard one suppresses") {
  LifeDriver driver;
  const std::string full = driver.add_contact("acme", "full@example.com");
  const std::string refused = driver.add_contact("acme", "refused@example.com");
  const json answer = driver.events(
      "acme", json::array({{{"type", "bounced"},
                            {"email", "dead@example.com"},
                            {"code", 550},
                            {"enhanced", "5.1.1"},
                            {"text", "no such user"}},
                           bounced("full@example.com", "552 5.2.2 mailbox full"),
                           bounced("refused@example.com", "550 5.7.1 rejected by DNSBL"),
                           bounced("unsure@example.com", "554 no")}));
  CHECK(answer["accepted"] == 4);
  CHECK(answer["suppressed"] == 1);
  CHECK(driver.verdict("acme", "dead@example.com") == "suppressed:account:hard_bounce");
  CHECK(driver.causes_of("acme", "dead@example.com")[0]["evidence"] == "550 5.1.1 no such user");
  for (const char* clear : {"full@example.com", "refused@example.com", "unsure@example.com"}) {
    CHECK(driver.verdict("acme", clear) == "clear");
  }
  CHECK(driver.card("acme", full)["email"]["state"] == "soft_bounced");
  CHECK(driver.card("acme", full)["email"]["soft_bounces"] == 1);
  // Sent, but it is no bounce of the address.
  const json blocked = driver.card("acme", refused)["email"];
  CHECK(blocked["state"] == "active");
  CHECK(blocked["soft_bounces"] == 0);
  CHECK(blocked["hard_bounces"] == 0);
  CHECK(blocked["last_sent"].is_string());
  CHECK(driver.activity("acme", refused)[0].kind == ActivityKind::blocked);
}

TEST_CASE("what the sender says of a bounce counts, unless the reply clears the address") {
  LifeDriver driver;
  const auto send = [&](const std::string& email, const std::string& said,
                        const std::string& text) {
    json row = bounced(email, text);
    row["bounce"] = said;
    driver.events("acme", json::array({row}));
    return driver.verdict("acme", email);
  };
  CHECK(send("a@example.com", "hard", "554 no") == "suppressed:account:hard_bounce");
  CHECK(send("b@example.com", "soft", "550 5.1.1 no such user") == "clear");
  CHECK(send("c@example.com", "hard", "554 5.7.1 spam detected") == "clear");
}

TEST_CASE("a missing domain suppresses when it is missing again a day later, not before") {
  LifeDriver driver;
  const TimeMs first = now_ms() - 3 * day;
  const auto send = [&](TimeMs at) {
    driver.events("acme", json::array({bounced("a@example.com", "5.4.4 no such domain", at)}));
    return driver.verdict("acme", "a@example.com");
  };
  CHECK(send(first) == "clear");
  CHECK(send(first + day - 1) == "clear");
  CHECK(send(first + day) == "suppressed:account:hard_bounce");
  // What was delivered between the two says that the domain is there.
  driver.events("acme", json::array({bounced("b@example.com", "5.4.4", first)}));
  driver.event("acme", "delivered", "b@example.com", time_text(first + 1'000));
  driver.events("acme", json::array({bounced("b@example.com", "5.4.4", first + 2 * day)}));
  CHECK(driver.verdict("acme", "b@example.com") == "clear");
  // Another account's word is no confirmation.
  driver.events("globe", json::array({bounced("a@example.com", "5.4.4", first + 2 * day)}));
  CHECK(driver.verdict("globe", "a@example.com") == "clear");
}

TEST_CASE("receipts of text messages: only a number that is nobody's is hard") {
  LifeDriver driver;
  const auto send = [&](const std::string& phone, const std::string& text) {
    driver.events("acme", json::array({{{"type", "bounced"}, {"phone", phone}, {"text", text}}}));
    return driver.verdict("acme", phone);
  };
  CHECK(send("+380501234561", "UNDELIV unknown subscriber") == "suppressed:account:hard_bounce");
  CHECK(send("+380501234562", "UNDELIV") == "clear");
  CHECK(send("+380501234563", "EXPIRED") == "clear");
  CHECK(send("+380501234564", "REJECTD") == "clear");
  CHECK(send("+380501234565", "UNKNOWN") == "clear");
  CHECK(send("+380501234566", "UNDELIV absent subscriber") == "clear");
}

TEST_CASE("whoever answers a text message with STOP is unsubscribed, in many languages") {
  for (const char* word :
       {"STOP", " stop. ", "Arrêt", "arret", "ALTO", "baja", "Stopp", "sair", "стоп", "Отписаться",
        "ВІДПИСАТИСЯ", "退订", "td", "unsubscribe", "STOP ALL"}) {
    INFO(word);
    CHECK(read_message(word) == MessageWord::stop);
  }
  for (const char* word : {"", "please stop", "stop it", "yes please", "\xff", "stopp it"}) {
    INFO(word);
    CHECK(read_message(word) == MessageWord::none);
  }
  CHECK(read_message("START") == MessageWord::start);
  CHECK(read_message(std::string(100'000, ' ') + "stop") == MessageWord::none);
  CHECK(message_words_version() >= 1);

  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "", "+380501234567");
  const auto reply = [&](const std::string& text) {
    return driver.events(
        "acme", json::array({{{"type", "replied"}, {"phone", "+380501234567"}, {"text", text}}}));
  };
  reply("Thanks, see you");
  CHECK(driver.verdict("acme", "+380501234567") == "clear");
  CHECK(driver.card("acme", id)["phone"]["last_engaged"].is_string());
  CHECK(driver.activity("acme", id)[0].kind == ActivityKind::replied);
  CHECK(reply("Стоп")["suppressed"] == 1);
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:unsubscribe");
  reply("START");
  CHECK(driver.verdict("acme", "+380501234567") == "suppressed:account:unsubscribe");
}

TEST_CASE("members that do not belong to an event are errors of its row") {
  LifeDriver driver;
  const json answer = driver.events(
      "acme",
      json::array(
          {{{"type", "sent"}, {"email", "a@example.com"}, {"code", "550"}},
           {{"type", "sent"}, {"email", "a@example.com"}, {"text", "x"}},
           {{"type", "bounced"}, {"email", "a@example.com"}, {"code", "55"}},
           {{"type", "bounced"}, {"email", "a@example.com"}, {"enhanced", "5.1"}},
           {{"type", "bounced"}, {"phone", "+380501234567"}, {"code", 550}},
           {{"type", "replied"}, {"email", "a@example.com"}, {"text", "stop"}},
           {{"type", "replied"}, {"phone", "+380501234567"}},
           {{"type", "sent"}, {"email", "a@example.com"}, {"event_id", ""}},
           {{"type", "sent"}, {"email", "a@example.com"}, {"event_id", std::string(129, 'x')}},
           {{"type", "bounced"}, {"email", "a@example.com"}, {"text", std::string(4'097, 'x')}}}));
  CHECK(answer["accepted"] == 0);
  CHECK(answer["errors"] == json::parse(R"([
      {"index":0,"field":"code","error":"only_for_bounced"},
      {"index":1,"field":"text","error":"only_for_bounced_or_replied"},
      {"index":2,"field":"code","error":"bad_code"},
      {"index":3,"field":"enhanced","error":"bad_enhanced"},
      {"index":4,"field":"code","error":"only_for_email"},
      {"index":5,"field":"type","error":"only_for_phone"},
      {"index":6,"field":"text","error":"required"},
      {"index":7,"field":"event_id","error":"empty"},
      {"index":8,"field":"event_id","error":"id_too_long"},
      {"index":9,"field":"text","error":"text_too_long"}])"));
}

TEST_CASE("an event whose id came before counts once, and another event with it is refused") {
  LifeDriver driver;
  const std::string id = driver.add_contact("acme", "a@example.com");
  const json sent{{"type", "sent"}, {"email", "a@example.com"}, {"event_id", "e1"}};
  json other = sent;
  other["campaign"] = "summer";
  // Also within one body.
  const json first =
      driver.events("acme", json::array({sent, {{"type", "nonsense"}}, sent, other}));
  CHECK(first["accepted"] == 1);
  CHECK(first["duplicates"] == 1);
  CHECK(first["invalid"] == 2);
  CHECK(first["errors"][0]["index"] == 1);
  CHECK(first["errors"][1] ==
        json{{"index", 3}, {"field", "event_id"}, {"error", "event_id_reused"}});
  const uint64_t sequence = driver.store().sequence();
  const json again = driver.events("acme", json::array({sent}));
  CHECK(again["accepted"] == 0);
  CHECK(again["duplicates"] == 1);
  CHECK(driver.store().sequence() == sequence);
  CHECK(driver.card("acme", id)["email"]["sent"] == 1);
  CHECK(driver.activity("acme", id).size() == 2);  // added, sent
  // An id is one account's.
  CHECK(driver.events("globe", json::array({sent}))["accepted"] == 1);
  // A time that was given is a part of the event.
  json timed{{"type", "opened"},
             {"email", "a@example.com"},
             {"event_id", "e2"},
             {"at", "2026-03-01T09:30:00Z"}};
  CHECK(driver.events("acme", json::array({timed}))["accepted"] == 1);
  CHECK(driver.events("acme", json::array({timed}))["duplicates"] == 1);
  timed["at"] = "2026-03-01T09:30:01Z";
  CHECK(driver.events("acme", json::array({timed}))["errors"][0]["error"] == "event_id_reused");
}

TEST_CASE("a refused row is refused again when the request is repeated with its key") {
  LifeDriver driver;
  const json rows =
      json::array({{{"type", "sent"}, {"email", "a@example.com"}, {"event_id", "e1"}},
                   {{"type", "sent"}, {"email", "a@example.com"}, {"event_id", "e1"}},
                   {{"type", "sent"}, {"email", "b@example.com"}, {"event_id", "e1"}}});
  const auto send = [&] {
    return driver.as(driver.sender, "POST", "/v1/accounts/acme/events", rows,
                     {{"idempotency-key", "k"}});
  };
  const Reply first = send();
  CHECK(first.json()["accepted"] == 1);
  CHECK(first.json()["duplicates"] == 1);
  CHECK(first.json()["errors"][0]["index"] == 2);
  const Reply again = send();
  CHECK(again.field("Idempotent-Replay") == "true");
  CHECK(again.body == first.body);
}

TEST_CASE("an id is forgotten when its time is over, and the event counts again") {
  LifeDriver driver;
  const AccountNumber acme = driver.number("acme");
  const auto commit = [&](TimeMs at, const std::string& detail) {
    AddEvents events;
    events.account = acme;
    AddEvents::Row& row = events.rows.emplace_back();
    row.kind = ActivityKind::unsubscribed;
    row.address = "a@example.com";
    row.at = 1'000;
    row.detail = detail;
    row.id = "e1";
    return driver.commit({events, "test", at, std::nullopt});
  };
  CHECK(commit(100 * day, "one").duplicates == 0);
  CHECK(commit(107 * day - 1, "one").duplicates == 1);
  CHECK(commit(107 * day - 1, "other").refused_rows == std::vector<uint32_t>{0});
  const Outcome later = commit(107 * day, "other");
  CHECK(later.duplicates == 0);
  CHECK(later.refused_rows.empty());
  CHECK(later.updated == 1);
  // Its time begins anew.
  CHECK(commit(113 * day, "other").duplicates == 1);
}

}  // namespace suppressd
