// What encode_change_* wrote, ChangeRow reads; and what they did not write it never believes.
#include "persistence/change_row.hpp"

#include "store_harness.hpp"

using namespace suppressd;
using namespace std::string_literals;

namespace {

std::string head(ChangeKind kind) {
  std::string row;
  encode_change_head(kind, "k1", 300, row);
  return row;
}

/// Three rows: all there is to give, the same cause again, another cause.
std::string added() {
  const Cause bounced{Reason::hard_bounce, "api", 7, "k1", "550 5.1.1", "spring"};
  const Cause manual{Reason::manual, "support", 8, "k2", "", ""};
  const AddSuppressions::Row rows[] = {
      {Channel::phone, "+380501234567", "050 123", Region{{'U', 'A'}}, bounced},
      {Channel::email, "a@b.example", "", {}, bounced},
      {Channel::email, "c@d.example", "", {}, manual}};
  std::string row = head(ChangeKind::add_suppressions);
  ByteWriter(row).varint(300);
  encode_change_row(rows[0], slot_state(Reason::legal), nullptr, row);
  encode_change_row(rows[1], slot_state(Reason::hard_bounce), &rows[0].cause, row);
  encode_change_row(rows[2], slot_state(Reason::manual), &rows[1].cause, row);
  return row;
}

std::string exempted(const std::optional<Exemption>& exemption, SlotState after) {
  std::string row = head(ChangeKind::set_exemption);
  encode_change_address(9, Channel::email, "a@b.example", after, exemption, row);
  return row;
}

/// Whether the row is whole, read to its end.
bool whole(std::string_view bytes) {
  ChangeRow row(bytes);
  for (ChangedAddress changed; row.next(changed);) {
    if (changed.address.empty()) return true;  // what must never be: fails the tests that say false
  }
  return row.whole();
}

}  // namespace

TEST_CASE("a row of added suppressions gives back every address with what was said of it") {
  const std::string bytes = added();
  ChangeRow row(bytes);
  REQUIRE(row.kind() == ChangeKind::add_suppressions);
  REQUIRE(row.at() == 300);
  REQUIRE(row.by() == "k1");
  ChangedAddress changed;
  REQUIRE(row.next(changed));
  REQUIRE(changed.scope == 300);
  REQUIRE(changed.channel == Channel::phone);
  REQUIRE(changed.address == "+380501234567");
  REQUIRE(changed.given == "050 123");
  REQUIRE(changed.region.text() == "UA");
  REQUIRE(changed.after == slot_state(Reason::legal));
  REQUIRE(changed.cause.reason == Reason::hard_bounce);
  REQUIRE(changed.cause.evidence == "550 5.1.1");
  REQUIRE(changed.cause.campaign == "spring");
  REQUIRE(row.next(changed));
  REQUIRE(changed.channel == Channel::email);
  REQUIRE(changed.address == "a@b.example");
  REQUIRE(changed.given.empty());
  REQUIRE(changed.region.empty());
  REQUIRE(changed.cause.at == 7);  // that of the row before
  REQUIRE(row.next(changed));
  REQUIRE(changed.after == slot_state(Reason::manual));
  REQUIRE(changed.cause.source == "support");
  REQUIRE(changed.cause.by == "k2");
  REQUIRE_FALSE(changed.exempted);
  REQUIRE_FALSE(row.next(changed));
  REQUIRE(row.whole());
}

TEST_CASE("rows of removals and exemptions give back their one address") {
  std::string removed = head(ChangeKind::remove_suppression);
  encode_change_address(9, Channel::email, "a@b.example", SlotState::exempt, {}, removed);
  ChangeRow removal(removed);
  ChangedAddress changed;
  REQUIRE(removal.next(changed));
  REQUIRE(changed.scope == 9);
  REQUIRE(changed.after == SlotState::exempt);
  REQUIRE_FALSE(changed.exempted);
  REQUIRE_FALSE(removal.next(changed));
  REQUIRE(removal.whole());

  const std::string bytes = exempted(Exemption{5, "s", "why"}, SlotState::exempt);
  ChangeRow exemption(bytes);
  REQUIRE(exemption.next(changed));
  REQUIRE(changed.exempted);
  REQUIRE(changed.exempted->at == 5);
  REQUIRE(changed.exempted->by == "s");
  REQUIRE(changed.exempted->note == "why");
  REQUIRE(whole(exempted({}, SlotState::absent)));
}

