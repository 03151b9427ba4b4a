#include "persistence/records.hpp"

#include <algorithm>
#include <array>

namespace suppressd {
namespace {
constexpr std::array<std::string_view, 6> role_names = {"",      "admin",  "support",
                                                        "owner", "sender", "checker"};
}  // namespace

std::string_view name_of(Role role) {
  return role_names[static_cast<size_t>(role)];
}

std::optional<Role> parse_role(std::string_view name) {
  for (size_t i = 1; i < role_names.size(); ++i) {
    if (role_names[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

bool valid_account_id(std::string_view id) {
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= 64 && alphanumeric(id[0]) &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return alphanumeric(c) || c == '_' || c == '-'; });
}

Reason Suppression::strongest() const {
  Reason strongest = Reason::none;
  for (const Cause& cause : causes) strongest = std::max(strongest, cause.reason);
  return strongest;
}

const Cause& Suppression::shown() const {
  return *std::max_element(causes.begin(), causes.end(),
                           [](const Cause& a, const Cause& b) { return a.reason < b.reason; });
}

SlotState Suppression::state() const {
  if (!causes.empty()) return slot_state(strongest());
  return exemption ? SlotState::exempt : SlotState::absent;
}

bool Suppression::merge(const Cause& cause) {
  auto same = [&](const Cause& other) {
    return other.reason == cause.reason && other.source == cause.source &&
           other.campaign == cause.campaign && other.evidence == cause.evidence;
  };
  if (std::any_of(causes.begin(), causes.end(), same)) return false;
  if (causes.size() < causes_max) {
    causes.push_back(cause);
    return true;
  }
  auto goes_first = [](const Cause& a, const Cause& b) {
    return a.reason != b.reason ? a.reason < b.reason : a.at < b.at;
  };
  auto first = std::min_element(causes.begin(), causes.end(), goes_first);
  if (goes_first(cause, *first)) return false;
  causes.erase(first);
  causes.push_back(cause);
  return true;
}

}  // namespace suppressd
