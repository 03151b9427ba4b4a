#include "server/request_filing.hpp"

#include <algorithm>
#include <set>

#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/json_body.hpp"

namespace suppressd {
namespace {

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Keeps the first of several targets of one address.
class Targets {
 public:
  explicit Targets(std::vector<RequestTarget>& targets) : targets_(targets) {
    for (const RequestTarget& target : targets) known_.emplace(target.channel, target.address);
  }
  void add(RequestTarget target) {
    if (known_.emplace(target.channel, target.address).second) {
      targets_.push_back(std::move(target));
    }
  }

 private:
  std::vector<RequestTarget>& targets_;
  std::set<std::pair<Channel, std::string>> known_;
};

void read_words(JsonMembers& members, Filing& filing) {
  if (const auto kind = members.text("kind", 16)) {
    const auto parsed = parse_request_kind(*kind);
    if (parsed) filing.request.kind = *parsed;
    if (!parsed) members.fail("kind", "unknown_kind");
  } else if (!members.has("kind")) {
    members.fail("kind", "required");
  }
  filing.request.statement = members.text("statement", statement_octets_max).value_or("");
  if (filing.request.kind == RequestKind::reactivate && blank(filing.request.statement)) {
    members.fail("statement", "required");
  }
  if (const auto channel = members.text("channel", 16)) {
    filing.channel = parse_channel(*channel);
    if (!filing.channel) members.fail("channel", "unknown_channel");
  }
}

void read_addresses(JsonMembers& members, Normalizer& normalizer, Region region, Filing& filing) {
  const auto texts = members.texts("addresses", request_targets_max);
  if (!texts) return;
  Targets targets(filing.request.targets);
  for (size_t i = 0; i < texts->size(); ++i) {
    CanonicalAddress canonical;
    const AddressError error = normalizer.address((*texts)[i], std::nullopt, region, canonical);
    if (error != AddressError::none) {
      members.fail(i, "addresses", error_name(error));
    } else {
      targets.add({canonical.channel(), std::string(canonical.text()), 0});
    }
  }
}

/// False when the text is no id: then there is no such segment.
bool read_segment(JsonMembers& members, Filing& filing) {
  const auto text = members.text("segment", 16);
  if (!text) return true;
  filing.request.segment = parse_segment_id(*text).value_or(0);
  filing.request.segment_channel = filing.channel;
  return filing.request.segment != 0;
}

void check_shape(JsonMembers& members, const Filing& filing) {
  const bool named = members.has("addresses") || members.has("contacts");
  if (members.has("segment")) {
    if (named) members.fail("segment", "not_with_addresses_or_contacts");
  } else if (!named) {
    members.fail("addresses", "required");
  } else if (filing.channel && !members.has("contacts")) {
    members.fail("channel", "only_for_contacts");
  }
}

std::optional<Problem> unknown_contacts(const std::vector<std::optional<Contact>>& contacts) {
  Problem problem = unknown_contact_problem();
  for (size_t i = 0; i < contacts.size(); ++i) {
    if (!contacts[i]) problem.errors.push_back({i, "contacts", "unknown_contact"});
  }
  if (problem.errors.empty()) return std::nullopt;
  return problem;
}

}  // namespace

std::optional<Problem> read_filing(std::string_view body, Normalizer& normalizer, Region region,
                                   Filing& out) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem;
  read_words(members, out);
  read_addresses(members, normalizer, region, out);
  const auto ids = members.texts("contacts", request_targets_max);
  for (const std::string& id : ids.value_or(std::vector<std::string>())) {
    out.contacts.push_back(parse_contact_id(id).value_or(0));
  }
  const bool segment_may_be = read_segment(members, out);
  check_shape(members, out);
  if (auto problem = members.problem()) return problem;
  if (!segment_may_be) return unknown_segment_problem();
  if (out.request.segment == 0 && out.request.targets.empty() && out.contacts.empty()) {
    return invalid_body_problem({{std::nullopt, "addresses", "required"}},
                                "The request names nobody.");
  }
  return std::nullopt;
}

std::optional<Problem> find_targets(const ContactReader& reader, AccountNumber account,
                                    Filing& filing) {
  if (filing.request.segment != 0) {
    const auto segment = reader.segment(account, filing.request.segment);
    return segment && !segment->deleting ? std::nullopt : std::optional(unknown_segment_problem());
  }
  const std::vector<std::optional<Contact>> contacts = reader.contacts(account, filing.contacts);
  if (auto problem = unknown_contacts(contacts)) return problem;
  Targets targets(filing.request.targets);
  std::vector<Problem::Row> errors;
  for (size_t i = 0; i < contacts.size(); ++i) {
    bool any = false;
    for (const Channel channel : all_channels) {
      const std::string& address = contacts[i]->of(channel).address;
      if (address.empty() || filing.channel.value_or(channel) != channel) continue;
      targets.add({channel, address, contacts[i]->id});
      any = true;
    }
    if (!any) errors.push_back({i, "contacts", "no_address"});
  }
  if (!errors.empty()) {
    return invalid_body_problem(std::move(errors), "A contact has no address of this channel.");
  }
  if (filing.request.targets.size() > request_targets_max) {
    return invalid_body_problem({{std::nullopt, "contacts", "too_many"}},
                                "A request names at most " + std::to_string(request_targets_max) +
                                    " addresses; put the contacts into a segment.");
  }
  return std::nullopt;
}

}  // namespace suppressd
