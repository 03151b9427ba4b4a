// Changes of segments and of their members.
#include <algorithm>

#include "persistence/commit_group.hpp"
#include "persistence/contact_codec.hpp"

namespace suppressd {
namespace {

using Fate = ContactOutcome::Fate;

std::string name_key(AccountNumber account, std::string_view name) {
  return count_key(account, 0, CountOf::segment_name, name);
}

}  // namespace

std::optional<Segment> CommitGroup::find_segment(AccountNumber account, SegmentId id) {
  const std::string* bytes = overlay_.find(Family::segments, segment_key(account, id));
  if (bytes == nullptr) return std::nullopt;
  std::optional<Segment> segment = decode_segment(*bytes);
  if (!segment) throw StorageFailure("a stored segment is damaged");
  return segment;
}

void CommitGroup::put_segment(AccountNumber account, const Segment& segment) {
  std::string bytes;
  encode(segment, bytes);
  overlay_.put(Family::segments, segment_key(account, segment.id), std::move(bytes));
}

bool CommitGroup::segment_name_taken(AccountNumber account, std::string_view name, SegmentId but) {
  const std::string* owner = overlay_.find(Family::counts, name_key(account, name));
  return owner != nullptr && *owner != contact_number(but);
}

Outcome CommitGroup::act(const Change& change, const CreateSegment& what) {
  if (segment_name_taken(what.account, what.name, 0)) {
    return refuse(Outcome::Status::already_exists);
  }
  const std::string count = count_key(what.account, 0, CountOf::segments);
  if (contacts_.count(what.account, 0, CountOf::segments) >= segments_max) {
    return refuse(Outcome::Status::conflict);
  }
  Segment segment;
  segment.id = static_cast<SegmentId>(contacts_.next_number(what.account, 's'));
  segment.name = what.name;
  segment.created_at = change.at;
  segment.by = change.by;
  put_segment(what.account, segment);
  overlay_.put(Family::counts, name_key(what.account, what.name), contact_number(segment.id));
  contacts_.add_to_count(count, 1);
  LoggedAct act;
  act.account = what.account;
  act.subject = segment.id;
  act.text = segment.name;
  Outcome outcome = log_act(change, ChangeKind::segment_created, act);
  outcome.id = segment.id;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const RenameSegment& what) {
  std::optional<Segment> segment = find_segment(what.account, what.id);
  if (!segment || segment->deleting) return refuse(Outcome::Status::not_found);
  if (segment_name_taken(what.account, what.name, what.id)) {
    return refuse(Outcome::Status::already_exists);
  }
  if (segment->name == what.name) return unchanged();
  overlay_.erase(Family::counts, name_key(what.account, segment->name));
  overlay_.put(Family::counts, name_key(what.account, what.name), contact_number(what.id));
  segment->name = what.name;
  put_segment(what.account, *segment);
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  act.text = what.name;
  Outcome outcome = log_act(change, ChangeKind::segment_renamed, act);
  outcome.id = what.id;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const DeleteSegment& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  const std::optional<Segment> segment = find_segment(what.account, what.id);
  if (!segment) return refuse(Outcome::Status::not_found);
  // Nothing joins a segment that is being deleted, and the parts that took its members out were
  // committed before this one was asked for.
  if (!segment->deleting ||
      database_.any_with_prefix(Family::contact_index,
                                index_by_segment_start(what.account, what.id))) {
    return refuse(Outcome::Status::conflict);
  }
  overlay_.erase(Family::segments, segment_key(what.account, what.id));
  overlay_.erase(Family::jobs, deleted_segment_key(what.account, what.step.job));
  overlay_.erase(Family::counts, name_key(what.account, segment->name));
  contacts_.add_to_count(count_key(what.account, 0, CountOf::segments), ~uint64_t{0});
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  act.text = segment->name;
  log_act(change, ChangeKind::segment_deleted, act);
  take_step(change, what.step, 0, 0);
  Outcome outcome = unchanged();
  outcome.id = what.id;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const ChangeMembers& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  const std::optional<Segment> segment = find_segment(what.account, what.id);
  if (!segment || (what.add && segment->deleting)) return refuse(Outcome::Status::not_found);
  std::vector<ContactOutcome> outcomes;
  outcomes.reserve(what.ids.size());
  for (const ContactId id : what.ids) {
    ContactOutcome& outcome = outcomes.emplace_back();
    outcome.id = id;
    const Contact* contact = contacts_.find(what.account, id);
    if (contact == nullptr) {
      outcome.fate = Fate::not_found;
      continue;
    }
    if (what.delete_channels != 0) {
      outcome = delete_contact(change, what.account, id, what.delete_channels, what.reason,
                               what.shown_at, what.step ? what.step->job : 0);
    }
    const auto at = std::lower_bound(contact->segments.begin(), contact->segments.end(), what.id);
    const bool member = at != contact->segments.end() && *at == what.id;
    if (member == what.add) continue;
    if (what.add && contact->segments.size() == contact_segments_max) {
      outcome.fate = Fate::conflict;
      continue;
    }
    const auto place = at - contact->segments.begin();
    contacts_.edit(what.account, id, next_sequence(), [&](Contact& edited) {
      const auto here = edited.segments.begin() + place;
      if (what.add) {
        edited.segments.insert(here, what.id);
      } else {
        edited.segments.erase(here);
      }
    });
    if (outcome.fate != Fate::deleted) outcome.fate = Fate::updated;
  }
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  const ChangeKind kind = what.add ? ChangeKind::members_added : ChangeKind::members_removed;
  return log_contacts(change, kind, std::move(act), std::move(outcomes), what.step);
}

}  // namespace suppressd
