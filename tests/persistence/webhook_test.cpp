// What proves webhooks: its stored bytes are frozen, and changes merge what they name into what is
// there.
#include "persistence/webhook.hpp"

#include "codec_damage.hpp"
#include "persistence/change_row.hpp"

using namespace suppressd;
using namespace std::string_literals;

namespace {

WebhookConfig sample() {
  WebhookConfig config;
  config.account = 7;
  config.provider = WebhookProvider::mailgun;
  config.proof.topics = {"t1", ""};
  config.proof.user = "user";
  config.proof.secret = "s\0t"s;
  config.secret_id = "w_1";
  config.feeds_platform = true;
  config.changed_at = 300;
  config.changed_by = "k1";
  return config;
}

const std::string sample_key = "\x00\x00\x00\x07\x03"s;
const std::string sample_bytes = "\x01\x02\x02t1\x00\x04user\x03s\x00t\x03w_1\x01\xac\x02\x02k1"s;

std::optional<std::string> rewritten(std::string_view bytes) {
  const auto config = decode_webhook(sample_key, bytes);
  if (!config) return std::nullopt;
  std::string again;
  encode(*config, again);
  return again;
}

SetWebhook setting(const std::string& secret, bool by_staff) {
  SetWebhook set;
  set.account = 7;
  set.provider = WebhookProvider::sendgrid;
  set.proof = WebhookProof{{}, {}, secret};
  set.secret_id = "w_" + secret;
  set.by_staff = by_staff;
  return set;
}

Change at(TimeMs time) {
  return {RemoveWebhook{}, "k_test", time, std::nullopt};
}

}  // namespace

TEST_CASE("the stored bytes of a webhook are frozen") {
  std::string bytes;
  encode(sample(), bytes);
  CHECK(bytes == sample_bytes);
  CHECK(webhook_key(7, WebhookProvider::mailgun) == sample_key);
  CHECK(decode_webhook(sample_key, sample_bytes) == sample());
  require_frozen(sample_bytes, rewritten);
  for (const std::string& key : {""s, "\x00\x00\x00\x07"s, "\x00\x00\x00\x07\x00"s,
                                 "\x00\x00\x00\x07\x07"s, "\x00\x00\x00\x07\x03\x01"s}) {
    CHECK_FALSE(decode_webhook(key, sample_bytes));
  }
}

TEST_CASE("damaged bytes of a webhook are never read as another one") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  require_survives_damage(sample_bytes, rewritten, random);
}

TEST_CASE("numbers and names of providers are frozen") {
  const std::vector<std::pair<int, std::string>> names = {
      {1, "ses"}, {2, "sendgrid"}, {3, "mailgun"}, {4, "postmark"}, {5, "dsn"}, {6, "arf"}};
  REQUIRE(names.size() == all_webhook_providers.size());
  for (const auto& [number, name] : names) {
    CHECK(name_of(static_cast<WebhookProvider>(number)) == name);
    CHECK(parse_webhook_provider(name) == static_cast<WebhookProvider>(number));
  }
  CHECK_FALSE(parse_webhook_provider("SES"));
}

TEST_CASE("who sets a proof decides whether it feeds the platform") {
  const auto staff = setting("one", true).apply_to(std::nullopt, at(1));
  REQUIRE(staff);
  CHECK(staff->feeds_platform);
  CHECK(staff->secret_id == "w_one");
  CHECK(staff->changed_at == 1);
  CHECK_FALSE(setting("one", false).apply_to(std::nullopt, at(1))->feeds_platform);

  // The same proof again is no change, also of the owner's.
  CHECK(setting("one", false).apply_to(staff, at(2)) == staff);
  const auto owner = setting("two", false).apply_to(staff, at(3));
  CHECK_FALSE(owner->feeds_platform);
  CHECK(owner->secret_id == "w_two");
  SetWebhook allow;
  allow.account = 7;
  allow.provider = WebhookProvider::sendgrid;
  allow.feeds_platform = true;
  CHECK_FALSE(allow.apply_to(owner, at(4))->feeds_platform);  // not by staff
  allow.by_staff = true;
  const auto allowed = allow.apply_to(owner, at(4));
  CHECK(allowed->feeds_platform);
  CHECK(allowed->secret_id == "w_two");
  CHECK_FALSE(allow.apply_to(std::nullopt, at(4)));
  // Another key that staff sets keeps what was decided.
  CHECK(setting("three", true).apply_to(allowed, at(5))->feeds_platform);
  CHECK_FALSE(setting("three", true).apply_to(owner, at(5))->feeds_platform);
}

TEST_CASE("webhooks are stored, changed, removed and logged, and outlive a restart") {
  TemporaryDirectory directory;
  WebhookConfig stored;
  {
    LoadedStore opened(directory.path());
    SetWebhook nothing;
    nothing.account = 7;
    CHECK(opened.commit(change_of(nothing)).status == Outcome::Status::not_found);
    const std::vector<Outcome> outcomes =
        opened.commit({change_of(setting("one", true), 5), change_of(setting("two", false), 6)});
    CHECK(outcomes[0].sequence == 1);
    CHECK(outcomes[1].sequence == 2);
    CHECK(opened.commit(change_of(setting("two", false), 7)).sequence == 2);
    REQUIRE(opened.store->webhooks().size() == 1);
    stored = opened.store->webhooks()[0];
    CHECK(stored.proof.secret == "two");
    CHECK_FALSE(stored.feeds_platform);
    CHECK(stored.changed_at == 6);
    const ChangePage log = opened.store->changes(0, 2, 7, 10);
    REQUIRE(log.items.size() == 2);
    for (const ChangePage::Item& item : log.items) {
      CHECK(ChangeRow(item.row).kind() == ChangeKind::webhook_set);
      const auto act = decode_act(ChangeRow(item.row).body());
      REQUIRE(act);
      CHECK(act->code == static_cast<uint8_t>(WebhookProvider::sendgrid));
      CHECK(item.row.find("w_") != std::string::npos);
    }
    CHECK(opened.store->derived_key("a purpose of this test") ==
          opened.store->derived_key("a purpose of this test"));
    CHECK(opened.store->derived_key("a purpose of this test") !=
          opened.store->derived_key("a purpose of that test"));
  }
  LoadedStore again(directory.path());
  CHECK(again.store->webhooks() == std::vector<WebhookConfig>{stored});
  const RemoveWebhook removed{7, WebhookProvider::sendgrid};
  CHECK(again.commit(change_of(removed)).sequence == 3);
  CHECK(again.commit(change_of(removed)).status == Outcome::Status::not_found);
  CHECK(again.store->webhooks().empty());
}
