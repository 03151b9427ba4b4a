#include "persistence/erased.hpp"

#include <rocksdb/db.h>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t erased_version = 1;

[[noreturn]] void damaged() {
  throw StorageFailure("what is left of an erased suppression is damaged");
}

}  // namespace

std::string octets_of(const Fingerprint& fingerprint) {
  std::string octets;
  ByteWriter to(octets);
  to.u64(fingerprint.high);
  to.u64(fingerprint.low);
  return octets;
}

bool parse_fingerprint(std::string_view octets, Fingerprint& into) {
  ByteReader from(octets);
  into.high = from.u64();
  into.low = from.u64();
  return from.finished();
}

std::string erased_key(AccountNumber scope, const Fingerprint& address) {
  std::string key;
  ByteWriter to(key);
  to.u32(scope);
  to.raw(octets_of(address));
  return key;
}

Cause erased_cause(Reason reason, TimeMs at) {
  Cause cause;
  cause.reason = reason;
  cause.source = erased_source;
  cause.at = at;
  return cause;
}

void erase_words(Suppression& record) {
  record.given.clear();
  record.region = {};
  if (!record.causes.empty()) {
    const Cause& shown = record.shown();
    record.causes = {erased_cause(shown.reason, shown.at)};
  }
  if (record.exemption) record.exemption = Exemption{record.exemption->at, "", ""};
}

void encode_erased(const Suppression& record, std::string& out) {
  ByteWriter to(out);
  to.u8(erased_version);
  to.u8(static_cast<uint8_t>(record.channel));
  const Cause none;
  const Cause& cause = record.causes.empty() ? none : record.shown();
  to.u8(static_cast<uint8_t>(cause.reason));
  to.varint(cause.at);
  to.u8(record.exemption ? 1 : 0);
  if (record.exemption) to.varint(record.exemption->at);
}

bool decode_erased(std::string_view bytes, Suppression& into) {
  ByteReader from(bytes);
  into = {};
  if (from.u8() != erased_version) from.spoil();
  into.channel = static_cast<Channel>(from.u8());
  if (into.channel != Channel::email && into.channel != Channel::phone) from.spoil();
  const uint8_t reason = from.u8();
  if (reason > static_cast<uint8_t>(Reason::legal)) from.spoil();
  const TimeMs at = from.varint();
  if (reason != 0) into.causes = {erased_cause(static_cast<Reason>(reason), at)};
  const uint8_t exempt = from.u8();
  if (exempt > 1 || (exempt == 0 && reason == 0)) from.spoil();
  if (exempt == 1) into.exemption.emplace().at = from.varint();
  return from.finished();
}

bool find_erased(const Database& database, AccountNumber scope, const Fingerprint& address,
                 Suppression& into, const rocksdb::Snapshot* snapshot) {
  std::string bytes;
  if (!database.get(Family::erased, erased_key(scope, address), bytes, snapshot)) return false;
  if (!decode_erased(bytes, into)) damaged();
  into.scope = scope;
  return true;
}

void for_each_erased(
    const Database& database,
    const std::function<void(AccountNumber, const Fingerprint&, SlotState)>& tell) {
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(scan_options(), database.family(Family::erased)));
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    ByteReader key({row->key().data(), row->key().size()});
    const AccountNumber scope = key.u32();
    Fingerprint address;
    Suppression record;
    if (!parse_fingerprint(key.raw(key.left()), address) ||
        !decode_erased({row->value().data(), row->value().size()}, record)) {
      damaged();
    }
    tell(scope, address, record.state());
  }
  require_ok(row->status());
}

}  // namespace suppressd