TEST_CASE("a row that touches no address gives its body") {
  const std::string bytes = head(ChangeKind::create_account) + "the record";
  ChangeRow row(bytes);
  ChangedAddress changed;
  REQUIRE_FALSE(row.next(changed));
  REQUIRE(row.whole());
  REQUIRE(row.body() == "the record");
}

TEST_CASE("a row that is cut, or has octets too many, is not whole") {
  // Cut between two of its rows, the first is a row too: a shorter one that somebody else wrote.
  const std::string rows = added();
  size_t whole_heads = 0;
  for (size_t length = 0; length < rows.size(); ++length) {
    whole_heads += whole(rows.substr(0, length)) ? 1 : 0;
  }
  REQUIRE(whole_heads == 2);
  REQUIRE_FALSE(whole(rows + "\x01"));
  const std::string one = exempted(Exemption{5, "s", "why"}, SlotState::exempt);
  for (size_t length = 0; length < one.size(); ++length) {
    const bool without_exemption = one.substr(0, length) == exempted({}, SlotState::exempt);
    REQUIRE(whole(one.substr(0, length)) == without_exemption);
  }
  REQUIRE_FALSE(whole(one + "x"));
}

TEST_CASE("a row with a number outside its range is not whole") {
  const std::string scope = "\x01"s, email_a =
                                         "\x01\x01"
                                         "a"s;
  const std::string add = head(ChangeKind::add_suppressions) + scope;
  const std::string cause = "\x03\x01\x00\x00\x00\x00"s;
  REQUIRE(whole(add + email_a + "\x03" + cause));
  REQUIRE_FALSE(whole(add));  // no row at all
  REQUIRE_FALSE(whole(add + "\x11\x01"
                            "a\x03"));  // "as before", and none before
  REQUIRE_FALSE(whole(add +
                      "\x03\x01"
                      "a\x03" +
                      cause));  // no such channel
  REQUIRE_FALSE(whole(add +
                      "\x21\x01"
                      "a\x03" +
                      cause));                                         // an unknown bit
  REQUIRE_FALSE(whole(add + "\x01"s + '\0' + "\x03" + cause));         // no address
  REQUIRE_FALSE(whole(add + email_a + "\x09" + cause));                // no such state
  REQUIRE_FALSE(whole(add + email_a + '\0' + cause));                  // added, and absent
  REQUIRE_FALSE(whole(add + email_a + "\x03\x09" + cause.substr(1)));  // no such reason
  REQUIRE_FALSE(whole(head(ChangeKind::add_suppressions) + "\xff\xff\xff\xff\x1f" + email_a +
                      "\x03" + cause));  // a scope of 33 bits
  REQUIRE_FALSE(whole(head(ChangeKind::remove_suppression)));
  REQUIRE_FALSE(whole(head(static_cast<ChangeKind>(0))));
  REQUIRE_FALSE(whole(head(static_cast<ChangeKind>(99)) + "what comes later"));
  REQUIRE_FALSE(whole("\x02" + added().substr(1)));  // a version of the future
}

TEST_CASE("altered rows are refused or read, never worse") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  size_t refused = 0;
  for (size_t round = 0; round < 20'000 * test_size(); ++round) {
    std::string bytes = added();
    for (uint64_t flips = 1 + random() % 4; flips != 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    ChangeRow row(bytes);
    for (ChangedAddress changed; row.next(changed);) {
      REQUIRE_FALSE(changed.address.empty());
      REQUIRE(changed.after != SlotState::absent);
    }
    refused += row.whole() ? 0 : 1;
  }
  REQUIRE(refused > 0);
}
