// Rows of the log without what they said of erased addresses, and finding an address in free text.
#include "persistence/change_row.hpp"
#include "persistence/erased.hpp"
#include "persistence/erasure.hpp"
#include "store_harness.hpp"

using namespace suppressd;

namespace {

const std::array<std::byte, fingerprint_secret_bytes> secret{};
const FingerprintKey key{secret};
const std::string address = "erika@example.com";

Fingerprint hash_of(std::string_view text) {
  return key(CanonicalAddress::from_stored(Channel::email, text));
}

std::string row_of(AccountNumber scope, const std::vector<AddSuppressions::Row>& rows) {
  std::string bytes;
  encode_change_head(ChangeKind::add_suppressions, "key-1", 7, bytes);
  ByteWriter(bytes).varint(scope);
  const Cause* previous = nullptr;
  for (const AddSuppressions::Row& row : rows) {
    encode_change_row(row, slot_state(row.cause.reason), previous, bytes);
    previous = &row.cause;
  }
  return bytes;
}

std::vector<ErasurePlace::Named> named(bool platform = true) {
  return {{Channel::email, platform, address, ""}};
}

}  // namespace

TEST_CASE("a row of the log keeps state, reason and time of an erased address, and all of others") {
  const Cause cause = cause_of(Reason::complaint, 3'000, "words");
  const std::string before =
      row_of(9, {{Channel::email, "a@example.com", "A@example.com", {}, cause},
                 {Channel::email, address, "Erika", {{'U', 'A'}}, cause},
                 {Channel::email, "b@example.com", "", {}, cause}});
  const std::optional<std::string> after = erase_from_row(before, 9, named(), key);
  REQUIRE(after);
  REQUIRE(after->find("erika") == std::string::npos);
  REQUIRE(after->find("Erika") == std::string::npos);
  ChangeRow row(*after);
  REQUIRE(row.by() == "key-1");
  REQUIRE(row.at() == 7);
  ChangedAddress changed;
  REQUIRE(row.next(changed));
  REQUIRE(changed.address == "a@example.com");
  REQUIRE(changed.given == "A@example.com");
  REQUIRE(changed.cause.evidence == "words");
  REQUIRE_FALSE(changed.erased);
  REQUIRE(row.next(changed));
  REQUIRE(changed.erased);
  REQUIRE(changed.address.empty());
  REQUIRE(changed.given.empty());
  REQUIRE(changed.region.empty());
  REQUIRE(changed.fingerprint == hash_of(address));
  REQUIRE(changed.after == slot_state(Reason::complaint));
  REQUIRE(changed.cause.reason == Reason::complaint);
  REQUIRE(changed.cause.at == 3'000);
  REQUIRE(changed.cause.source == "erased");
  REQUIRE(changed.cause.evidence.empty());
  REQUIRE(row.next(changed));
  REQUIRE(changed.address == "b@example.com");
  REQUIRE(changed.cause.evidence == "words");  // no longer that of the row before
  REQUIRE_FALSE(changed.erased);
  REQUIRE_FALSE(row.next(changed));
  REQUIRE(row.whole());
  // Once more there is nothing to do, and another address is erased beside it.
  REQUIRE_FALSE(erase_from_row(*after, 9, named(), key));
  const std::vector<ErasurePlace::Named> other = {{Channel::email, false, "b@example.com", ""}};
  const std::optional<std::string> both = erase_from_row(*after, 9, other, key);
  REQUIRE(both);
  ChangeRow again(*both);
  for (const bool erased : {false, true, true}) {
    REQUIRE(again.next(changed));
    REQUIRE(changed.erased == erased);
  }
  REQUIRE(changed.fingerprint == hash_of("b@example.com"));
  REQUIRE_FALSE(again.next(changed));
  REQUIRE(again.whole());
}

TEST_CASE("rows of removals and exemptions lose address and words") {
  for (const bool exempts : {false, true}) {
    std::string before;
    encode_change_head(exempts ? ChangeKind::set_exemption : ChangeKind::remove_suppression,
                       "key-1", 7, before);
    std::optional<Exemption> exemption;
    if (exempts) exemption = Exemption{8, "s", "because"};
    encode_change_address(9, Channel::email, address, SlotState::exempt, exemption, before);
    const std::optional<std::string> after = erase_from_row(before, 9, named(), key);
    REQUIRE(after);
    ChangeRow row(*after);
    ChangedAddress changed;
    REQUIRE(row.next(changed));
    REQUIRE(changed.scope == 9);
    REQUIRE(changed.erased);
    REQUIRE(changed.fingerprint == hash_of(address));
    REQUIRE(changed.after == SlotState::exempt);
    REQUIRE(changed.exempted.has_value() == exempts);
    if (exempts) {
      REQUIRE(changed.exempted->at == 8);
      REQUIRE(changed.exempted->note.empty());
    }
    REQUIRE_FALSE(row.next(changed));
    REQUIRE(row.whole());
    REQUIRE_FALSE(erase_from_row(*after, 9, named(), key));
  }
}

TEST_CASE("rows of other scopes, channels and addresses stay as they are") {
  const Cause cause = cause_of(Reason::manual);
  const std::string mine = row_of(9, {{Channel::email, address, "", {}, cause}});
  REQUIRE(erase_from_row(mine, 9, named(), key));
  REQUIRE_FALSE(erase_from_row(mine, 8, named(), key));
  const std::string platforms = row_of(platform_number, {{Channel::email, address, "", {}, cause}});
  REQUIRE(erase_from_row(platforms, 9, named(), key));
  REQUIRE_FALSE(erase_from_row(platforms, 9, named(false), key));
  const std::string longer = row_of(9, {{Channel::email, "f" + address, "", {}, cause}});
  REQUIRE_FALSE(erase_from_row(longer, 9, named(), key));
  const std::string phone = row_of(9, {{Channel::phone, address, "", {}, cause}});
  REQUIRE_FALSE(erase_from_row(phone, 9, named(), key));
  REQUIRE_THROWS_AS(erase_from_row(mine.substr(0, mine.size() - 1), 9, named(), key),
                    StorageFailure);
}

TEST_CASE("an erased row whose hash is cut is not believed") {
  std::string row;
  encode_change_head(ChangeKind::remove_suppression, "key-1", 7, row);
  const std::string octets = octets_of(hash_of(address)).substr(1);
  encode_change_address(9, Channel::email, octets, SlotState::absent, {}, row, true);
  ChangeRow cut(row);
  ChangedAddress changed;
  REQUIRE_FALSE(cut.next(changed));
  REQUIRE_FALSE(cut.whole());
}

TEST_CASE("an address is found in a text as a whole only") {
  REQUIRE(mentions("mail erika@example.com.", address));
  REQUIRE(mentions("<erika@example.com>", address));
  REQUIRE(mentions("a-erika@example.com, erika@example.com", address));
  for (const char* other : {"ferika@example.com", "a.erika@example.com", "a+erika@example.com",
                            "erika@example.com.ua", "erika@example.community", "erika", ""}) {
    REQUIRE_FALSE(mentions(other, address));
  }
  REQUIRE(mentions("call +380441234567", std::string_view("+380441234567")));
  REQUIRE_FALSE(mentions("call +3804412345678", std::string_view("+380441234567")));
}

TEST_CASE("the place of an erasure reads back, and its bytes are frozen") {
  ErasurePlace place;
  place.phase = ErasurePlace::Phase::changes;
  place.contact = 17;
  place.addresses = {{Channel::email, true, "a@b", "A@b"}};
  place.next = 300;
  place.last = 500;
  place.rewritten = {{3, 4}, {300, 300}};
  std::string bytes;
  encode(place, bytes);
  REQUIRE(bytes == std::string("\x01\x03\x11\x01\x01\x01\x03"
                               "a@b\x03"
                               "A@b\xac\x02\xf4\x03\x02\x03\x04\xac\x02\xac\x02",
                               25));
  REQUIRE(decode_erasure(bytes) == place);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    REQUIRE_FALSE(decode_erasure(std::string_view(bytes).substr(0, cut)));
  }
}

TEST_CASE("what is left of an erased suppression has frozen bytes") {
  Suppression record;
  record.channel = Channel::phone;
  record.causes = {cause_of(Reason::hard_bounce, 300, "words")};
  record.exemption = Exemption{5, "s", "n"};
  erase_words(record);
  std::string bytes;
  encode_erased(record, bytes);
  REQUIRE(bytes == std::string("\x01\x02\x05\xac\x02\x01\x05", 7));
  Suppression again;
  REQUIRE(decode_erased(bytes, again));
  REQUIRE(again == record);
  REQUIRE_FALSE(decode_erased("\x01\x02\x05\xac\x02\x01", again));
  REQUIRE_FALSE(decode_erased(std::string("\x01\x02\x00\x00\x00", 5), again));
  REQUIRE(erased_key(9, {1, 2}) ==
          std::string("\0\0\0\x09\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02", 20));
}
