// Integers are varints unless a width is given; text is a varint length and its octets.
//
//   request    version 1 | id | kind: 1 | state: 1 | filed_at | decided_at | filed_by: text
//              | decided_by: text | statement: text | note: text | targets | target... | segment
//              | segment_channel: 1 (0: both) | approved | position... | job | applied | already
//     target   channel: 1 | address: text | contact
//   job        version 1 | id | kind: 1 | state: 1 | created_at | updated_at | by: text | plan: text
//              | position: text | total | done | changed | skipped | result: text
//   act        account | subject | code: 1 | number | text: text | rows | (fate: 1, contact)...
//              the body of changes of contacts and what is around them (codec.hpp, LoggedAct)
#include <limits>

#include "persistence/bytes.hpp"
#include "persistence/change.hpp"
#include "persistence/codec.hpp"
#include "persistence/contact_codec.hpp"

namespace suppressd {
namespace {

constexpr uint8_t record_version = 1;
// The shortest target, and the shortest row of an act: bound what a count can promise.
constexpr size_t target_octets_min = 3, row_octets_min = 2;

template <class Integer>
Integer read_number(ByteReader& from) {
  const uint64_t value = from.varint();
  if (value > std::numeric_limits<Integer>::max()) from.spoil();
  return static_cast<Integer>(value);
}

/// A number from 1 to `last`.
template <class Enumeration>
Enumeration read_one_of(ByteReader& from, Enumeration last) {
  const uint8_t number = from.u8();
  if (number == 0 || number > static_cast<uint8_t>(last)) from.spoil();
  return static_cast<Enumeration>(number);
}

uint64_t read_count(ByteReader& from, size_t octets_min) {
  const uint64_t count = from.varint();
  if (count > from.left() / octets_min) from.spoil();
  return from.good() ? count : 0;
}

void read_version(ByteReader& from) {
  if (from.u8() != record_version) from.spoil();
}

}  // namespace

void encode(const ModerationRequest& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.varint(record.id);
  to.u8(static_cast<uint8_t>(record.kind));
  to.u8(static_cast<uint8_t>(record.state));
  to.varint(record.filed_at);
  to.varint(record.decided_at);
  for (const std::string* text :
       {&record.filed_by, &record.decided_by, &record.statement, &record.note}) {
    to.text(*text);
  }
  to.varint(record.targets.size());
  for (const RequestTarget& target : record.targets) {
    to.u8(static_cast<uint8_t>(target.channel));
    to.text(target.address);
    to.varint(target.contact);
  }
  to.varint(record.segment);
  to.u8(record.segment_channel ? static_cast<uint8_t>(*record.segment_channel) : uint8_t{0});
  to.varint(record.approved.size());
  for (const uint32_t position : record.approved) to.varint(position);
  to.varint(record.job);
  to.varint(record.applied);
  to.varint(record.already);
}

std::optional<ModerationRequest> decode_request(std::string_view bytes) {
  ByteReader from(bytes);
  ModerationRequest record;
  read_version(from);
  record.id = from.varint();
  record.kind = read_one_of(from, RequestKind::reactivate);
  record.state = read_one_of(from, RequestState::rejected);
  record.filed_at = from.varint();
  record.decided_at = from.varint();
  for (std::string* text :
       {&record.filed_by, &record.decided_by, &record.statement, &record.note}) {
    *text = from.text();
  }
  record.targets.resize(read_count(from, target_octets_min));
  for (RequestTarget& target : record.targets) {
    target.channel = read_one_of(from, Channel::phone);
    target.address = from.text();
    target.contact = from.varint();
  }
  record.segment = read_number<SegmentId>(from);
  const uint8_t channel = from.u8();
  if (channel > channels) from.spoil();
  if (channel != 0) record.segment_channel = static_cast<Channel>(channel);
  record.approved.resize(read_count(from, 1));
  for (uint32_t& position : record.approved) position = read_number<uint32_t>(from);
  record.job = from.varint();
  record.applied = from.varint();
  record.already = from.varint();
  if (!from.finished()) return std::nullopt;
  return record;
}

void encode(const Job& record, std::string& out) {
  ByteWriter to(out);
  to.u8(record_version);
  to.varint(record.id);
  to.u8(static_cast<uint8_t>(record.kind));
  to.u8(static_cast<uint8_t>(record.state));
  to.varint(record.created_at);
  to.varint(record.updated_at);
  for (const std::string* text : {&record.by, &record.plan, &record.position}) to.text(*text);
  for (const uint64_t number : {record.total, record.done, record.changed, record.skipped}) {
    to.varint(number);
  }
  to.text(record.result);
}

std::optional<Job> decode_job(std::string_view bytes) {
  ByteReader from(bytes);
  Job record;
  read_version(from);
  record.id = from.varint();
  record.kind = read_one_of(from, JobKind::import_contacts);
  record.state = read_one_of(from, JobState::uploading);
  record.created_at = from.varint();
  record.updated_at = from.varint();
  for (std::string* text : {&record.by, &record.plan, &record.position}) *text = from.text();
  for (uint64_t* number : {&record.total, &record.done, &record.changed, &record.skipped}) {
    *number = from.varint();
  }
  record.result = from.text();
  if (!from.finished()) return std::nullopt;
  return record;
}

void encode(const LoggedAct& act, std::string& out) {
  ByteWriter to(out);
  to.varint(act.account);
  to.varint(act.subject);
  to.u8(act.code);
  to.varint(act.number);
  to.text(act.text);
  to.varint(act.rows.size());
  for (const LoggedAct::Row& row : act.rows) {
    to.u8(row.fate);
    to.varint(row.contact);
  }
}

std::optional<LoggedAct> decode_act(std::string_view body) {
  ByteReader from(body);
  LoggedAct act;
  act.account = read_number<AccountNumber>(from);
  act.subject = from.varint();
  act.code = from.u8();
  act.number = from.varint();
  act.text = from.text();
  act.rows.resize(read_count(from, row_octets_min));
  for (LoggedAct::Row& row : act.rows) {
    row.fate = from.u8();
    row.contact = from.varint();
  }
  if (!from.finished()) return std::nullopt;
  return act;
}

}  // namespace suppressd
