// The stored bytes are frozen: literal octets here, and decoders that never trust what they read.
#include "persistence/codec.hpp"

#include "persistence/keys.hpp"
#include "store_harness.hpp"

using namespace suppressd;
using namespace std::string_literals;

namespace {

Suppression sample() {
  Suppression record;
  record.given = "A@x";
  record.region = Region{{'U', 'A'}};
  record.causes = {{Reason::hard_bounce, "api", 300, "k1", "550 5.1.1", "c"},
                   {Reason::manual, "import", 1, "", "", ""}};
  record.exemption = Exemption{2, "s", "note"};
  return record;
}

const std::string sample_bytes =
    "\x01\x07\x03"
    "A@xUA\x02"
    "\x05\xac\x02\x03"
    "api\x02k1\x09"
    "550 5.1.1\x01"
    "c"
    "\x03\x01\x06import\x00\x00\x00"
    "\x02\x01s\x04note"s;

template <class Record>
std::string bytes_of(const Record& record) {
  std::string bytes;
  encode(record, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a suppression has these bytes, and they give it back") {
  REQUIRE(bytes_of(sample()) == sample_bytes);
  Suppression back;
  REQUIRE(decode(sample_bytes, back));
  REQUIRE(back == sample());
  REQUIRE(decode_state(sample_bytes) == slot_state(Reason::hard_bounce));

  Suppression plain;
  plain.causes = {{Reason::legal, "", 0, "", "", ""}};
  REQUIRE(bytes_of(plain) == "\x01\x00\x01\x08\x00\x00\x00\x00\x00"s);
  Suppression exempt;
  exempt.exemption = Exemption{};
  REQUIRE(bytes_of(exempt) == "\x01\x04\x00\x00\x00\x00"s);
  REQUIRE(decode_state(bytes_of(exempt)) == SlotState::exempt);
}

TEST_CASE("accounts, keys, meta and remembered outcomes have these bytes") {
  Account account{300, "acme", "Acme", Region{{'U', 'A'}}, 128};
  REQUIRE(bytes_of(account) ==
          "\x03\xac\x02\x04"
          "acme\x04"
          "AcmeUA\x80\x01\x00"
          "\x00\x1e\x07\xed\x02\x00"s);
  REQUIRE(decode_account(bytes_of(account)) == account);
  // As written before accounts had policies.
  REQUIRE(decode_account("\x01\xac\x02\x04"
                         "acme\x04"
                         "AcmeUA\x80\x01"s) == account);
  account.policies.self_service = true;
  const std::string changed = bytes_of(account);
  REQUIRE(changed[changed.size() - 7] == 1);  // the flags, before what bounces follow
  REQUIRE(decode_account(bytes_of(account)) == account);

  ApiKey key{"k", Role::sender, 3, "n", {}, 5, 0};
  key.hash.fill(0x41);
  REQUIRE(bytes_of(key) == "\x01\x01k\x04\x03\x01n"s + std::string(32, 'A') + "\x05\x00"s);
  REQUIRE(decode_key(bytes_of(key)) == key);

  Meta meta;
  meta.sequence = 200;
  meta.entries = 2;
  meta.digest = {0x0102030405060708, 0x1112131415161718};
  meta.accounts = 3;
  meta.keys = 4;
  meta.normalizer = 5;
  meta.secret.fill('S');
  REQUIRE(bytes_of(meta) ==
          "\x02\xc8\x01\x02\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"
          "\x03\x04\x05SSSSSSSSSSSSSSSS"s);
  REQUIRE(decode_meta(bytes_of(meta)) == meta);
  meta.digest_version = 1;
  REQUIRE(bytes_of(meta).front() == 1);
  REQUIRE(decode_meta(bytes_of(meta)) == meta);
  REQUIRE_FALSE(decode_meta("\x03" + bytes_of(meta).substr(1)));

  RememberedOutcome remembered;
  remembered.request_hash.fill('H');
  remembered.outcome.sequence = 9;
  remembered.outcome.added = 1;
  remembered.outcome.updated = 2;
  remembered.outcome.unchanged = 3;
  remembered.outcome.account = 4;
  remembered.outcome.id = 5;
  remembered.outcome.duplicates = 6;
  remembered.outcome.refused_rows = {7};
  REQUIRE(bytes_of(remembered) ==
          "\x03"s + std::string(32, 'H') + "\x09\x01\x02\x03\x04\x05\x06\x01\x07"s);
  REQUIRE(decode_remembered(bytes_of(remembered))->outcome.refused_rows ==
          remembered.outcome.refused_rows);
  REQUIRE(decode_remembered(bytes_of(remembered))->outcome.id == 5);
  // As they were remembered before contacts were.
  const std::string version_1 = "\x01"s + std::string(32, 'H') + "\x09\x01\x02\x03\x04"s;
  REQUIRE(decode_remembered(version_1)->outcome.account == 4);
  REQUIRE(decode_remembered(version_1)->outcome.id == 0);
  REQUIRE(decode_remembered(bytes_of(remembered))->outcome.unchanged == 3);
}

TEST_CASE("rows of changes have these bytes") {
  std::string row;
  encode_change_head(ChangeKind::add_suppressions, "k1", 300, row);
  REQUIRE(row == "\x01\x01\xac\x02\x02k1"s);
  AddSuppressions::Row first{Channel::phone, "+1", "1", Region{{'U', 'A'}}, {}};
  first.cause = {Reason::manual, "api", 1, "k", "", ""};
  row.clear();
  encode_change_row(first, slot_state(Reason::legal), nullptr, row);
  REQUIRE(row ==
          "\x0e\x02+1\x01"
          "1UA\x08\x03\x01\x03"
          "api\x01k\x00\x00"s);
  AddSuppressions::Row second{Channel::email, "a@b", "", {}, first.cause};
  row.clear();
  encode_change_row(second, slot_state(Reason::manual), &first.cause, row);
  REQUIRE(row ==
          "\x11\x03"
          "a@b\x03"s);
  row.clear();
  encode_change_address(300, Channel::email, "a@b", SlotState::exempt, Exemption{1, "s", "n"}, row);
  REQUIRE(row ==
          "\xac\x02\x01\x03"
          "a@b\x0f\x01\x01s\x01n"s);
}

TEST_CASE("keys sort by scope, channel and address") {
  REQUIRE(suppression_key(0x01020304, Channel::phone, "+1") == "\x01\x02\x03\x04\x02+1"s);
  REQUIRE(change_key(0x0102030405060708) == "\x01\x02\x03\x04\x05\x06\x07\x08"s);
  REQUIRE(idempotency_key(20000, "k/x") == "\x00\x00\x4e\x20k/x"s);
  SuppressionKey parts;
  REQUIRE(parse_suppression_key("\x01\x02\x03\x04\x02+1", parts));
  REQUIRE(parts.scope == 0x01020304);
  REQUIRE(parts.channel == Channel::phone);
  REQUIRE(parts.address == "+1");
  REQUIRE_FALSE(parse_suppression_key("\x01\x02\x03\x04\x03+1", parts));
  REQUIRE_FALSE(parse_suppression_key("\x01\x02\x03\x04\x02", parts));
  REQUIRE_FALSE(parse_suppression_key("\x01\x02", parts));
}

TEST_CASE("a cut record is no record") {
  Suppression record;
  for (size_t length = 0; length < sample_bytes.size(); ++length) {
    REQUIRE_FALSE(decode(sample_bytes.substr(0, length), record));
    REQUIRE(decode_state(sample_bytes.substr(0, length)) == SlotState::absent);
  }
  REQUIRE_FALSE(decode(sample_bytes + "x", record));
  REQUIRE_FALSE(decode("\x02" + sample_bytes.substr(1), record));  // a version of the future
}

TEST_CASE("altered records are refused or read, never worse") {
  uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  size_t refused = 0;
  for (size_t round = 0; round < 20'000 * test_size(); ++round) {
    std::string bytes = sample_bytes;
    for (uint64_t flips = 1 + random() % 4; flips != 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Suppression record;
    bool read = decode(bytes, record);
    refused += !read;
    // Both decoders agree on what is a record, and on what the set must say of it.
    REQUIRE(decode_state(bytes) == (read ? record.state() : SlotState::absent));
    decode_account(bytes);
    decode_key(bytes);
    decode_meta(bytes);
    decode_remembered(bytes);
  }
  REQUIRE(refused > 0);
}

TEST_CASE("varints take every value and refuse what does not fit") {
  for (uint64_t value : {0ull, 127ull, 128ull, 300ull, 1ull << 63, ~0ull}) {
    std::string bytes;
    ByteWriter(bytes).varint(value);
    ByteReader reader(bytes);
    REQUIRE(reader.varint() == value);
    REQUIRE(reader.finished());
  }
  ByteReader overlong("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  overlong.varint();
  REQUIRE_FALSE(overlong.good());
  ByteReader endless(std::string_view("\x80\x80", 2));
  endless.varint();
  REQUIRE_FALSE(endless.good());
  ByteReader lying(
      "\x7f"
      "abc");
  REQUIRE(lying.text().empty());
  REQUIRE_FALSE(lying.good());
}
