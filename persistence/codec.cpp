// Integers are varints unless a width is given; text is a varint length and its octets.
//
//   suppression  version 1 | flags | [given: text] | [region: 2] | causes | cause... | [exemption]
//     flags      1 given, 2 region, 4 exemption; other bits are zero
//     cause      reason: 1 | at | source: text | by: text | evidence: text | campaign: text
//     exemption  at | by: text | note: text
//   account      version 3 | number | id: text | name: text | region: 2 | created_at | policies
//                | soft bounces: limit | days | first days | longest days
//                | expiries | expiry...
//                version 1 has no policies: none is in force; version 2 only the bits
//     policies   1 self_service, 2 trusted_bounces; other bits are zero
//     expiry     reason: 1 | days, not 0; by reason, ascending
//   key          version 1 | id: text | role: 1 | account | name: text | hash: 32 | created_at
//                | revoked_at
//   meta         version 2 | sequence | entries | digest high: 8 | digest low: 8 | accounts | keys
//                | normalizer | secret id: 16
//                its version is the digest's: version 1 was a sum of other hashes
//   remembered   version 3 | request hash: 32 | sequence | added | updated | unchanged | account | id
//                | duplicates | refused rows | position of one...
//                version 1 ends before id, version 2 behind it
//   change       version 1 | kind: 1 | at | by: text | body
//     add        scope | row... to the end
//       row      bits | address: text | [given: text] | [region: 2] | result: 1 | [cause]
//                bits: channel in the low two, 4 given, 8 region, 16 same cause as the row before,
//                32 erased: the address is the 16 octets of its fingerprint
//     remove, exempt   scope | bits: 1 | address: text | result: 1 | [exemption]
//                bits: channel in the low two, 32 erased
//     accounts, keys   the record as above
//     rekeyed          version before | version after
//     loss_accepted    sequence that the store held
//     of contacts and what is around them   moderation_codec.cpp
#include "persistence/codec.hpp"

#include <algorithm>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t record_version = 1;
constexpr uint8_t account_version = 3, remembered_version = 3;
constexpr uint64_t policy_self_service = 1, policy_trusted_bounces = 2, policies_known = 3;
constexpr uint8_t flag_given = 1, flag_region = 2, flag_exemption = 4, flags_known = 7;
// The shortest cause: reason, time and four empty texts. Bounds what a count can promise.
constexpr size_t cause_octets_min = 6;

void write(const Cause& cause, ByteWriter& to) {
  to.u8(static_cast<uint8_t>(cause.reason));
  to.varint(cause.at);
  to.text(cause.source);
  to.text(cause.by);
  to.text(cause.evidence);
  to.text(cause.campaign);
}

void write(const Exemption& exemption, ByteWriter& to) {
  to.varint(exemption.at);
  to.text(exemption.by);
  to.text(exemption.note);
}

void write(Region region, ByteWriter& to) {
  to.raw({region.letters.data(), 2});
}

Region read_region(ByteReader& from) {
  Region region;
  std::string_view letters = from.raw(2);
  if (letters.size() == 2) region.letters = {letters[0], letters[1]};
  return region;
}

Reason read_reason(ByteReader& from) {
  uint8_t number = from.u8();
  if (number == 0 || number > static_cast<uint8_t>(Reason::legal)) from.spoil();
  return static_cast<Reason>(number);
}

template <size_t size>
void read_array(ByteReader& from, std::array<uint8_t, size>& into) {
  std::string_view octets = from.raw(size);
  if (octets.size() == size) std::memcpy(into.data(), octets.data(), size);
}

template <class Integer>
Integer read_number(ByteReader& from) {
  uint64_t value = from.varint();
  if (value != static_cast<Integer>(value)) from.spoil();
  return static_cast<Integer>(value);
}

void read_version(ByteReader& from) {
  if (from.u8() != record_version) from.spoil();
}

uint8_t read_flags(ByteReader& from) {
  uint8_t flags = from.u8();
  if ((flags & ~flags_known) != 0) from.spoil();
  return flags;
}

