// Before many contacts are deleted: the caller says at which sequence they were shown and how many
// there were, and nothing is done unless exactly so many are still as they were.
//
// Thread safety: pure functions; `found` reads the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "persistence/change.hpp"
#include "server/exchange.hpp"
#include "server/job_json.hpp"
#include "server/json_body.hpp"

namespace suppressd {

struct Confirmation {
  uint64_t shown_at = 0;
  uint64_t expected = 0;
};

/// The members `shown_at` and `expected`, both required.
Confirmation read_confirmation(JsonMembers& members);
/// 400 for a sequence that no list can have shown yet. Reads the store: on the pool. Lists are of
/// what is stored, which is a little ahead of what checks see, and of what was acknowledged.
std::optional<Problem> check_reached(const Store& store, const Confirmation& confirmation);

/// 409, with what was expected and what there is.
Problem wrong_number_problem(uint64_t expected, uint64_t found);
/// 409: what must be named to confirm was not named, or something else was.
Problem wrong_name_problem();
/// 409: a filter finds no contact.
Problem nothing_matches_problem();

/// Counts on the pool, then commits the change that makes the job, which `found` becomes the total
/// of; or refuses. A repetition is not counted again: what the first one did has changed the number.
std::unique_ptr<Exchange> confirmed_job_exchange(const JobAuthor& author, CreateJob job,
                                                 std::string_view content,
                                                 const Confirmation& confirmation,
                                                 std::function<uint64_t()> found);

}  // namespace suppressd
