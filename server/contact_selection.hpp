// Contacts that a body names one by one, and what became of each.
//
// An id that the account never gave out, or that is none, is no error of the body: its result says
// not_found, whoever's it may be. Thread safety: values and pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/change.hpp"
#include "server/json_body.hpp"

namespace suppressd {

inline constexpr size_t selected_contacts_max = 10'000;
static_assert(selected_contacts_max <= change_rows_max);
/// So many ids, quoted and spaced generously, and a reason.
inline constexpr uint64_t selection_body_bytes_max = 1 << 20;

struct ContactSelection {
  std::vector<std::string> given;
  std::vector<ContactId> ids;  // beside each; 0: nobody's
};

/// The member `ids`, which must be there with at most selected_contacts_max texts, else errors.
ContactSelection read_selection(JsonMembers& members);
/// The member `channel` as bits of channels; both when absent.
uint8_t read_channels(JsonMembers& members);

/// Adds how many were changed (named `counted`, as is the result of each), "unchanged" and "results"
/// to the answer. Of a replay the numbers are known, the results no more.
void add_results(const ContactSelection& selection, const Outcome& outcome,
                 std::string_view counted, nlohmann::ordered_json& json);

}  // namespace suppressd
