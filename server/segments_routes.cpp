// Segments: create, list, look at, rename, delete (by a job).
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/confirmation.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/segment_json.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

constexpr size_t counted_at_once = 5'000;

/// What the query of a deletion says.
struct Deleting {
  SegmentId id = 0;
  std::string name;  // that confirms it
  uint8_t contacts = 0;
  Confirmation confirmation;
  std::string reason;
};

std::optional<uint64_t> read_number(const Query& query, std::string_view name) {
  const std::string_view text = query.get(name).value_or("");
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

std::optional<Problem> read_deleted_channels(const Query& query, uint8_t& channels) {
  const auto text = query.get("delete_contacts");
  if (!text) return std::nullopt;
  const auto channel = parse_channel(*text);
  if (!channel && *text != "both") {
    return invalid_request_problem("delete_contacts", "bad_value",
                                   "Expected for delete_contacts: email, phone or both.");
  }
  channels = channel ? channel_bit(*channel) : both_channels;
  return std::nullopt;
}

/// Only a deletion of contacts, too, is about a number.
std::optional<Problem> read_shown(const Query& query, Deleting& deleting) {
  for (const char* name : {"shown_at", "expected"}) {
    const auto number = read_number(query, name);
    if (query.get(name).has_value() != (deleting.contacts != 0) ||
        number.has_value() != (deleting.contacts != 0)) {
      return invalid_request_problem(
          name, deleting.contacts != 0 && !query.get(name) ? "required" : "bad_value",
          "A number, exactly where delete_contacts is given, too.");
    }
  }
  deleting.confirmation = {read_number(query, "shown_at").value_or(0),
                           read_number(query, "expected").value_or(0)};
  return std::nullopt;
}

std::optional<Problem> read_deleting(const Call& call, Deleting& deleting) {
  Query query;
  if (auto problem =
          Query::parse(call.head.query,
                       {"confirm", "delete_contacts", "shown_at", "expected", "reason"}, query)) {
    return problem;
  }
  deleting.id = parse_segment_id(call.path.id).value_or(0);
  deleting.name = query.get("confirm").value_or("");
  deleting.reason = query.get("reason").value_or("");
  if (deleting.reason.size() > deletion_reason_octets_max) {
    return invalid_request_problem("reason", "too_long", "The reason is too long.");
  }
  if (auto problem = read_deleted_channels(query, deleting.contacts)) return problem;
  return read_shown(query, deleting);
}

/// The contacts of the segment whose addresses would be deleted, each once.
uint64_t count_deleted(const ContactReader& reader, AccountNumber account,
                       const Deleting& deleting) {
  ContactFilter email, phone;
  email.segment = phone.segment = deleting.id;
  email.shown_at = phone.shown_at = deleting.confirmation.shown_at;
  phone.channel = Channel::phone;
  if (deleting.contacts == channel_bit(Channel::email)) return reader.count(account, email);
  if (deleting.contacts == channel_bit(Channel::phone)) return reader.count(account, phone);
  uint64_t found = reader.count(account, email);
  const auto scan = reader.scan(account, phone, ContactSort::address);
  for (;;) {
    const std::vector<Contact> contacts = scan->next(counted_at_once);
    if (contacts.empty()) return found;
    found += static_cast<uint64_t>(
        std::count_if(contacts.begin(), contacts.end(),
                      [&email](const Contact& contact) { return !email.passes(contact); }));
  }
}

std::unique_ptr<Exchange> begin_deleting(const JobAuthor& author, const Deleting& deleting) {
  if (auto problem = check_reached(author.parts.store, deleting.confirmation)) {
    return problem_exchange(*problem);
  }
  const ContactReader& reader = author.parts.store.contacts();
  const auto segment = reader.segment(author.account, deleting.id);
  if (!segment || segment->deleting) return problem_exchange(unknown_segment_problem());
  if (segment->name != deleting.name) return problem_exchange(wrong_name_problem());
  JobPlan plan;
  plan.segment = deleting.id;
  if (deleting.contacts != 0) {
    const uint64_t found = count_deleted(reader, author.account, deleting);
    if (found != deleting.confirmation.expected) {
      return problem_exchange(wrong_number_problem(deleting.confirmation.expected, found));
    }
    plan.delete_channels = deleting.contacts;
    plan.shown_at = deleting.confirmation.shown_at;
    plan.reason = deleting.reason;
  }
  CreateJob job = new_job(author.account, JobKind::delete_segment, plan);
  job.deletes_segment = deleting.id;
  return job_made_exchange(author, author.change(std::move(job)), nlohmann::ordered_json::object());
}

std::unique_ptr<Exchange> create_segment(const JobAuthor& author, JsonMembers& members,
                                         const std::string& body) {
  const std::string name = read_segment_name(members, "name");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  Change change = author.change(CreateSegment{author.account, name}, body);
  return commit_then(author.parts, author.wake, std::move(change),
                     [author](const Outcome& outcome) {
                       if (auto problem = segment_problem(outcome)) {
                         return problem_exchange(std::move(*problem));
                       }
                       return segment_exchange(author, outcome, 201);
                     });
}

std::unique_ptr<Exchange> rename_segment(const JobAuthor& author, SegmentId id,
                                         JsonMembers& members) {
  const std::string name = read_segment_name(members, "name");
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return commit_then(author.parts, author.wake,
                     author.change(RenameSegment{author.account, id, name}),
                     [author, id](Outcome outcome) {
                       if (auto problem = segment_problem(outcome)) {
                         return problem_exchange(std::move(*problem));
                       }
                       outcome.id = id;
                       return segment_exchange(author, outcome, 200);
                     });
}

void write_segments(const Store& store, AccountNumber account, const std::string& after,
                    size_t limit, Answer& answer) {
  const uint64_t sequence = store.sequence();
  std::vector<Segment> segments = store.contacts().segments(account);
  std::erase_if(segments, [&after](const Segment& segment) { return segment.name <= after; });
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.name < b.name; });
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}, {"next", nullptr}};
  for (size_t i = 0; i < segments.size() && i < limit; ++i) {
    json["items"].push_back(segment_json(store.contacts(), account, segments[i]));
  }
  if (segments.size() > limit) json["next"] = segments[limit - 1].name;
  json["sequence"] = sequence;
  write_json(json, 200, answer);
}

}  // namespace

std::unique_ptr<Exchange> post_segment(Call& call) {
  return json_body_exchange(call, control_body_bytes_max, create_segment);
}

std::unique_ptr<Exchange> patch_segment(Call& call) {
  const SegmentId id = parse_segment_id(call.path.id).value_or(0);
  return json_body_exchange(
      call, control_body_bytes_max,
      [id](const JobAuthor& author, JsonMembers& members, const std::string&) {
        return rename_segment(author, id, members);
      });
}

std::unique_ptr<Exchange> get_segments(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&store = call.parts.store, account = call.scope(), limit,
                        after = std::string(query.get("cursor").value_or(""))](Answer& answer) {
                         write_segments(store, account, after, limit, answer);
                       });
}

std::unique_ptr<Exchange> get_segment(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  Outcome now;
  now.sequence = call.parts.store.sequence();
  now.id = parse_segment_id(call.path.id).value_or(0);
  return segment_exchange(JobAuthor(call), now, 200);
}

std::unique_ptr<Exchange> delete_segment(Call& call) {
  Deleting deleting;
  if (auto problem = read_deleting(call, deleting)) return problem_exchange(*problem);
  JobAuthor author(call);
  return read_then(call.parts, call.wake,
                   [author, deleting] { return begin_deleting(author, deleting); });
}

}  // namespace suppressd
