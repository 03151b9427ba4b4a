#include "server/job_work.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "server/recount_json.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

/// A scan sees one moment: it is begun anew this often, so that it neither works on what is long
/// gone nor makes the store keep it.
constexpr size_t scan_parts_max = 64;

std::vector<ContactId> ids_of(const std::vector<Contact>& contacts) {
  std::vector<ContactId> ids;
  ids.reserve(contacts.size());
  for (const Contact& contact : contacts) ids.push_back(contact.id);
  return ids;
}

ContactFilter in_segment(SegmentId segment, Channel channel,
                         std::optional<ContactState> state = std::nullopt) {
  ContactFilter filter;
  filter.channel = channel;
  filter.segment = segment;
  filter.state = state;
  return filter;
}

}  // namespace

JobWork::JobWork(const Store& store, const ImportFiles& files, AccountNumber account, Job job,
                 std::function<bool()> go_on, std::atomic<bool>& stopping)
    : store_(store),
      reader_(store.contacts()),
      account_(account),
      job_(std::move(job)),
      go_on_(std::move(go_on)),
      stopping_(stopping) {
  if (job_.kind == JobKind::import_contacts) {
    import_ = std::make_unique<ImportWork>(store, files, account, job_);
    return;
  }
  std::optional<JobPlan> plan = parse_job_plan(job_.plan);
  if (!plan) throw std::invalid_argument("a job's plan cannot be read");
  plan_ = std::move(*plan);
  found_nothing_ = job_.position.empty();
  if (job_.position.empty() || follows_record()) return;
  stage_ = static_cast<uint8_t>(job_.position[0]);
  scan_position_ = job_.position.substr(1);
}

JobWork::~JobWork() = default;

std::vector<ContactFilter> JobWork::stages() const {
  std::vector<ContactFilter> stages;
  switch (job_.kind) {
    case JobKind::delete_contacts:
    case JobKind::fill_segment:
      stages.push_back(plan_.filter);
      break;
    case JobKind::restore_contacts:
      for (const Channel channel : all_channels) {
        ContactFilter& filter = stages.emplace_back();
        filter.channel = channel;
        filter.state = ContactState::deleted;
        filter.deleted_by = plan_.deleted_by;
      }
      break;
    case JobKind::delete_segment:
      for (const Channel channel : all_channels) {
        stages.push_back(in_segment(plan_.segment, channel));
        stages.push_back(in_segment(plan_.segment, channel, ContactState::deleted));
      }
      break;
    case JobKind::apply_request:
      for (const Channel channel : all_channels) {
        if (plan_.channel.value_or(channel) == channel) {
          stages.push_back(in_segment(plan_.segment, channel));
        }
      }
      break;
    case JobKind::recalculate_counts:
    case JobKind::erase_contact:
    case JobKind::import_contacts:
      break;
  }
  return stages;
}

JobStep JobWork::step_to(std::string position, uint64_t rows) {
  JobStep step;
  step.account = account_;
  step.job = job_.id;
  last_from_ = std::exchange(job_.position, position);
  step.from = last_from_;
  step.position = std::move(position);
  step.rows = rows;
  job_.done += rows;
  return step;
}

Change JobWork::change_of(decltype(Change::what) what) const {
  return {std::move(what), job_.by, now_ms(), std::nullopt};
}

std::optional<Change> JobWork::next() {
  if (import_) return import_->next();
  if (job_.kind == JobKind::recalculate_counts) return recount();
  if (job_.kind == JobKind::erase_contact) return erase();
  if (auto stock = take_stock()) return stock;
  const std::vector<Contact> contacts = read();
  return contacts.empty() ? last_part() : part(contacts);
}

std::vector<Contact> JobWork::read() {
  const std::vector<ContactFilter> lists = stages();
  for (; stage_ < lists.size(); ++stage_) {
    if (!scan_ || ++parts_of_scan_ > scan_parts_max) {
      scan_ = reader_.scan(account_, lists[stage_], ContactSort::address, scan_position_);
      parts_of_scan_ = 1;
    }
    std::vector<Contact> contacts = scan_->next(job_part_rows);
    if (!contacts.empty()) {
      found_nothing_ = false;
      scan_position_ = scan_->position();
      return contacts;
    }
    scan_.reset();
    scan_position_.clear();
  }
  return {};
}

