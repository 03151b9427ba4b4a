// The erasure of a contact (erasure.hpp). The first part is one commit, so that there is no moment
// at which half of the contact is left to see; the rest follows at the pace of its job.
#include <rocksdb/db.h>

#include <algorithm>

#include "persistence/commit_group.hpp"
#include "persistence/contact_codec.hpp"
#include "persistence/erased.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

constexpr size_t activity_rows_a_part_max = 10'000;

/// The numbers of the requests about the contact, from their keys.
std::vector<RequestId> requests_in(const std::vector<std::string>& keys, size_t prefix) {
  std::vector<RequestId> requests;
  for (const std::string& key : keys) {
    requests.push_back(ByteReader(std::string_view(key).substr(prefix)).u64());
  }
  return requests;
}

}  // namespace

void CommitGroup::erase_entry(Entry& entry) {
  if (entry.after == SlotState::absent || entry.erased) return;
  erase_words(entry.record());
  entry.record().channel = static_cast<Channel>(entry.key[sizeof(AccountNumber)]);
  entry.changed = true;
  entry.erased = true;
}

bool CommitGroup::erase_address(AccountNumber account, Channel channel, std::string_view address) {
  erase_entry(entry_now(account, channel, address));
  const auto owners = contacts_.owners(channel, address);
  const bool needed = std::any_of(owners.begin(), owners.end(),
                                  [account](const auto& owner) { return owner.first != account; });
  if (!needed) erase_entry(entry_now(platform_number, channel, address));
  const std::string claim = owner_key(account, channel, address);
  if (overlay_.find(Family::claims, claim) != nullptr) overlay_.erase(Family::claims, claim);
  put_bounces(account, channel, address, find_bounces(account, channel, address), {});
  if (!needed) {
    put_bounces(platform_number, channel, address, find_bounces(platform_number, channel, address),
                {});
  }
  return !needed;
}

bool CommitGroup::erase_activity(AccountNumber account, ContactId id) {
  const std::string prefix = activity_prefix(account, id);
  overlay_.forget_unread(Family::activity, prefix);
  const std::unique_ptr<rocksdb::Iterator> row(
      database_.rocks().NewIterator(read_options(), database_.family(Family::activity)));
  size_t rows = 0;
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    if (rows++ == activity_rows_a_part_max) return false;
    overlay_.erase_unread(Family::activity, row->key().ToString());
  }
  require_ok(row->status());
  return true;
}

void CommitGroup::erase_from_request(const Change& change, AccountNumber account, RequestId id,
                                     const ErasurePlace& place) {
  std::optional<ModerationRequest> request = find_request(account, id);
  if (!request) return;
  const ModerationRequest before = *request;
  for (RequestTarget& target : request->targets) {
    const bool named = std::any_of(
        place.addresses.begin(), place.addresses.end(), [&target](const ErasurePlace::Named& at) {
          return at.channel == target.channel && at.address == target.address;
        });
    if (named || (target.contact != 0 && target.contact == place.contact)) {
      target.address.clear();
      target.contact = 0;
    }
  }
  const bool about_others =
      request->segment != 0 ||
      std::any_of(request->targets.begin(), request->targets.end(),
                  [](const RequestTarget& target) { return !target.address.empty(); });
  const std::vector<std::string> spellings = place.spellings();
  for (std::string* text : {&request->statement, &request->note}) {
    if (!about_others || mentions(*text, spellings)) text->clear();
  }
  const bool closes = !about_others && request->state == RequestState::open;
  if (closes) {
    request->state = RequestState::rejected;
    request->decided_at = change.at;
    request->decided_by = change.by;
  }
  if (*request == before) return;
  put_request(account, *request);
  if (!closes) return;
  LoggedAct act;
  act.account = account;
  act.subject = id;
  act.code = static_cast<uint8_t>(RequestState::rejected);
  log_act(change, ChangeKind::request_decided, act);
}

/// One that has not ended goes on as it was asked to; it loses its position when it ends.
void CommitGroup::erase_from_job(AccountNumber account, JobId id, const ErasurePlace& place) {
  std::optional<Job> job = find_job(account, id);
  if (!job || !ended(job->state)) return;
  const std::vector<std::string> spellings = place.spellings();
  for (std::string* text : {&job->plan, &job->position, &job->result}) {
    if (mentions(*text, spellings)) text->clear();
  }
  put_job(account, *job);
}

Outcome CommitGroup::act(const Change& change, const EraseContact& what) {
  std::optional<JobStep> step(std::in_place);
  step->account = what.account;
  step->job = what.job;
  if (!may_step(step)) return refuse(Outcome::Status::stopped);
  const Contact* found = contacts_.find(what.account, what.id);
  if (found == nullptr) return refuse(Outcome::Status::not_found);
  const Contact contact = *found;
  LoggedAct act;
  act.account = what.account;
  act.subject = what.id;
  act.number = what.job;
  Outcome outcome = log_act(change, ChangeKind::contact_erased, act);
  outcome.id = what.id;
  ErasurePlace place;
  place.contact = what.id;
  place.last = outcome.sequence;
  contacts_.remove(what.account, what.id);
  for (const Channel channel : all_channels) {
    const ContactAddress& at = contact.of(channel);
    if (at.address.empty()) continue;
    const bool platform = erase_address(what.account, channel, at.address);
    place.addresses.push_back({channel, platform, at.address, at.given});
  }
  erase_activity(what.account, what.id);
  const std::string about = tagged_key('c', what.account, what.id);
  const std::vector<std::string> keys = overlay_.keys_with(Family::requests, about);
  for (const std::string& key : keys) overlay_.erase(Family::requests, key);
  for (const RequestId request : requests_in(keys, about.size())) {
    erase_from_request(change, what.account, request, place);
  }
  encode(place, step->position);
  step->total = place.last;
  take_step(change, step, 0, 0);
  outcome.sequence = meta_.sequence;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const EraseTraces& what) {
  if (!may_step(what.step)) return refuse(Outcome::Status::stopped);
  const AccountNumber account = what.step.account;
  const std::optional<ErasurePlace> place = decode_erasure(what.step.from);
  if (!place) throw StorageFailure("the position of an erasure is damaged");
  for (const RequestId request : what.requests) {
    erase_from_request(change, account, request, *place);
  }
  for (const JobId job : what.jobs) erase_from_job(account, job, *place);
  uint64_t rewritten = 0;
  for (const uint64_t sequence : what.changes) {
    std::string row;
    if (!database_.get(Family::changes, change_key(sequence), row)) continue;
    const auto without = erase_from_row(row, account, place->addresses, fingerprint_);
    if (!without) continue;
    put(Family::changes, change_key(sequence), *without);
    ++rewritten;
  }
  // What the first part left of it.
  if (!erase_activity(account, place->contact)) {
    JobStep same = what.step;
    same.position = same.from;
    same.rows = 0;
    take_step(change, same, rewritten, 0);
  } else {
    take_step(change, what.step, rewritten, 0);
  }
  return unchanged();
}

}  // namespace suppressd
