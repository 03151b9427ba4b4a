#include "persistence/contact.hpp"

#include <algorithm>

#include "persistence/change.hpp"
#include "persistence/keys.hpp"

namespace suppressd {

Standing standing_by(const Suppression* account, const Suppression* platform) {
  Standing standing;
  if (account != nullptr && !account->causes.empty()) {
    const Cause& cause = account->shown();
    return {cause.reason, Scope::account, false, cause.at, cause.source, cause.campaign};
  }
  if (platform == nullptr || platform->causes.empty()) return standing;
  if (account != nullptr && account->exemption) {
    standing.exempt = true;
    return standing;
  }
  // Whose campaign it was is another account's business.
  const Cause& cause = platform->shown();
  return {cause.reason, Scope::platform, false, cause.at, cause.source, ""};
}

ContactState ContactAddress::state() const {
  if (address.empty()) return ContactState::none;
  if (deletion) return ContactState::deleted;
  if (standing.reason == Reason::unsubscribe) return ContactState::unsubscribed;
  if (standing.reason != Reason::none) return ContactState::blacklisted;
  return engagement.last_soft_bounce != 0 ? ContactState::soft_bounced : ContactState::active;
}

ContactGroup ContactAddress::group() const {
  if (address.empty() || deletion) return ContactGroup::none;
  if (engagement.first_sent == 0) return ContactGroup::never_sent;
  return standing.reason == Reason::none ? ContactGroup::reached : ContactGroup::lost;
}

uint32_t ContactAddress::active_day() const {
  return static_cast<uint32_t>(std::max(engagement.first_sent, engagement.last_engaged) / day_ms);
}

TimeMs ContactAddress::state_since() const {
  switch (state()) {
    case ContactState::deleted:
      return deletion->at;
    case ContactState::blacklisted:
    case ContactState::unsubscribed:
      return standing.at;
    case ContactState::soft_bounced:
      return engagement.last_soft_bounce;
    default:
      return 0;
  }
}

TimeMs Contact::listed_at(Channel channel) const {
  const TimeMs since = of(channel).state_since();
  return since != 0 ? since : created_at;
}

std::string_view name_of(ContactState state) {
  switch (state) {
    case ContactState::none:
      return "none";
    case ContactState::active:
      return "active";
    case ContactState::soft_bounced:
      return "soft_bounced";
    case ContactState::unsubscribed:
      return "unsubscribed";
    case ContactState::blacklisted:
      return "blacklisted";
    case ContactState::deleted:
      return "deleted";
  }
  return "";
}

std::optional<ContactState> parse_contact_state(std::string_view name) {
  for (const auto state :
       {ContactState::active, ContactState::soft_bounced, ContactState::unsubscribed,
        ContactState::blacklisted, ContactState::deleted}) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

std::string_view name_of(ActivityKind kind) {
  constexpr std::array<std::string_view, 20> names = {
      "",           "added",        "imported",   "edited",      "sent",
      "delivered",  "opened",       "clicked",    "bounced",     "soft_bounced",
      "complained", "unsubscribed", "suppressed", "reactivated", "deleted",
      "restored",   "requested",    "decided",    "blocked",     "replied"};
  const auto number = static_cast<size_t>(kind);
  return number < names.size() ? names[number] : "";
}

std::string_view name_of(ContactOutcome::Fate fate) {
  constexpr std::array<std::string_view, 10> names = {
      "created",      "updated",   "unchanged", "restored", "deleted",
      "kept_deleted", "not_found", "conflict",  "changed",  "too_many"};
  const auto number = static_cast<size_t>(fate);
  return number < names.size() ? names[number] : "";
}

}  // namespace suppressd
