// Integers are varints unless a width is given; text is a varint length and its octets. What a flag
// does not announce is absent.
//
//   contact    version 1 | created_at | updated_at | source: text | addresses: bits 1 email, 2 phone
//              | address... | fields | (name: text, value: text)... | segments | segment...
//              each segment as its distance from the one before
//     address  flags | address: text | [given: text] | sequence | [standing] | [deletion]
//              | [engagement]
//              flags: 1 given, 2 suppressed, 4 exempt, 8 platform, 16 deleted, 32 engagement
//     standing   reason: 1 | at | source: text | campaign: text
//     deletion   at | by: text | reason: text | job
//     engagement first_sent | last_sent | last_delivered | last_engaged | last_soft_bounce | sent
//                | soft_bounces | hard_bounces
//   segment    version 1 | id | name: text | created_at | by: text | deleting: 1
//   activity   version 1 | kind: 1 | channel: 1 (0: none) | at | by: text | campaign: text
//              | detail: text | reason: 1
#include "persistence/contact_codec.hpp"

#include <limits>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t record_version = 1;
constexpr uint8_t flag_given = 1, flag_suppressed = 2, flag_exempt = 4, flag_platform = 8,
                  flag_deleted = 16, flag_engagement = 32, flags_known = 63;

template <class Integer>
Integer read_number(ByteReader& from) {
  const uint64_t value = from.varint();
  if (value > std::numeric_limits<Integer>::max()) from.spoil();
  return static_cast<Integer>(value);
}

Reason read_reason(ByteReader& from, bool or_none) {
  const uint8_t number = from.u8();
  if ((number == 0 && !or_none) || number > static_cast<uint8_t>(Reason::legal)) from.spoil();
  return static_cast<Reason>(number);
}

void read_version(ByteReader& from) {
  if (from.u8() != record_version) from.spoil();
}

void write(const Standing& standing, ByteWriter& to) {
  to.u8(static_cast<uint8_t>(standing.reason));
  to.varint(standing.at);
  to.text(standing.source);
  to.text(standing.campaign);
}

void read(ByteReader& from, Standing& standing) {
  standing.reason = read_reason(from, false);
  standing.at = from.varint();
  standing.source = from.text();
  standing.campaign = from.text();
}

void write(const Deletion& deletion, ByteWriter& to) {
  to.varint(deletion.at);
  to.text(deletion.by);
  to.text(deletion.reason);
  to.varint(deletion.job);
}

Deletion read_deletion(ByteReader& from) {
  Deletion deletion;
  deletion.at = from.varint();
  deletion.by = from.text();
  deletion.reason = from.text();
  deletion.job = from.varint();
  return deletion;
}

void write(const Engagement& engagement, ByteWriter& to) {
  for (const TimeMs time : {engagement.first_sent, engagement.last_sent, engagement.last_delivered,
                            engagement.last_engaged, engagement.last_soft_bounce}) {
    to.varint(time);
  }
  to.varint(engagement.sent);
  to.varint(engagement.soft_bounces);
  to.varint(engagement.hard_bounces);
}

void read(ByteReader& from, Engagement& engagement) {
  for (TimeMs* time : {&engagement.first_sent, &engagement.last_sent, &engagement.last_delivered,
                       &engagement.last_engaged, &engagement.last_soft_bounce}) {
    *time = from.varint();
  }
  engagement.sent = read_number<uint32_t>(from);
  engagement.soft_bounces = read_number<uint32_t>(from);
  engagement.hard_bounces = read_number<uint32_t>(from);
}

uint8_t flags_of(const ContactAddress& address) {
  const Standing& standing = address.standing;
  const bool suppressed = standing.reason != Reason::none;
  return static_cast<uint8_t>((address.given.empty() ? 0 : flag_given) |
                              (suppressed ? flag_suppressed : 0) |
                              (standing.exempt ? flag_exempt : 0) |
                              (standing.scope == Scope::platform ? flag_platform : 0) |
                              (address.deletion ? flag_deleted : 0) |
                              (address.engagement == Engagement{} ? 0 : flag_engagement));
}

void write(const ContactAddress& address, ByteWriter& to) {
  const uint8_t flags = flags_of(address);
  to.u8(flags);
  to.text(address.address);
  if (flags & flag_given) to.text(address.given);
  to.varint(address.sequence);
  if (flags & flag_suppressed) write(address.standing, to);
  if (flags & flag_deleted) write(*address.deletion, to);
  if (flags & flag_engagement) write(address.engagement, to);
}

