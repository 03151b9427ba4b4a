// An import's file as it comes in: spooled to the import's folder by pool threads, a block at a
// time, in constant memory, and synced before anything is acknowledged.
//
//   body → held (a block) → pool: append to `upload` → … → sync → find the format → job runs
//
// A connection that breaks leaves what arrived; a later part goes on there. A repeated upload (by
// its Idempotency-Key) is compared with what is there as far as it goes. Nobody else writes the
// import's upload meanwhile.
#pragma once

#include <memory>
#include <optional>

#include "server/import_files.hpp"
#include "server/import_plan.hpp"
#include "server/job_json.hpp"

namespace suppressd {

struct ImportUpload {
  explicit ImportUpload(const Call& call)
      : author(call), may_suppress(suppressd::may_suppress(call)) {}

  JobAuthor author;
  ImportPlan plan;        // of a new one
  JobId job = 0;          // 0: a new one
  uint64_t offset = 0;    // of a known one: where this part begins
  bool completes = true;  // no further part follows
  uint64_t octets_max = 0;
  bool may_suppress;  // the caller
};

/// 202 with the import once the part is stored: {"sequence","import":{…}}.
std::unique_ptr<Exchange> upload_exchange(ImportUpload upload);

/// A read of the import for an answer of that status.
std::unique_ptr<Exchange> show_import(const JobAuthor& author, JobId job, int status,
                                      std::optional<Outcome> outcome);

}  // namespace suppressd
