#include "tools/suppressctl/contact_filter.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>

namespace suppressctl {
namespace {

struct Member {
  const char* name;
  const char* sentence;
  bool number = false;
};

constexpr std::array members{
    Member{"channel", "email (default) or phone: whose states and addresses are meant"},
    Member{"state",
           "active, soft_bounced, unsubscribed, blacklisted or deleted; else all but deleted"},
    Member{"reason", "only with this reason shown"},
    Member{"source", "only with a shown cause from this source"},
    Member{"campaign", "only with a shown cause from this campaign"},
    Member{"domain", "only emails of this domain"},
    Member{"day", "only with a shown cause of this day, as 2026-01-31"},
    Member{"scope", "only suppressed by account or platform"},
    Member{"since", "only in their state since then or later, as RFC 3339"},
    Member{"until", "only in their state since before then"},
    Member{"segment", "only those in this segment, such as s3"},
    Member{"group", "active, inactive, lost or never_sent, as analytics tells them apart"},
    Member{"inactive_days", "days without a sign after which one counts as inactive (90)", true},
    Member{"prefix", "only addresses that begin so"},
    Member{"field", "only with this field …"},
    Member{"field_prefix", "… which begins so"},
};

std::string option_name(std::string member) {
  std::replace(member.begin(), member.end(), '_', '-');
  return "--" + member;
}

/// A number where one belongs; other text goes as it is, for the server to say what is wrong.
Json json_value(const Member& member, const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return member.number && error == std::errc() && stop == end ? Json(number) : Json(text);
}

}  // namespace

void ContactFilter::add_options(CLI::App& command) {
  for (const Member& member : members)
    command.add_option(option_name(member.name), values_[member.name], member.sentence)
        ->group("Which contacts");
}

bool ContactFilter::empty() const {
  return std::all_of(values_.begin(), values_.end(),
                     [](const auto& value) { return value.second.empty(); });
}

QueryText ContactFilter::query() const {
  QueryText query;
  for (const Member& member : members) query.add(member.name, values_.at(member.name));
  return query;
}

Json ContactFilter::json() const {
  Json json = Json::object();
  for (const Member& member : members) {
    const std::string& text = values_.at(member.name);
    if (!text.empty()) json[member.name] = json_value(member, text);
  }
  return json;
}

}  // namespace suppressctl