uint64_t read_cause_count(ByteReader& from) {
  uint64_t causes = from.varint();
  if (causes > causes_max || causes * cause_octets_min > from.left()) from.spoil();
  return from.good() ? causes : 0;
}

}  // namespace

void encode(const Suppression& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.u8(static_cast<uint8_t>((record.given.empty() ? 0 : flag_given) |
                             (record.region.empty() ? 0 : flag_region) |
                             (record.exemption ? flag_exemption : 0)));
  if (!record.given.empty()) to.text(record.given);
  if (!record.region.empty()) write(record.region, to);
  to.varint(record.causes.size());
  for (const Cause& cause : record.causes) write(cause, to);
  if (record.exemption) write(*record.exemption, to);
}

bool decode(std::string_view bytes, Suppression& into) {
  ByteReader from(bytes);
  read_version(from);
  uint8_t flags = read_flags(from);
  into.given = flags & flag_given ? from.text() : "";
  into.region = flags & flag_region ? read_region(from) : Region{};
  into.causes.clear();
  into.causes.resize(read_cause_count(from));
  for (Cause& cause : into.causes) {
    cause.reason = read_reason(from);
    cause.at = from.varint();
    cause.source = from.text();
    cause.by = from.text();
    cause.evidence = from.text();
    cause.campaign = from.text();
  }
  into.exemption.reset();
  if (flags & flag_exemption) {
    Exemption& exemption = into.exemption.emplace();
    exemption.at = from.varint();
    exemption.by = from.text();
    exemption.note = from.text();
  }
  return from.finished();
}

SlotState decode_state(std::string_view bytes) {
  ByteReader from(bytes);
  read_version(from);
  uint8_t flags = read_flags(from);
  if (flags & flag_given) from.text();
  if (flags & flag_region) from.raw(2);
  Reason strongest = Reason::none;
  for (uint64_t left = read_cause_count(from); left != 0; --left) {
    strongest = std::max(strongest, read_reason(from));
    from.varint();
    for (int texts = 0; texts < 4; ++texts) from.text();
  }
  if (flags & flag_exemption) {
    from.varint();
    from.text();
    from.text();
  }
  if (!from.finished()) return SlotState::absent;
  if (strongest != Reason::none) return slot_state(strongest);
  return flags & flag_exemption ? SlotState::exempt : SlotState::absent;
}

void encode(const Account& record, std::string& out) {
  ByteWriter to(out);
  to.u8(account_version);
  to.varint(record.number);
  to.text(record.id);
  to.text(record.name);
  write(record.default_region, to);
  to.varint(record.created_at);
  to.varint((record.policies.self_service ? policy_self_service : 0) |
            (record.policies.trusted_bounces ? policy_trusted_bounces : 0));
  const SoftBouncePolicy& soft = record.policies.soft_bounces;
  for (const uint16_t number : {soft.limit, soft.days, soft.first_days, soft.longest_days}) {
    to.varint(number);
  }
  const ExpiryDays& expiry = record.policies.expire_after_days;
  to.varint(static_cast<uint64_t>(
      std::count_if(expiry.begin(), expiry.end(), [](uint16_t days) { return days != 0; })));
  for (size_t reason = 0; reason < expiry.size(); ++reason) {
    if (expiry[reason] == 0) continue;
    to.u8(static_cast<uint8_t>(reason));
    to.varint(expiry[reason]);
  }
}

namespace {

void read_bounce_policies(ByteReader& from, Policies& policies) {
  SoftBouncePolicy& soft = policies.soft_bounces;
  for (uint16_t* number : {&soft.limit, &soft.days, &soft.first_days, &soft.longest_days}) {
    *number = read_number<uint16_t>(from);
  }
  const uint64_t expiries = from.varint();
  size_t after = 0;
  for (uint64_t i = 0; i < expiries && from.good(); ++i) {
    const uint8_t reason = from.u8();
    const auto days = read_number<uint16_t>(from);
    if (reason <= after || reason >= reasons_end || days == 0) from.spoil();
    if (!from.good()) return;
    policies.expire_after_days[reason] = days;
    after = reason;
  }
}

}  // namespace

