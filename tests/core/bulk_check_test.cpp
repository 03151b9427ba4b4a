#include "core/bulk_check.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
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

namespace {

/// Addresses that go each way: plain, short, long, padded, quoted, IDN, phones, broken, with line
/// ends inside.
std::string random_address(RandomInput& input) {
  switch (input.number(10)) {
    case 0:
      return "+38050" + input.text(7, "01");
    case 1:
      return "+380 (50) " + input.text(7, "01");
    case 2:
      return "\"" + input.text(2, "ab") + "\"@example.org";
    case 3:
      return input.text(2, "ab") + "@b\xC3\xBC" + "cher.example";
    case 4:
      return input.text(1, "ab") + "@b.c" + (input.one_in(2) ? "\r" : "");
    case 5:
      return input.text(2, "ab") + "@" + input.text(input.number(70), "d") + ".example";
    case 6:
      return input.text(input.number(9), "a@b.\n\r +1");
    default:
      break;
  }
  const bool padded = input.one_in(8);
  return (padded ? " " : "") + input.text(3, "abAB") + "@example." +
         (input.one_in(2) ? "org" : "a.long.name.of.some.department.test") + (padded ? " " : "");
}

/// What the Normalizer and the set say of one address, without BulkCheck.
RowVerdict verdict_alone(Scene& scene, std::string_view raw, std::optional<Channel> channel) {
  CanonicalAddress address;
  const AddressError error = scene.normalizer.address(raw, channel, {}, address);
  if (error != AddressError::none) return {Verdict::invalid, Reason::none, Scope::account, error};
  const Fingerprint fingerprint = scene.key(address);
  Finding finding;
  scene.set.check(scene.reader, {&fingerprint, 1}, acme, {&finding, 1});
  return finding.clear() ? RowVerdict{} : suppressed(finding.reason(), finding.scope());
}

void put_some(Scene& scene, RandomInput& input, const std::vector<std::string>& raws) {
  for (const std::string& raw : raws) {
    CanonicalAddress address;
    if (!input.one_in(4) ||
        scene.normalizer.address(raw, std::nullopt, {}, address) != AddressError::none)
      continue;
    scene.set.put(scene.key(address), input.one_in(2) ? acme : platform_number, bounced);
  }
}

}  // namespace

TEST_CASE("addresses pushed one by one, of any channel, get the verdicts they get alone") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  for (size_t round = 0; round < scaled(20); ++round) {
    Scene scene;
    std::vector<std::string> raws;
    for (size_t i = input.number(3000); i > 0; --i) raws.push_back(random_address(input));
    put_some(scene, input, raws);
    for (const Kernel kernel : {Kernel::scalar, best_kernel()}) {
      const auto check =
          std::make_unique<BulkCheck>(scene.set, scene.reader, scene.key, scene.normalizer,
                                      CheckOptions{.account = acme}, kernel);
      std::vector<RowVerdict> expected;
      const auto compare = [&] {
        const auto rows = check->run();
        REQUIRE(std::vector<RowVerdict>(rows.begin(), rows.end()) == expected);
        size_t not_clear = 0, invalid = 0;
        for (size_t i = 0; i < rows.size(); ++i) {
          if (rows[i].verdict == Verdict::clear) continue;
          REQUIRE(check->not_clear()[not_clear++] == i);
          invalid += rows[i].verdict == Verdict::invalid;
        }
        REQUIRE(check->not_clear().size() == not_clear);
        REQUIRE(check->invalid_rows() == invalid);
        expected.clear();
      };
      for (const std::string& raw : raws) {
        const auto channel = input.one_in(2)   ? std::nullopt
                             : input.one_in(2) ? std::optional(Channel::email)
                                               : std::optional(Channel::phone);
        if (input.one_in(20)) {
          check->push_invalid(AddressError::not_utf8);
          expected.push_back(
              {Verdict::invalid, Reason::none, Scope::account, AddressError::not_utf8});
        } else {
          check->push(raw, channel);
          expected.push_back(verdict_alone(scene, raw, channel));
        }
        if (check->full() || input.one_in(200)) compare();
      }
      compare();
    }
  }
}

TEST_CASE("lines pushed a block at a time get the verdicts that each gets alone") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  for (size_t round = 0; round < scaled(20); ++round) {
    Scene scene;
    std::vector<std::string> raws;
    std::string text;
    for (size_t i = input.number(3000); i > 0; --i) {
      std::string raw = random_address(input);
      std::replace(raw.begin(), raw.end(), '\n', ' ');
      text += raw + (input.one_in(3) ? "\r\n" : "\n");
      raws.push_back(raw);
    }
    put_some(scene, input, raws);
    const auto channel = input.one_in(2) ? std::nullopt : std::optional(Channel::email);
    const auto check = std::make_unique<BulkCheck>(scene.set, scene.reader, scene.key,
                                                   scene.normalizer, CheckOptions{.account = acme});
    size_t row = 0;
    const auto compare = [&] {
      for (const RowVerdict& verdict : check->run()) {
        INFO(raws[row]);
        REQUIRE(verdict == verdict_alone(scene, raws[row], channel));
        ++row;
      }
    };
    std::string_view rest = text;
    while (const size_t taken = check->read_lines(rest)) {
      for (size_t first = 0; first < check->lines().size();) {
        const size_t before = check->size();
        const size_t count = std::min(check->lines().size() - first, BulkCheck::rows_max - before);
        for (const uint32_t line : check->push_lines(first, count, channel)) {
          check->settle(before + line - first, check->lines().raw(check->lines().line(line)),
                        channel);
        }
        first += count;
        if (check->full() || input.one_in(3)) compare();
      }
      rest.remove_prefix(taken);
    }
    compare();
    REQUIRE(row == raws.size());
  }
}

}  // namespace suppressd
