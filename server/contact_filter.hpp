// What a list of contacts is narrowed to: read from a query, from a member of a JSON body with the
// same names, and from what a job's plan keeps of it. One table knows the names (contact_filter.cpp).
//
// `inactive_days` counts back from today once, when the filter is read: what is kept is the day that
// it comes to, so that a job acts on what was shown whenever it runs.
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "persistence/contact_reader.hpp"
#include "server/json_body.hpp"
#include "server/query.hpp"

namespace suppressd {

inline constexpr uint32_t inactive_days_default = 90;
inline constexpr uint32_t inactive_days_max = 10'000;

/// For Query::parse; with further names by join_names().
inline constexpr std::array<std::string_view, 16> contact_filter_names = {
    "inactive_days", "channel", "state", "reason", "source",  "campaign", "domain", "day",
    "scope",         "since",   "until", "group",  "segment", "prefix",   "field",  "field_prefix"};

/// The last day, since 1970, that is so many days ago: who was active later is active.
uint32_t cut_day(uint32_t inactive_days, TimeMs now);
/// ?inactive_days=, a problem unless it is absent or 1 to inactive_days_max.
std::optional<Problem> read_inactive_days(const Query& query, uint32_t& days);

/// A problem that names the parameter, where a value cannot be.
std::optional<Problem> read_contact_filter(const Query& query, ContactFilter& filter);
/// ?sort=address|time.
std::optional<Problem> read_contact_sort(const Query& query, ContactSort& sort);
/// The body's member of that name, an object; absent: all contacts. Errors join the body's.
void read_contact_filter(JsonMembers& body, std::string_view member, ContactFilter& filter);

/// An object that contact_filter_from() reads back, everything included. Its texts are UTF-8 if the
/// filter's are.
nlohmann::ordered_json contact_filter_json(const ContactFilter& filter);
/// nullopt when it is not what contact_filter_json() made.
std::optional<ContactFilter> contact_filter_from(const nlohmann::json& kept);

}  // namespace suppressd
