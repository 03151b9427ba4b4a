// Requests: filed by an account, decided by support. The decision and what follows from it are one
// commit where the request names its targets; one that names a segment gets a job, whose parts are
// commits of their own.
#include <algorithm>

#include "persistence/commit_group.hpp"
#include "persistence/contact_codec.hpp"

namespace suppressd {
namespace {

std::string request_text(const ModerationRequest& request) {
  return "r" + std::to_string(request.id) + " " + std::string(name_of(request.kind));
}

}  // namespace

std::optional<ModerationRequest> CommitGroup::find_request(AccountNumber account, RequestId id) {
  const std::string* bytes = overlay_.find(Family::requests, request_key(account, id));
  if (bytes == nullptr) return std::nullopt;
  std::optional<ModerationRequest> request = decode_request(*bytes);
  if (!request) throw StorageFailure("a stored request is damaged");
  return request;
}

void CommitGroup::put_request(AccountNumber account, const ModerationRequest& request) {
  std::string bytes;
  encode(request, bytes);
  overlay_.put(Family::requests, request_key(account, request.id), std::move(bytes));
  const std::string open = open_request_key(request.filed_at, account, request.id);
  if (request.state == RequestState::open) {
    overlay_.put(Family::requests, open, "");
  } else {
    overlay_.erase(Family::requests, open);
  }
}

void CommitGroup::tell_targets(const Change& change, AccountNumber account,
                               const ModerationRequest& request, ActivityKind kind) {
  for (size_t i = 0; i < request.targets.size(); ++i) {
    const RequestTarget& target = request.targets[i];
    // It may be gone by the time of the decision.
    if (target.contact == 0 || contacts_.find(account, target.contact) == nullptr) continue;
    Activity activity;
    activity.sequence = meta_.sequence;
    activity.kind = kind;
    activity.channel = target.channel;
    activity.at = change.at;
    activity.by = change.by;
    activity.detail = request_text(request);
    if (kind == ActivityKind::decided) {
      const bool part = request.state == RequestState::approved_in_part;
      const bool approved =
          request.state == RequestState::approved ||
          (part && std::binary_search(request.approved.begin(), request.approved.end(), i));
      activity.detail += approved ? " approved" : " rejected";
    }
    contacts_.add_activity(account, target.contact, activity);
  }
}

Outcome CommitGroup::act(const Change& change, const FileRequest& what) {
  if (what.request.segment != 0) {
    const std::optional<Segment> segment = find_segment(what.account, what.request.segment);
    if (!segment || segment->deleting) return refuse(Outcome::Status::not_found);
  }
  ModerationRequest request = what.request;
  request.id = contacts_.next_number(what.account, 'r');
  request.state = RequestState::open;
  request.filed_at = change.at;
  request.filed_by = change.by;
  for (RequestTarget& target : request.targets) {
    target.contact = contacts_.owner(what.account, target.channel, target.address);
  }
  put_request(what.account, request);
  for (const RequestTarget& target : request.targets) {
    if (target.contact == 0) continue;
    overlay_.put(Family::requests, contact_request_key(what.account, target.contact, request.id),
                 "");
  }
  LoggedAct act;
  act.account = what.account;
  act.subject = request.id;
  act.code = static_cast<uint8_t>(request.kind);
  Outcome outcome = log_act(change, ChangeKind::request_filed, act);
  outcome.id = request.id;
  tell_targets(change, what.account, request, ActivityKind::requested);
  return outcome;
}

CommitGroup::Effects CommitGroup::apply_request(const Change& change, AccountNumber account,
                                                const ModerationRequest& request,
                                                const std::vector<RequestTarget>& targets) {
  Effects effects;
  if (request.kind != RequestKind::reactivate) {
    std::vector<Row> rows;
    rows.reserve(targets.size());
    for (const RequestTarget& target : targets) {
      if (target.address.empty()) continue;  // erased meanwhile
      Row& row = rows.emplace_back();
      row.channel = target.channel;
      row.address = target.address;
      row.cause.reason =
          request.kind == RequestKind::blacklist ? Reason::manual : Reason::unsubscribe;
      row.cause.source = "support";
      row.cause.at = change.at;
      row.cause.by = change.by;
      row.cause.evidence = request_text(request);
    }
    // One that is suppressed for this reason by the account is done already, whoever did it.
    std::erase_if(rows, [&](const Row& row) {
      Entry& entry = entry_now(account, row.channel, row.address);
      const std::vector<Cause>& causes = entry.record().causes;
      return std::any_of(causes.begin(), causes.end(),
                         [&](const Cause& cause) { return cause.reason == row.cause.reason; });
    });
    const Outcome outcome = suppress(change, account, rows);
    effects.applied = outcome.added + outcome.updated;
    effects.already = targets.size() - effects.applied;
    return effects;
  }
  for (const RequestTarget& target : targets) {
    if (target.address.empty()) {
      ++effects.already;
      continue;
    }
    const bool ended = unsuppress(change, account, target.channel, target.address);
    bool exempted = false;
    if (!entry_now(platform_number, target.channel, target.address).record().causes.empty() &&
        !entry_now(account, target.channel, target.address).record().exemption) {
      const Exemption exemption{change.at, change.by, request_text(request)};
      exempted = set_exemption(change, account, target.channel, target.address, exemption);
    }
    ++(ended || exempted ? effects.applied : effects.already);
  }
  return effects;
}

Outcome CommitGroup::act(const Change& change, const DecideRequest& what) {
  std::optional<ModerationRequest> request = find_request(what.account, what.id);
  if (!request) return refuse(Outcome::Status::not_found);
  if (request->state != RequestState::open) return refuse(Outcome::Status::already_exists);
  const auto beyond = [&](uint32_t position) { return position >= request->targets.size(); };
  if (std::any_of(what.approved.begin(), what.approved.end(), beyond)) {
    return refuse(Outcome::Status::conflict);
  }
  request->state = what.state;
  request->approved = what.approved;
  request->note = what.note;
  request->decided_at = change.at;
  request->decided_by = change.by;
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  act.code = static_cast<uint8_t>(what.state);
  log_act(change, ChangeKind::request_decided, act);
  tell_targets(change, what.account, *request, ActivityKind::decided);
  if (what.state != RequestState::rejected && request->segment == 0) {
    std::vector<RequestTarget> targets;
    if (what.state == RequestState::approved) targets = request->targets;
    for (const uint32_t position : what.approved) targets.push_back(request->targets[position]);
    const Effects effects = apply_request(change, what.account, *request, targets);
    request->applied = effects.applied;
    request->already = effects.already;
  }
  if (what.job) request->job = create_job(change, what.account, *what.job);
  put_request(what.account, *request);
  Outcome outcome = unchanged();
  outcome.id = request->job;
  outcome.updated = static_cast<uint32_t>(request->applied);
  outcome.unchanged = static_cast<uint32_t>(request->already);
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const ApplyRequest& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  std::optional<ModerationRequest> request = find_request(what.account, what.id);
  if (!request) return refuse(Outcome::Status::not_found);
  const Effects effects = apply_request(change, what.account, *request, what.targets);
  request->applied += effects.applied;
  request->already += effects.already;
  put_request(what.account, *request);
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  act.number = what.step.job;
  if (effects.applied != 0) log_act(change, ChangeKind::request_applied, act);
  take_step(change, what.step, effects.applied, effects.already);
  Outcome outcome = unchanged();
  outcome.updated = static_cast<uint32_t>(effects.applied);
  outcome.unchanged = static_cast<uint32_t>(effects.already);
  return outcome;
}

}  // namespace suppressd
