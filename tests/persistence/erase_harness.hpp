// What the tests of erasure share: the job that drives it, and a search through every file.
#pragma once

#include "contact_harness.hpp"

namespace suppressd {

inline Job job_of(const LoadedStore& one, AccountNumber account, JobId id) {
  const std::optional<Job> job = one.store->contacts().job(account, id);
  REQUIRE(job);
  return *job;
}

inline JobId create_erasure(LoadedStore& one, AccountNumber account, ContactId id) {
  CreateJob create;
  create.account = account;
  create.job.kind = JobKind::erase_contact;
  create.job.plan = "{\"contact\":" + std::to_string(id) + "}";
  const Outcome outcome = one.commit(change_of(create));
  REQUIRE(outcome.status == Outcome::Status::committed);
  return outcome.id;
}

/// Commits the next part; what became of it.
inline Outcome erase_part(LoadedStore& one, AccountNumber account, JobId id, ContactId contact) {
  std::atomic<bool> stopping{false};
  std::optional<Change> part =
      one.store->next_part_of_erasure(account, job_of(one, account, id), contact, stopping);
  REQUIRE(part);
  REQUIRE(part->by == "key-1");
  part->at = 5'000;
  return one.commit(*part);
}

/// Drives the job to its end.
inline void go_on_erasing(LoadedStore& one, AccountNumber account, JobId id, ContactId contact) {
  while (job_of(one, account, id).state == JobState::running) {
    REQUIRE(erase_part(one, account, id, contact).status == Outcome::Status::committed);
  }
  REQUIRE(job_of(one, account, id).state == JobState::done);
  REQUIRE(job_of(one, account, id).position.empty());
}

inline JobId erase(LoadedStore& one, AccountNumber account, ContactId contact) {
  const JobId job = create_erasure(one, account, contact);
  go_on_erasing(one, account, job, contact);
  return job;
}

/// The names of the files that hold the text.
inline std::vector<std::string> files_with(const fs::path& directory, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& [path, content] : contents_of(directory)) {
    if (content.find(text) != std::string::npos) found.push_back(path);
  }
  return found;
}

}  // namespace suppressd
