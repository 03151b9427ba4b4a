// Which events were told before: by their ids, for event_ids_kept_ms. Neither ids nor contents are
// stored but as keyed hashes.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/commit_group.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/erased.hpp"

namespace suppressd {
namespace {

constexpr size_t ids_looked_at_min = 100;  // a commit; beside two for each that it stored

struct SeenEvent {
  TimeMs at = 0;
  uint64_t content = 0;
};

SeenEvent read_seen(std::string_view bytes) {
  ByteReader from(bytes);
  SeenEvent seen;
  seen.at = from.u64();
  seen.content = from.u64();
  if (!from.finished()) throw StorageFailure("a remembered event is damaged");
  return seen;
}

bool over(TimeMs seen_at, TimeMs now) {
  return seen_at + event_ids_kept_ms <= now;
}

}  // namespace

std::string CommitGroup::event_id_key(AccountNumber account, std::string_view id) const {
  std::string text = "event id ";
  text.append(id);
  std::string key;
  ByteWriter to(key);
  to.u32(account);
  to.raw(octets_of(fingerprint_(CanonicalAddress::from_stored(Channel::email, text))));
  return key;
}

uint64_t CommitGroup::content_hash(const AddEvents::Row& row) const {
  std::string text;
  ByteWriter to(text);
  to.u8(static_cast<uint8_t>(row.kind));
  to.u8(row.confirmable ? 1 : 0);
  to.u8(static_cast<uint8_t>(row.channel));
  to.varint(row.timed ? row.at : 0);
  for (const std::string* part : {&row.address, &row.campaign, &row.detail}) to.text(*part);
  return fingerprint_(CanonicalAddress::from_stored(Channel::email, text)).high;
}

void CommitGroup::gather_events(const AddEvents& what) {
  std::vector<std::string> ids, bounces;
  for (const AddEvents::Row& row : what.rows) {
    if (!row.id.empty()) ids.push_back(event_id_key(what.account, row.id));
    if (!tells_of_address(row.kind)) continue;
    bounces.push_back(bounces_key(what.account, row.channel, row.address));
    // A hard one may reach the platform.
    if (row.kind == ActivityKind::bounced || row.confirmable) {
      bounces.push_back(bounces_key(platform_number, row.channel, row.address));
    }
  }
  overlay_.prefetch(Family::event_ids, std::move(ids));
  overlay_.prefetch(Family::bounces, std::move(bounces));
}

CommitGroup::Seen CommitGroup::see(const AddEvents& what, const AddEvents::Row& row, TimeMs now) {
  if (row.id.empty()) return Seen::never;
  const std::string key = event_id_key(what.account, row.id);
  const uint64_t content = content_hash(row);
  if (const std::string* bytes = overlay_.find(Family::event_ids, key)) {
    const SeenEvent seen = read_seen(*bytes);
    if (!over(seen.at, now)) return seen.content == content ? Seen::same : Seen::other;
  }
  std::string value;
  ByteWriter to(value);
  to.u64(now);
  to.u64(content);
  overlay_.put(Family::event_ids, key, std::move(value));
  ++ids_stored_;
  return Seen::never;
}

void CommitGroup::expire_ids(TimeMs now, IdExpiry& expiry) {
  if (ids_stored_ == 0) return;
  const std::unique_ptr<rocksdb::Iterator> row(
      database_.rocks().NewIterator(read_options(), database_.family(Family::event_ids)));
  row->Seek(expiry.from);
  for (size_t left = ids_looked_at_min + 2 * ids_stored_; left != 0 && row->Valid(); --left) {
    const SeenEvent seen = read_seen({row->value().data(), row->value().size()});
    const std::string_view key(row->key().data(), row->key().size());
    // What this group has just stored again is new.
    if (over(seen.at, now) && !overlay_.written(Family::event_ids, key)) {
      require_ok(batch_->Delete(database_.family(Family::event_ids), row->key()));
    }
    row->Next();
  }
  require_ok(row->status());
  expiry.from = row->Valid() ? row->key().ToString() : std::string();
}

}  // namespace suppressd
