// Reads of single records, and of what belongs to one contact.
#include "persistence/contact_reader.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <numeric>

#include "persistence/contact_codec.hpp"
#include "persistence/cursor.hpp"
#include "persistence/row_walk.hpp"

namespace suppressd {
namespace {

Contact decode_contact(std::string_view bytes, ContactId id) {
  Contact contact;
  if (!decode(bytes, contact)) throw StorageFailure("a stored contact is damaged");
  contact.id = id;
  return contact;
}

Segment decode_whole_segment(std::string_view bytes) {
  std::optional<Segment> segment = decode_segment(bytes);
  if (!segment) throw StorageFailure("a stored segment is damaged");
  return std::move(*segment);
}

Activity decode_whole_activity(std::string_view place, std::string_view bytes) {
  std::optional<Activity> activity = decode_activity(bytes);
  ByteReader from(place);
  const uint64_t sequence = ~from.u64();
  from.u32();  // tells activities of one change apart
  if (!activity || !from.finished()) throw StorageFailure("a stored activity is damaged");
  activity->sequence = sequence;
  return std::move(*activity);
}

}  // namespace

std::optional<Contact> ContactReader::contact(AccountNumber account, ContactId id) const {
  std::string bytes;
  if (!context_.database.get(Family::contacts, contact_key(account, id), bytes)) {
    return std::nullopt;
  }
  return decode_contact(bytes, id);
}

std::vector<std::optional<Contact>> ContactReader::contacts(
    AccountNumber account, const std::vector<ContactId>& ids) const {
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&ids](size_t a, size_t b) { return ids[a] < ids[b]; });
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const size_t i : order) keys.push_back(contact_key(account, ids[i]));
  const std::vector<rocksdb::Slice> wanted(keys.begin(), keys.end());
  std::vector<std::optional<Contact>> contacts(ids.size());
  const Snapshot snapshot(context_.database);
  const auto found = [&](size_t i, std::string_view value) {
    contacts[order[i]] = decode_contact(value, ids[order[i]]);
  };
  context_.database.get_many(Family::contacts, wanted, found, snapshot.get());
  return contacts;
}

std::optional<Contact> ContactReader::contact_of(AccountNumber account, Channel channel,
                                                 std::string_view canonical) const {
  const Snapshot snapshot(context_.database);
  std::string bytes;
  if (!context_.database.get(Family::owners, owner_key(account, channel, canonical), bytes,
                             snapshot.get())) {
    return std::nullopt;
  }
  ByteReader from(bytes);
  const ContactId id = from.u64();
  if (!from.finished() ||
      !context_.database.get(Family::contacts, contact_key(account, id), bytes, snapshot.get())) {
    throw StorageFailure("the owner of an address is damaged");
  }
  return decode_contact(bytes, id);
}

ActivityPage ContactReader::activity(AccountNumber account, ContactId id, std::string_view cursor,
                                     size_t limit) const {
  const std::string prefix = activity_prefix(account, id);
  const std::string list = "activity" + prefix;
  std::string place;
  if (!cursor.empty()) place = parse_cursor(list, cursor, context_.secret);
  const Snapshot snapshot(context_.database);
  ActivityPage page;
  page.sequence = snapshot.sequence();
  RowWalk row(snapshot, Family::activity, prefix + place, successor(prefix));
  if (!place.empty() && row.valid() && row.key().substr(prefix.size()) == place) row.next();
  for (; row.valid() && page.items.size() < std::max<size_t>(limit, 1); row.next()) {
    place = row.key().substr(prefix.size());
    page.items.push_back(decode_whole_activity(place, row.value()));
  }
  if (row.valid()) page.next = make_cursor(list, place, context_.secret);
  return page;
}

std::optional<Segment> ContactReader::segment(AccountNumber account, SegmentId id) const {
  std::string bytes;
  if (!context_.database.get(Family::segments, segment_key(account, id), bytes)) {
    return std::nullopt;
  }
  return decode_whole_segment(bytes);
}

std::vector<Segment> ContactReader::segments(AccountNumber account) const {
  std::string prefix;
  append_account(account, prefix);
  const Snapshot snapshot(context_.database);
  std::vector<Segment> segments;
  for (RowWalk row(snapshot, Family::segments, prefix, successor(prefix)); row.valid();
       row.next()) {
    segments.push_back(decode_whole_segment(row.value()));
  }
  return segments;
}

}  // namespace suppressd
