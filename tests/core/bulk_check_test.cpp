#include "core/bulk_check.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/core/random_input.hpp"

namespace suppressd {
namespace {

constexpr AccountNumber acme = 3;
constexpr SlotState bounced = slot_state(Reason::hard_bounce);

FingerprintKey test_key() {
  std::array<std::byte, fingerprint_secret_bytes> secret;
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 31 + 5);
  return FingerprintKey(secret);
}

struct Scene {
  FingerprintKey key = test_key();
  SuppressionSet set;
  SuppressionSet::Reader reader{set};
  Normalizer normalizer;

  void put(std::string_view raw, AccountNumber account, SlotState state) {
    CanonicalAddress address;
    REQUIRE(normalizer.address(raw, std::nullopt, {}, address) == AddressError::none);
    set.put(key(address), account, state);
  }
  BulkCheck check(const CheckOptions& options) {
    return BulkCheck(set, reader, key, normalizer, options);
  }
};

RowVerdict suppressed(Reason reason, Scope scope) {
  return {Verdict::suppressed, reason, scope, AddressError::none};
}

}  // namespace

TEST_CASE("a bulk check tells clear, suppressed and invalid rows apart, in order") {
  Scene scene;
  scene.put("bounced@example.com", platform_number, bounced);
  scene.put("gone@example.com", acme, slot_state(Reason::unsubscribe));
  scene.put("exempt@example.com", platform_number, bounced);
  scene.put("exempt@example.com", acme, SlotState::exempt);
  scene.put("+380501234567", acme, slot_state(Reason::complaint));
  auto check = scene.check({.account = acme});
  for (const char* raw : {"  <Bounced@Example.COM> ", "fine@example.com", "no at sign in here @",
                          "gone@example.com", "exempt@example.com", "+380 50 123-45-67", ""}) {
    check.push(raw);
  }
  check.push_invalid(AddressError::not_utf8);
  REQUIRE(check.size() == 8);
  const auto rows = check.run();
  REQUIRE(rows.size() == 8);
  CHECK(rows[0] == suppressed(Reason::hard_bounce, Scope::platform));
  CHECK(rows[1] == RowVerdict{});
  CHECK(rows[2].verdict == Verdict::invalid);
  CHECK(rows[2].error != AddressError::none);
  CHECK(rows[3] == suppressed(Reason::unsubscribe, Scope::account));
  CHECK(rows[4] == RowVerdict{});
  CHECK(rows[5] == suppressed(Reason::complaint, Scope::account));
  CHECK(rows[6].error == AddressError::empty);
  CHECK(rows[7] ==
        RowVerdict{Verdict::invalid, Reason::none, Scope::account, AddressError::not_utf8});
  CHECK(check.size() == 0);
  CHECK(check.run().empty());
}

TEST_CASE("a bulk check's purpose and channel are those of its options or of the row") {
  Scene scene;
  scene.put("gone@example.com", acme, slot_state(Reason::unsubscribe));
  scene.put("gone@example.com", platform_number, bounced);
  scene.put("letter@example.com", acme, slot_state(Reason::unsubscribe));
  auto receipts = scene.check({.account = acme, .purpose = Purpose::transactional});
  receipts.push("gone@example.com");
  receipts.push("letter@example.com");
  auto rows = receipts.run();
  CHECK(rows[0] == suppressed(Reason::hard_bounce, Scope::platform));
  CHECK(rows[1] == RowVerdict{});

  auto phones = scene.check({.account = acme, .channel = Channel::phone});
  phones.push("gone@example.com");
  phones.push("gone@example.com", Channel::email);
  rows = phones.run();
  CHECK(rows[0].verdict == Verdict::invalid);
  CHECK(rows[1] == suppressed(Reason::unsubscribe, Scope::account));
}

TEST_CASE("a full chunk gives the verdicts that each address gets alone, chunk after chunk") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  Scene scene;
  std::vector<std::string> raws;
  for (size_t i = 0; i < 5000; ++i) {
    std::string raw = input.text(6, "abcdefgh") + "@example.org";
    if (input.one_in(4)) scene.put(raw, input.one_in(2) ? acme : platform_number, bounced);
    if (input.one_in(9)) raw.erase(raw.find('@'), 1);
    raws.push_back(raw);
  }
  auto bulk = scene.check({.account = acme});
  auto single = scene.check({.account = acme});
  size_t suppressed_rows = 0, invalid_rows = 0;
  for (size_t begin = 0; begin < raws.size();) {
    size_t end = begin;
    while (end < raws.size() && !bulk.full()) bulk.push(raws[end++]);
    const auto rows = bulk.run();
    REQUIRE(rows.size() == end - begin);
    for (const RowVerdict& row : rows) {
      single.push(raws[begin++]);
      REQUIRE(row == single.run()[0]);
      suppressed_rows += row.verdict == Verdict::suppressed;
      invalid_rows += row.verdict == Verdict::invalid;
    }
  }
  CHECK(suppressed_rows > 500);
  CHECK(invalid_rows > 300);
}

}  // namespace suppressd