std::optional<Account> decode_account(std::string_view bytes) {
  ByteReader from(bytes);
  Account record;
  const uint8_t version = from.u8();
  if (version == 0 || version > account_version) from.spoil();
  record.number = read_number<AccountNumber>(from);
  record.id = from.text();
  record.name = from.text();
  record.default_region = read_region(from);
  record.created_at = from.varint();
  const uint64_t policies = version >= 2 ? from.varint() : 0;
  if ((policies & ~policies_known) != 0) from.spoil();
  record.policies.self_service = (policies & policy_self_service) != 0;
  record.policies.trusted_bounces = (policies & policy_trusted_bounces) != 0;
  if (version >= 3) read_bounce_policies(from, record.policies);
  if (!from.finished()) return std::nullopt;
  return record;
}

void encode(const ApiKey& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.text(record.id);
  to.u8(static_cast<uint8_t>(record.role));
  to.varint(record.account);
  to.text(record.name);
  to.raw({reinterpret_cast<const char*>(record.hash.data()), record.hash.size()});
  to.varint(record.created_at);
  to.varint(record.revoked_at);
}

std::optional<ApiKey> decode_key(std::string_view bytes) {
  ByteReader from(bytes);
  ApiKey record;
  read_version(from);
  record.id = from.text();
  uint8_t role = from.u8();
  if (role < static_cast<uint8_t>(Role::admin) || role > static_cast<uint8_t>(Role::checker)) {
    from.spoil();
  }
  record.role = static_cast<Role>(role);
  record.account = read_number<AccountNumber>(from);
  record.name = from.text();
  read_array(from, record.hash);
  record.created_at = from.varint();
  record.revoked_at = from.varint();
  if (!from.finished()) return std::nullopt;
  return record;
}

void encode(const Meta& meta, std::string& out) {
  ByteWriter to(out);
  to.u8(static_cast<uint8_t>(meta.digest_version));
  to.varint(meta.sequence);
  to.varint(meta.entries);
  to.u64(meta.digest.high);
  to.u64(meta.digest.low);
  to.varint(meta.accounts);
  to.varint(meta.keys);
  to.varint(meta.normalizer);
  to.raw({reinterpret_cast<const char*>(meta.secret.data()), meta.secret.size()});
}

std::optional<Meta> decode_meta(std::string_view bytes) {
  ByteReader from(bytes);
  Meta meta;
  meta.digest_version = from.u8();
  if (meta.digest_version == 0 || meta.digest_version > digest_version) from.spoil();
  meta.sequence = from.varint();
  meta.entries = from.varint();
  meta.digest.high = from.u64();
  meta.digest.low = from.u64();
  meta.accounts = read_number<AccountNumber>(from);
  meta.keys = from.varint();
  meta.normalizer = read_number<uint32_t>(from);
  read_array(from, meta.secret);
  if (!from.finished()) return std::nullopt;
  return meta;
}

void encode(const RememberedOutcome& remembered, std::string& out) {
  ByteWriter to(out);
  to.u8(remembered_version);
  to.raw({reinterpret_cast<const char*>(remembered.request_hash.data()),
          remembered.request_hash.size()});
  to.varint(remembered.outcome.sequence);
  to.varint(remembered.outcome.added);
  to.varint(remembered.outcome.updated);
  to.varint(remembered.outcome.unchanged);
  to.varint(remembered.outcome.account);
  to.varint(remembered.outcome.id);
  to.varint(remembered.outcome.duplicates);
  to.varint(remembered.outcome.refused_rows.size());
  for (const uint32_t row : remembered.outcome.refused_rows) to.varint(row);
}

