// Which index serves which list. Sorted by time: the lists by time. Sorted by address: the members
// of a segment, else a group, else a field, else the lists by address.
#include <algorithm>

#include "persistence/contact_index.hpp"
#include "persistence/contact_walk.hpp"

namespace suppressd {
namespace {

constexpr TimeMs end_of_time = ~TimeMs{0};

bool asks_for_cause(const ContactFilter& filter) {
  return (filter.reason && *filter.reason != Reason::none) || !filter.source.empty() ||
         !filter.campaign.empty() || filter.cause_day || filter.scope;
}

/// Those whose lists may hold what the filter finds.
std::vector<ContactState> wanted_states(const ContactFilter& filter) {
  using State = ContactState;
  if (filter.state == State::active) return {State::active, State::soft_bounced};
  if (filter.state) return {*filter.state};
  if (filter.reason == Reason::unsubscribe) return {State::unsubscribed};
  if (asks_for_cause(filter)) return {State::unsubscribed, State::blacklisted};
  return {State::active, State::soft_bounced, State::unsubscribed, State::blacklisted};
}

/// Whether it asks for nothing but what the lists by address and by time tell apart.
bool asks_for_state_only(const ContactFilter& filter) {
  return !filter.reason && !asks_for_cause(filter) && filter.domain.empty() &&
         filter.segment == 0 && filter.field.empty() && filter.deleted_by == 0 &&
         filter.shown_at == ~uint64_t{0};
}

std::string octets_of(uint64_t number) {
  std::string octets;
  ByteWriter(octets).u64(number);
  return octets;
}

std::string day_octets(uint32_t day) {
  std::string octets;
  ByteWriter(octets).u32(day);
  return octets;
}

void plan_times(const ContactFilter& filter, ContactPlan& plan) {
  plan.index = 't';
  plan.exact =
      asks_for_state_only(filter) && filter.group == ContactGroup::none && filter.prefix.empty();
  if (filter.until == 0) return;
  // Places fall as times rise.
  const std::string from = octets_of(~(filter.until - 1));
  const std::string before = filter.since == 0 ? "" : octets_of(~(filter.since - 1));
  for (const ContactState state : wanted_states(filter)) {
    std::string head = index_by_time(plan.account, plan.channel, state, 0);
    head.resize(head.size() - sizeof(TimeMs));
    plan.ranges.push_back({std::move(head), from, before});
  }
}

void plan_group(const ContactFilter& filter, ContactPlan& plan) {
  plan.index = 'g';
  plan.exact = asks_for_state_only(filter) && !filter.state;
  std::string head = index_by_group(plan.account, plan.channel, filter.group, 0, {});
  if (filter.group != ContactGroup::reached) {
    plan.ranges.push_back({std::move(head), filter.prefix, successor(filter.prefix)});
    return;
  }
  plan.exact = plan.exact && filter.prefix.empty();
  if (filter.active_from_day >= filter.active_before_day) return;
  head.resize(head.size() - sizeof(uint32_t));
  plan.ranges.push_back(
      {std::move(head), day_octets(filter.active_from_day), day_octets(filter.active_before_day)});
}

void plan_field(const ContactFilter& filter, ContactPlan& plan) {
  plan.index = 'f';
  plan.field = filter.field;
  const std::string start = field_index_text(filter.field_prefix);
  plan.ranges.push_back({index_by_field(plan.account, filter.field, {}), start, successor(start)});
}

void plan_addresses(const ContactFilter& filter, ContactPlan& plan) {
  const std::string before = successor(filter.prefix);
  if (filter.segment != 0) {
    plan.index = 's';
    plan.segment = filter.segment;
    plan.ranges.push_back(
        {index_by_segment(plan.account, filter.segment, plan.channel, {}), filter.prefix, before});
    return;
  }
  plan.index = 'a';
  plan.exact = asks_for_state_only(filter);
  for (const ContactState state : wanted_states(filter)) {
    plan.ranges.push_back(
        {index_by_address(plan.account, plan.channel, state, {}), filter.prefix, before});
  }
}

}  // namespace

ContactPlan plan_of(AccountNumber account, const ContactFilter& filter, ContactSort sort) {
  ContactPlan plan;
  plan.account = account;
  plan.channel = filter.channel;
  if (sort == ContactSort::time) {
    plan_times(filter, plan);
    return plan;
  }
  if (filter.segment == 0 && filter.group != ContactGroup::none) {
    plan_group(filter, plan);
  } else if (filter.segment == 0 && !filter.field.empty()) {
    plan_field(filter, plan);
  } else {
    plan_addresses(filter, plan);
  }
  plan.exact = plan.exact && filter.since == 0 && filter.until == end_of_time;
  return plan;
}

std::string ContactPlan::key_of(const Contact& contact) const {
  const ContactAddress& at = contact.of(channel);
  if (at.address.empty() && index != 'f') return {};
  switch (index) {
    case 'a':
      return index_by_address(account, channel, at.state(), at.address);
    case 't': {
      std::string key = index_by_time(account, channel, at.state(), contact.listed_at(channel));
      ByteWriter(key).u64(contact.id);
      return key;
    }
    case 'g': {
      const uint32_t day = at.group() == ContactGroup::reached ? at.active_day() : 0;
      return index_by_group(account, channel, at.group(), day, at.address);
    }
    case 's':
      return std::binary_search(contact.segments.begin(), contact.segments.end(), segment)
                 ? index_by_segment(account, segment, channel, at.address)
                 : std::string();
    default: {
      const auto found = contact.fields.find(field);
      if (found == contact.fields.end()) return {};
      std::string key = index_by_field(account, field, field_index_text(found->second));
      ByteWriter to(key);
      to.u8(0);
      to.u64(contact.id);
      return key;
    }
  }
}

}  // namespace suppressd
