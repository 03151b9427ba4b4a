#include "server/contact_filter.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "persistence/keys.hpp"
#include "server/contact_ids.hpp"
#include "server/media_type.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t value_octets_max = field_value_octets_max;
constexpr bool on_wire = true;
constexpr bool kept_only = false;  // in plans of jobs

struct Reading {
  ContactFilter& filter;
  uint32_t cut_day;
};

/// One name: how its text changes a filter (false: it cannot be), and the text that says what a
/// filter holds of it (empty: nothing). Those further down may need what those further up read.
struct Member {
  std::string_view name;
  bool wire;
  std::string_view expected;
  bool (*read)(std::string_view text, Reading& reading);
  std::string (*write)(const ContactFilter& filter);
};

template <class T>
bool take(std::optional<T> parsed, T& out) {
  if (parsed) out = *parsed;
  return parsed.has_value();
}
template <class T>
bool take(std::optional<T> parsed, std::optional<T>& out) {
  out = parsed;
  return parsed.has_value();
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T number = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (const Scope scope : {Scope::account, Scope::platform}) {
    if (text == name_of(scope)) return scope;
  }
  return std::nullopt;
}

std::optional<uint32_t> parse_day(std::string_view text) {
  const auto time = parse_time(std::string(text) + "T00:00:00Z");
  if (!time) return std::nullopt;
  return static_cast<uint32_t>(*time / day_ms);
}

std::string day_text(uint32_t day) {
  const std::string time = time_text(day * day_ms);
  return time.substr(0, time.find('T'));
}

bool read_group(std::string_view text, Reading& reading) {
  ContactFilter& filter = reading.filter;
  if (text == "lost") {
    filter.group = ContactGroup::lost;
  } else if (text == "never_sent") {
    filter.group = ContactGroup::never_sent;
  } else if (text == "active") {
    filter.group = ContactGroup::reached;
    filter.active_from_day = reading.cut_day + 1;
  } else if (text == "inactive") {
    filter.group = ContactGroup::reached;
    filter.active_before_day = reading.cut_day + 1;
  } else {
    return false;
  }
  return true;
}

bool is_inactive(const ContactFilter& filter) {
  return filter.active_before_day != UINT32_MAX;
}

std::string group_text(const ContactFilter& filter) {
  switch (filter.group) {
    case ContactGroup::none:
      return "";
    case ContactGroup::reached:
      return is_inactive(filter) ? "inactive" : "active";
    case ContactGroup::lost:
      return "lost";
    case ContactGroup::never_sent:
      return "never_sent";
  }
  return "";
}

std::string cut_day_text(const ContactFilter& filter) {
  if (filter.group != ContactGroup::reached) return "";
  return std::to_string((is_inactive(filter) ? filter.active_before_day : filter.active_from_day) -
                        1);
}

using Filter = ContactFilter;
using Text = std::string_view;

constexpr std::array members{
    Member{"channel", on_wire, "email or phone",
           [](Text text, Reading& to) { return take(parse_channel(text), to.filter.channel); },
           [](const Filter& filter) { return std::string(name_of(filter.channel)); }},
    Member{"state", on_wire, "active, soft_bounced, unsubscribed, blacklisted or deleted",
           [](Text text, Reading& to) { return take(parse_contact_state(text), to.filter.state); },
           [](const Filter& filter) {
             return filter.state ? std::string(name_of(*filter.state)) : "";
           }},
    Member{"reason", on_wire, "a reason's name such as hard_bounce",
           [](Text text, Reading& to) { return take(parse_reason(text), to.filter.reason); },
           [](const Filter& filter) {
             return filter.reason ? std::string(name_of(*filter.reason)) : "";
           }},
    Member{"source", on_wire, "a source",
           [](Text text, Reading& to) { return !(to.filter.source = text).empty(); },
           [](const Filter& filter) { return filter.source; }},
    Member{"campaign", on_wire, "a campaign",
           [](Text text, Reading& to) { return !(to.filter.campaign = text).empty(); },
           [](const Filter& filter) { return filter.campaign; }},
    Member{"domain", on_wire, "a domain such as example.com",
           [](Text text, Reading& to) { return !(to.filter.domain = to_lower(text)).empty(); },
           [](const Filter& filter) { return filter.domain; }},
    Member{
        "day", on_wire, "a day such as 2026-03-01",
        [](Text text, Reading& to) { return take(parse_day(text), to.filter.cause_day); },
        [](const Filter& filter) { return filter.cause_day ? day_text(*filter.cause_day) : ""; }},
    Member{"scope", on_wire, "account or platform",
           [](Text text, Reading& to) { return take(parse_scope(text), to.filter.scope); },
           [](const Filter& filter) {
             return filter.scope ? std::string(name_of(*filter.scope)) : "";
           }},
    Member{"since", on_wire, "a time such as 2026-03-01T09:30:00Z",
           [](Text text, Reading& to) { return take(parse_time(text), to.filter.since); },
           [](const Filter& filter) { return filter.since != 0 ? time_text(filter.since) : ""; }},
    Member{"until", on_wire, "a time such as 2026-03-01T09:30:00Z",
           [](Text text, Reading& to) { return take(parse_time(text), to.filter.until); },
           [](const Filter& filter) {
             return filter.until != ~TimeMs{0} ? time_text(filter.until) : "";
           }},
    Member{"cut_day", kept_only, "a day's number",
           [](Text text, Reading& to) { return take(parse_whole<uint32_t>(text), to.cut_day); },
           cut_day_text},
    Member{"group", on_wire, "active, inactive, lost or never_sent", read_group, group_text},
    Member{"segment", on_wire, "a segment's id such as s3",
           [](Text text, Reading& to) { return take(parse_segment_id(text), to.filter.segment); },
           [](const Filter& filter) {
             return filter.segment != 0 ? segment_id_text(filter.segment) : "";
           }},
    Member{"prefix", on_wire, "how an address begins",
           [](Text text, Reading& to) {
             to.filter.prefix = to_lower(text);  // canonical text is lower case
             return true;
           },
           [](const Filter& filter) { return filter.prefix; }},
    Member{"field", on_wire, "a field's name",
           [](Text text, Reading& to) { return !(to.filter.field = text).empty(); },
           [](const Filter& filter) { return filter.field; }},
    Member{"field_prefix", on_wire, "how a field's value begins, with field beside it",
           [](Text text, Reading& to) {
             to.filter.field_prefix = to_lower(text);
             return !to.filter.field.empty();
           },
           [](const Filter& filter) { return filter.field_prefix; }},
    Member{"deleted_by", kept_only, "a job's id",
           [](Text text, Reading& to) { return take(parse_job_id(text), to.filter.deleted_by); },
           [](const Filter& filter) {
             return filter.deleted_by != 0 ? job_id_text(filter.deleted_by) : "";
           }},
    Member{"shown_at", kept_only, "a sequence",
           [](Text text, Reading& to) {
             return take(parse_whole<uint64_t>(text), to.filter.shown_at);
           },
           [](const Filter& filter) {
             return filter.shown_at != ~uint64_t{0} ? std::to_string(filter.shown_at) : "";
           }},
};

