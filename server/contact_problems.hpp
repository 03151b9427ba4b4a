// The refusals that the routes of contacts, segments, requests and jobs share. What does not exist
// and what belongs to another account get the same answer.
//
// Thread safety: pure functions.
#pragma once

#include "server/problem.hpp"

namespace suppressd {

/// 404, for ids that do not exist and for texts that are no ids.
Problem unknown_contact_problem();
Problem unknown_segment_problem();
Problem unknown_request_problem();
Problem unknown_job_problem();
/// 409: an address belongs to another contact, or it is the contact's last, or a limit is reached.
Problem contact_conflict_problem();

}  // namespace suppressd
