#include "server/segment_json.hpp"

#include <nlohmann/json.hpp>

#include "persistence/bytes.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/json_answer.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

Problem segment_exists_problem() {
  return {409,
          "segment-exists",
          "The account has a segment of this name.",
          "Choose another name, or use that segment.",
          {},
          {},
          {}};
}

Problem too_many_segments_problem() {
  return {409,
          "too-many-segments",
          "The account has as many segments as it may have.",
          "At most " + std::to_string(segments_max) + ": delete one that is not needed.",
          {},
          {},
          {}};
}

}  // namespace

nlohmann::ordered_json segment_json(const ContactReader& reader, AccountNumber account,
                                    const Segment& segment) {
  nlohmann::ordered_json json{{"id", segment_id_text(segment.id)}, {"name", segment.name}};
  std::string value;
  ByteWriter(value).u32(segment.id);
  for (const Channel channel : all_channels) {
    json["contacts"][std::string(name_of(channel))] =
        reader.count_of(account, static_cast<uint8_t>(channel), CountOf::segment, value);
  }
  json["deleting"] = segment.deleting;
  json["created_at"] = time_text(segment.created_at);
  json["by"] = segment.by;
  return json;
}

std::string read_segment_name(JsonMembers& members, std::string_view member) {
  if (!members.has(member)) members.fail(member, "required");
  const auto name = members.text(member, segment_name_octets_max);
  if (name && name->empty()) members.fail(member, "empty");
  return name.value_or("");
}

std::optional<Problem> segment_problem(const Outcome& outcome) {
  switch (outcome.status) {
    case Outcome::Status::not_found:
      return unknown_segment_problem();
    case Outcome::Status::already_exists:
      return segment_exists_problem();
    case Outcome::Status::conflict:
      return too_many_segments_problem();
    default:
      return std::nullopt;
  }
}

std::unique_ptr<Exchange> segment_exchange(const JobAuthor& author, const Outcome& outcome,
                                           int status) {
  const auto read = [&store = author.parts.store, account = author.account, outcome,
                     status](Answer& answer) {
    const ContactReader& reader = store.contacts();
    const auto segment = reader.segment(account, static_cast<SegmentId>(outcome.id));
    if (!segment) return write_problem(unknown_segment_problem(), answer);
    nlohmann::ordered_json json = segment_json(reader, account, *segment);
    json["sequence"] = outcome.sequence;
    if (status != 200) add_outcome_fields(outcome, answer);
    write_json(json, status, answer);
  };
  return read_exchange(author.parts, author.wake, read);
}

}  // namespace suppressd
