// What a job was asked for, written into its record when it is made and read by what runs it. Which
// members count follows from the job's kind; the others stay as they are born. Thread safety:
// values and pure functions.
//
//   delete_contacts     filter, reason
//   restore_contacts    deleted_by
//   fill_segment        filter, segment
//   delete_segment      segment; delete_channels, shown_at, reason where its contacts go too
//   apply_request       request, segment, channel
//   erase_contact       contact
//   recalculate_counts  nothing
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "persistence/contact_reader.hpp"

namespace suppressd {

struct JobPlan {
  ContactFilter filter;
  std::string reason;  // of the deletion
  JobId deleted_by = 0;
  SegmentId segment = 0;
  uint8_t delete_channels = 0;  // bits of channels (change.hpp)
  uint64_t shown_at = ~uint64_t{0};
  RequestId request = 0;
  std::optional<Channel> channel;  // nullopt: both
  ContactId contact = 0;
};

/// JSON text of what is not as it is born.
std::string job_plan_text(const JobPlan& plan);
/// nullopt for what job_plan_text() cannot have written.
std::optional<JobPlan> parse_job_plan(std::string_view text);

}  // namespace suppressd
