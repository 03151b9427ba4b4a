// What a filter says of one contact. The lists' indexes only narrow what is looked at
// (contact_plan.cpp): this decides.
#include <algorithm>

#include "persistence/contact_index.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

bool state_passes(const ContactFilter& filter, ContactState state) {
  if (!filter.state) return state != ContactState::deleted;
  return state == *filter.state ||
         (*filter.state == ContactState::active && state == ContactState::soft_bounced);
}

bool cause_passes(const ContactFilter& filter, const Standing& standing) {
  const bool suppressed = standing.reason != Reason::none;
  return (!filter.reason || *filter.reason == standing.reason) &&
         (filter.source.empty() || filter.source == standing.source) &&
         (filter.campaign.empty() || filter.campaign == standing.campaign) &&
         (!filter.cause_day || (suppressed && *filter.cause_day == standing.at / day_ms)) &&
         (!filter.scope || (suppressed && *filter.scope == standing.scope));
}

bool group_passes(const ContactFilter& filter, const ContactAddress& at) {
  if (filter.group == ContactGroup::none) return true;
  if (filter.group != at.group()) return false;
  return filter.group != ContactGroup::reached ||
         (at.active_day() >= filter.active_from_day && at.active_day() < filter.active_before_day);
}

bool field_passes(const ContactFilter& filter, const Contact& contact) {
  if (filter.field.empty()) return true;
  const auto field = contact.fields.find(filter.field);
  return field != contact.fields.end() &&
         field_index_text(field->second).starts_with(field_index_text(filter.field_prefix));
}

}  // namespace

bool ContactFilter::passes(const Contact& contact) const {
  const ContactAddress& at = contact.of(channel);
  if (at.address.empty() || !state_passes(*this, at.state()) || !cause_passes(*this, at.standing) ||
      !group_passes(*this, at) || !field_passes(*this, contact)) {
    return false;
  }
  const TimeMs listed = contact.listed_at(channel);
  return at.address.starts_with(prefix) &&
         (domain.empty() || domain == domain_of(channel, at.address)) && listed >= since &&
         listed < until &&
         (segment == 0 ||
          std::binary_search(contact.segments.begin(), contact.segments.end(), segment)) &&
         (deleted_by == 0 || (at.deletion && at.deletion->job == deleted_by)) &&
         at.sequence <= shown_at;
}

}  // namespace suppressd