std::optional<Change> JobWork::take_stock() {
  if (!job_.position.empty() || job_.total != 0) return std::nullopt;
  uint64_t total = 0;
  if (job_.kind == JobKind::fill_segment) {
    total = reader_.count(account_, plan_.filter);
  } else if (job_.kind == JobKind::delete_segment || job_.kind == JobKind::apply_request) {
    std::string segment;
    ByteWriter(segment).u32(plan_.segment);
    for (const Channel channel : all_channels) {
      if (plan_.channel.value_or(channel) != channel) continue;
      total += reader_.count_of(account_, static_cast<uint8_t>(channel), CountOf::segment, segment);
    }
  }
  if (total == 0) return std::nullopt;
  job_.total = total;
  JobStep step = step_to(std::string(1, '\0'), 0);
  step.total = total;
  return change_of(MoveJob{std::move(step), 0});
}

Change JobWork::part(const std::vector<Contact>& contacts) {
  std::string position(1, static_cast<char>(stage_));
  position += scan_position_;
  const JobStep step = step_to(std::move(position), contacts.size());
  switch (job_.kind) {
    case JobKind::delete_contacts:
      return change_of(DeleteContacts{account_, ids_of(contacts), channel_bit(plan_.filter.channel),
                                      plan_.reason, plan_.filter.shown_at, step});
    case JobKind::restore_contacts:
      return change_of(
          RestoreContacts{account_, ids_of(contacts), both_channels, plan_.deleted_by, step});
    case JobKind::delete_segment:
      return change_of(ChangeMembers{account_, plan_.segment, ids_of(contacts), false,
                                     plan_.delete_channels, plan_.shown_at, plan_.reason, step});
    case JobKind::apply_request: {
      const Channel channel = stages()[stage_].channel;
      ApplyRequest apply{account_, plan_.request, {}, step};
      for (const Contact& contact : contacts) {
        apply.targets.push_back({channel, contact.of(channel).address, contact.id});
      }
      return change_of(std::move(apply));
    }
    default:
      return change_of(ChangeMembers{account_, plan_.segment, ids_of(contacts), true, 0,
                                     ~uint64_t{0}, "", step});
  }
}

Change JobWork::last_part() {
  finished_ = true;
  // What was shown and is no longer there, or is no longer as it was shown.
  const bool promised =
      job_.kind == JobKind::delete_contacts || job_.kind == JobKind::restore_contacts;
  const uint64_t missing = promised && job_.total > job_.done ? job_.total - job_.done : 0;
  JobStep step = step_to("", missing);
  step.skipped = missing;
  step.total = job_.done;
  step.finished = true;
  if (job_.kind == JobKind::delete_segment) {
    return change_of(DeleteSegment{account_, plan_.segment, std::move(step)});
  }
  return change_of(MoveJob{std::move(step), 0});
}

std::optional<Change> JobWork::recount() {
  uint64_t looked_at = 0;
  bool stopped = false;
  const std::vector<CountDifference> found = reader_.recount(account_, [&](uint64_t contacts) {
    looked_at = contacts;
    stopped = !go_on_();
    return !stopped;
  });
  if (stopped) return std::nullopt;
  finished_ = true;
  AdjustCounts adjust{account_, {}, step_to("", looked_at)};
  for (const CountDifference& difference : found) {
    adjust.differences.emplace_back(difference.key, difference.counted - difference.stored);
  }
  adjust.step->total = looked_at;
  adjust.step->finished = true;
  adjust.step->result = recount_json(found);
  return change_of(std::move(adjust));
}

std::optional<Change> JobWork::erase() {
  std::optional<Change> part =
      store_.next_part_of_erasure(account_, job_, plan_.contact, stopping_);
  if (part) part->at = now_ms();
  return part;
}

Change JobWork::after_refusal(Outcome::Status status) const {
  if (import_) return import_->after_refusal();
  // A contact came back into a list that the walk had left: it goes through all of them again. When
  // even a whole walk found nothing, another one would not help.
  if (job_.kind == JobKind::delete_segment && status == Outcome::Status::conflict &&
      !found_nothing_) {
    JobStep step;
    step.account = account_;
    step.job = job_.id;
    step.from = last_from_;
    return change_of(MoveJob{std::move(step), 0});
  }
  return change_of(SetJobState{account_, job_.id, JobState::failed,
                               R"({"error":"what it works on is no longer there"})"});
}

}  // namespace suppressd