std::optional<RememberedOutcome> decode_remembered(std::string_view bytes) {
  ByteReader from(bytes);
  RememberedOutcome remembered;
  const uint8_t version = from.u8();
  if (version == 0 || version > remembered_version) from.spoil();
  read_array(from, remembered.request_hash);
  remembered.outcome.status = Outcome::Status::replayed;
  remembered.outcome.sequence = from.varint();
  remembered.outcome.added = read_number<uint32_t>(from);
  remembered.outcome.updated = read_number<uint32_t>(from);
  remembered.outcome.unchanged = read_number<uint32_t>(from);
  remembered.outcome.account = read_number<AccountNumber>(from);
  if (version >= 2) remembered.outcome.id = from.varint();
  if (version >= 3) {
    remembered.outcome.duplicates = read_number<uint32_t>(from);
    const uint64_t refused = from.varint();
    if (refused > change_rows_max) from.spoil();
    for (uint64_t i = 0; i < refused && from.good(); ++i) {
      remembered.outcome.refused_rows.push_back(read_number<uint32_t>(from));
    }
  }
  if (!from.finished()) return std::nullopt;
  return remembered;
}

void encode_change_head(ChangeKind kind, std::string_view by, TimeMs at, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.u8(static_cast<uint8_t>(kind));
  to.varint(at);
  to.text(by);
}

void encode_change_row(const AddSuppressions::Row& row, SlotState result, const Cause* previous,
                       std::string& out) {
  ByteWriter to(out);
  bool same_cause = previous != nullptr && *previous == row.cause;
  to.u8(static_cast<uint8_t>(
      static_cast<uint8_t>(row.channel) | (row.given.empty() ? 0 : row_given) |
      (row.region.empty() ? 0 : row_region) | (same_cause ? row_same_cause : 0)));
  to.text(row.address);
  if (!row.given.empty()) to.text(row.given);
  if (!row.region.empty()) write(row.region, to);
  to.u8(static_cast<uint8_t>(result));
  if (!same_cause) write(row.cause, to);
}

void encode(const CauseView& cause, std::string& out) {
  ByteWriter to(out);
  to.u8(static_cast<uint8_t>(cause.reason));
  to.varint(cause.at);
  to.text(cause.source);
  to.text(cause.by);
  to.text(cause.evidence);
  to.text(cause.campaign);
}

void encode_change_row(const EncodedRow& row, std::string& out) {
  ByteWriter to(out);
  to.u8(static_cast<uint8_t>(
      static_cast<uint8_t>(row.channel) | (row.given.empty() ? 0 : row_given) |
      (row.region.empty() ? 0 : row_region) | (row.cause.empty() ? row_same_cause : 0) |
      (row.erased ? row_erased : 0)));
  to.text(row.address);
  if (!row.given.empty()) to.text(row.given);
  if (!row.region.empty()) write(row.region, to);
  to.u8(static_cast<uint8_t>(row.result));
  to.raw(row.cause);
}

void encode_suppression(const EncodedRow& row, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.u8(static_cast<uint8_t>((row.given.empty() ? 0 : flag_given) |
                             (row.region.empty() ? 0 : flag_region)));
  if (!row.given.empty()) to.text(row.given);
  if (!row.region.empty()) write(row.region, to);
  to.varint(1);
  to.raw(row.cause);
}

bool decode_change_row(std::string_view bytes, EncodedRow& into) {
  ByteReader from(bytes);
  uint8_t bits = from.u8();
  into.channel = static_cast<Channel>(bits & 3);
  into.address = from.text();
  into.given = bits & row_given ? from.text() : std::string_view();
  into.region = bits & row_region ? read_region(from) : Region{};
  into.result = static_cast<SlotState>(from.u8());
  into.cause = {};
  return from.good();
}

void encode_change_address(AccountNumber scope, Channel channel, std::string_view address,
                           SlotState result, const std::optional<Exemption>& exemption,
                           std::string& out, bool erased) {
  ByteWriter to(out);
  to.varint(scope);
  to.u8(static_cast<uint8_t>(static_cast<uint8_t>(channel) | (erased ? row_erased : 0)));
  to.text(address);
  to.u8(static_cast<uint8_t>(result));
  if (exemption) write(*exemption, to);
}

}  // namespace suppressd