constexpr bool header_names_all() {
  size_t named = 1;  // inactive_days is read on its own
  for (const Member& member : members) {
    const bool there = std::find(contact_filter_names.begin(), contact_filter_names.end(),
                                 member.name) != contact_filter_names.end();
    if (there != member.wire) return false;
    named += there;
  }
  return named == contact_filter_names.size();
}
static_assert(header_names_all(), "contact_filter_names and this table differ");

Problem bad_value(std::string_view name, std::string_view expected) {
  return invalid_request_problem(
      std::string(name), "bad_value",
      "Expected for " + std::string(name) + ": " + std::string(expected) + ".");
}

}  // namespace

uint32_t cut_day(uint32_t inactive_days, TimeMs now) {
  return static_cast<uint32_t>(now / day_ms) - inactive_days;
}

std::optional<Problem> read_inactive_days(const Query& query, uint32_t& days) {
  days = inactive_days_default;
  const auto text = query.get("inactive_days");
  if (!text) return std::nullopt;
  if (take(parse_whole<uint32_t>(*text), days) && days >= 1 && days <= inactive_days_max) {
    return std::nullopt;
  }
  return bad_value("inactive_days", "1 to " + std::to_string(inactive_days_max));
}

std::optional<Problem> read_contact_filter(const Query& query, ContactFilter& filter) {
  uint32_t days = 0;
  if (auto problem = read_inactive_days(query, days)) return problem;
  Reading reading{filter, cut_day(days, now_ms())};
  for (const Member& member : members) {
    const auto text = member.wire ? query.get(member.name) : std::nullopt;
    if (!text) continue;
    if (text->size() > value_octets_max || !member.read(*text, reading)) {
      return bad_value(member.name, member.expected);
    }
  }
  return std::nullopt;
}

std::optional<Problem> read_contact_sort(const Query& query, ContactSort& sort) {
  const std::string_view text = query.get("sort").value_or("address");
  if (text != "address" && text != "time") return bad_value("sort", "address or time");
  sort = text == "time" ? ContactSort::time : ContactSort::address;
  return std::nullopt;
}

void read_contact_filter(JsonMembers& body, std::string_view member, ContactFilter& filter) {
  JsonMembers inner;
  if (!body.object(member, inner)) return;
  const uint64_t days =
      inner.number("inactive_days", inactive_days_max).value_or(inactive_days_default);
  if (days == 0) inner.fail("inactive_days", "bad_value");
  Reading reading{filter, cut_day(static_cast<uint32_t>(days), now_ms())};
  for (const Member& one : members) {
    if (!one.wire) continue;
    const auto text = inner.text(one.name, value_octets_max);
    if (text && !one.read(*text, reading)) inner.fail(one.name, "bad_value");
  }
  body.take_errors(member, inner);
}

nlohmann::ordered_json contact_filter_json(const ContactFilter& filter) {
  auto json = nlohmann::ordered_json::object();
  for (const Member& member : members) {
    const std::string text = member.write(filter);
    if (!text.empty()) json[std::string(member.name)] = text;
  }
  return json;
}

std::optional<ContactFilter> contact_filter_from(const nlohmann::json& kept) {
  if (!kept.is_object()) return std::nullopt;
  ContactFilter filter;
  Reading reading{filter, 0};
  size_t read = 0;
  for (const Member& member : members) {
    const auto found = kept.find(member.name);
    if (found == kept.end()) continue;
    if (!found->is_string() || !member.read(found->get_ref<const std::string&>(), reading)) {
      return std::nullopt;
    }
    ++read;
  }
  if (read != kept.size()) return std::nullopt;
  return filter;
}

}  // namespace suppressd