void read(ByteReader& from, ContactAddress& address) {
  const uint8_t flags = from.u8();
  if ((flags & ~flags_known) != 0) from.spoil();
  address.address = from.text();
  if (address.address.empty()) from.spoil();
  if (flags & flag_given) {
    address.given = from.text();
    if (address.given.empty()) from.spoil();
  }
  address.sequence = from.varint();
  if (flags & flag_suppressed) read(from, address.standing);
  address.standing.exempt = (flags & flag_exempt) != 0;
  address.standing.scope = flags & flag_platform ? Scope::platform : Scope::account;
  if (flags & flag_deleted) address.deletion = read_deletion(from);
  if (flags & flag_engagement) {
    read(from, address.engagement);
    if (address.engagement == Engagement{}) from.spoil();
  }
}

void read_fields(ByteReader& from, std::map<std::string, std::string>& fields) {
  uint64_t count = from.varint();
  if (count > contact_fields_max) from.spoil();
  for (; count != 0 && from.good(); --count) {
    std::string name(from.text());
    // In order, as they are written: so each name comes once.
    if (!fields.empty() && fields.rbegin()->first >= name) from.spoil();
    fields.emplace_hint(fields.end(), std::move(name), from.text());
  }
}

void read_segments(ByteReader& from, std::vector<SegmentId>& segments) {
  const uint64_t count = from.varint();
  if (count > contact_segments_max || count > from.left()) from.spoil();
  uint64_t last = 0;
  for (uint64_t i = 0; i < count && from.good(); ++i) {
    const uint64_t distance = from.varint();
    last += distance;
    if (distance == 0 || last > std::numeric_limits<SegmentId>::max()) from.spoil();
    segments.push_back(static_cast<SegmentId>(last));
  }
}

}  // namespace

void encode(const Contact& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.varint(record.created_at);
  to.varint(record.updated_at);
  to.text(record.source);
  uint8_t present = 0;
  for (const Channel channel : all_channels) {
    if (!record.of(channel).address.empty()) present |= static_cast<uint8_t>(channel);
  }
  to.u8(present);
  for (const ContactAddress& address : record.addresses) {
    if (!address.address.empty()) write(address, to);
  }
  to.varint(record.fields.size());
  for (const auto& [name, value] : record.fields) {
    to.text(name);
    to.text(value);
  }
  to.varint(record.segments.size());
  SegmentId last = 0;
  for (const SegmentId segment : record.segments) {
    to.varint(segment - last);
    last = segment;
  }
}

bool decode(std::string_view bytes, Contact& into) {
  ByteReader from(bytes);
  into = {};
  read_version(from);
  into.created_at = from.varint();
  into.updated_at = from.varint();
  into.source = from.text();
  const uint8_t present = from.u8();
  if (present > 3) from.spoil();
  for (const Channel channel : all_channels) {
    if (present & static_cast<uint8_t>(channel)) read(from, into.of(channel));
  }
  read_fields(from, into.fields);
  read_segments(from, into.segments);
  return from.finished();
}

void encode(const Segment& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.varint(record.id);
  to.text(record.name);
  to.varint(record.created_at);
  to.text(record.by);
  to.u8(record.deleting ? 1 : 0);
}

std::optional<Segment> decode_segment(std::string_view bytes) {
  ByteReader from(bytes);
  Segment record;
  read_version(from);
  record.id = read_number<SegmentId>(from);
  record.name = from.text();
  record.created_at = from.varint();
  record.by = from.text();
  const uint8_t deleting = from.u8();
  if (deleting > 1) from.spoil();
  record.deleting = deleting == 1;
  if (!from.finished()) return std::nullopt;
  return record;
}

void encode(const Activity& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.u8(static_cast<uint8_t>(record.kind));
  to.u8(record.channel ? static_cast<uint8_t>(*record.channel) : uint8_t{0});
  to.varint(record.at);
  to.text(record.by);
  to.text(record.campaign);
  to.text(record.detail);
  to.u8(static_cast<uint8_t>(record.reason));
}

std::optional<Activity> decode_activity(std::string_view bytes) {
  ByteReader from(bytes);
  Activity record;
  read_version(from);
  const uint8_t kind = from.u8();
  record.kind = static_cast<ActivityKind>(kind);
  if (kind == 0 || name_of(record.kind).empty()) from.spoil();
  const uint8_t channel = from.u8();
  if (channel > channels) from.spoil();
  if (channel != 0) record.channel = static_cast<Channel>(channel);
  record.at = from.varint();
  record.by = from.text();
  record.campaign = from.text();
  record.detail = from.text();
  record.reason = read_reason(from, true);
  if (!from.finished()) return std::nullopt;
  return record;
}

}  // namespace suppressd
