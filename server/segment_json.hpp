// Segments on the wire, and what their routes share. Thread safety: pure functions that may read
// the store, but for the exchanges, which are the caller's thread's.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "persistence/contact_reader.hpp"
#include "server/job_json.hpp"
#include "server/json_body.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// {"id","name","contacts":{"email","phone"},"deleting","created_at","by"}.
nlohmann::ordered_json segment_json(const ContactReader& reader, AccountNumber account,
                                    const Segment& segment);
/// A name of 1 to segment_name_octets_max octets, required.
std::string read_segment_name(JsonMembers& members, std::string_view member);
/// What a segment's change was refused for.
std::optional<Problem> segment_problem(const Outcome& outcome);
/// The segment outcome.id as it is now.
std::unique_ptr<Exchange> segment_exchange(const JobAuthor& author, const Outcome& outcome,
                                           int status);

}  // namespace suppressd
