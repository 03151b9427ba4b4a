// How many contacts are in which state, and how those that may not be contacted came to it: counts,
// groups for analytics, causes. All of it is counted with every commit, so an answer reads a few
// rows of one moment, however many contacts there are.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "persistence/keys.hpp"
#include "server/contact_filter.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

/// What ?sort=count looks at: sorting more would take longer than a screen waits.
constexpr size_t cause_values_max = 100'000;

uint8_t number_of(Channel channel) {
  return static_cast<uint8_t>(channel);
}

Json states_json(const std::vector<CountRow>& rows) {
  std::map<ContactState, uint64_t> counts;
  for (const CountRow& row : rows) counts[static_cast<ContactState>(row.value.at(0))] = row.count;
  const uint64_t soft_bounced = counts[ContactState::soft_bounced];
  const uint64_t active = counts[ContactState::active] + soft_bounced;
  const uint64_t unsubscribed = counts[ContactState::unsubscribed];
  const uint64_t blacklisted = counts[ContactState::blacklisted];
  return {{"all", active + unsubscribed + blacklisted},
          {"active", active},
          {"soft_bounced", soft_bounced},
          {"unsubscribed", unsubscribed},
          {"blacklisted", blacklisted},
          {"deleted", counts[ContactState::deleted]}};
}

void write_counts(const AppParts& parts, AccountNumber account, Answer& answer) {
  const CountLists lists =
      parts.store.contacts().count_lists(account, {{number_of(Channel::email), CountOf::state},
                                                   {number_of(Channel::phone), CountOf::state},
                                                   {0, CountOf::contacts}});
  Json json{{"email", states_json(lists.kinds[0])}, {"phone", states_json(lists.kinds[1])}};
  json["contacts"] = lists.kinds[2].empty() ? 0 : lists.kinds[2].front().count;
  json["sequence"] = lists.sequence;
  write_json(json, 200, answer);
}

/// What a group is made of.
struct Structure {
  uint64_t contacts = 0, blacklisted = 0, unsubscribed = 0;
  std::map<Reason, uint64_t> by_reason;

  void add(Reason reason, uint64_t count) {
    contacts += count;
    if (reason == Reason::none) return;
    by_reason[reason] += count;
    (reason == Reason::unsubscribe ? unsubscribed : blacklisted) += count;
  }
};

Json structure_json(const Structure& group) {
  const auto whole = static_cast<double>(std::max<uint64_t>(group.contacts, 1));
  Json json{{"contacts", group.contacts},
            {"blacklisted", group.blacklisted},
            {"unsubscribed", group.unsubscribed},
            {"share_blacklisted", static_cast<double>(group.blacklisted) / whole},
            {"by_reason", Json::object()}};
  for (const auto& [reason, count] : group.by_reason) {
    json["by_reason"][std::string(name_of(reason))] = count;
  }
  return json;
}

uint32_t day_of(std::string_view value) {
  return ByteReader(value).u32();
}

void write_analytics(const AppParts& parts, AccountNumber account, Channel channel,
                     uint32_t inactive_days, Answer& answer) {
  const uint32_t cut = cut_day(inactive_days, now_ms());
  const CountLists lists = parts.store.contacts().count_lists(
      account, {{number_of(channel), CountOf::active_day}, {number_of(channel), CountOf::group}});
  Structure active, inactive;
  for (const CountRow& row : lists.kinds[0]) {
    (day_of(row.value) > cut ? active : inactive).add(Reason::none, row.count);
  }
  std::map<ContactGroup, Structure> groups;
  for (const CountRow& row : lists.kinds[1]) {
    groups[static_cast<ContactGroup>(row.value.at(0))].add(static_cast<Reason>(row.value.at(1)),
                                                           row.count);
  }
  Json json{{"channel", name_of(channel)}, {"inactive_days", inactive_days}};
  json["groups"] = {{"active", structure_json(active)},
                    {"inactive", structure_json(inactive)},
                    {"lost", structure_json(groups[ContactGroup::lost])},
                    {"never_sent", structure_json(groups[ContactGroup::never_sent])}};
  json["sequence"] = lists.sequence;
  write_json(json, 200, answer);
}

/// One way to tell causes apart: how it is asked for, counted and written.
struct CauseKind {
  std::string_view name;
  CountOf what;
  std::string (*text)(std::string_view value);
};

std::string plain(std::string_view value) {
  return std::string(value);
}
std::string reason_text(std::string_view value) {
  return std::string(name_of(static_cast<Reason>(value.at(0))));
}
std::string scope_text(std::string_view value) {
  return std::string(name_of(static_cast<Scope>(value.at(0))));
}
std::string day_text(std::string_view value) {
  const std::string time = time_text(uint64_t{day_of(value)} * day_ms);
  return time.substr(0, time.find('T'));
}

constexpr std::array cause_kinds{CauseKind{"reason", CountOf::reason, reason_text},
                                 CauseKind{"source", CountOf::source, plain},
                                 CauseKind{"campaign", CountOf::campaign, plain},
                                 CauseKind{"domain", CountOf::domain, plain},
                                 CauseKind{"day", CountOf::cause_day, day_text},
                                 CauseKind{"scope", CountOf::scope, scope_text}};

struct CausesRequest {
  AccountNumber account = platform_number;
  Channel channel = Channel::email;
  const CauseKind* by = nullptr;
  bool by_value = false;
  size_t limit = 0;
  std::string cursor;
};

CountPage biggest(const ContactReader& reader, const CausesRequest& request, bool& partial) {
  CountLists lists = reader.count_lists(
      request.account, {{number_of(request.channel), request.by->what, cause_values_max + 1}});
  CountPage page{std::move(lists.kinds[0]), "", lists.sequence};
  partial = page.items.size() > cause_values_max;
  if (partial) page.items.pop_back();
  const size_t shown = std::min(request.limit, page.items.size());
  std::partial_sort(page.items.begin(), page.items.begin() + static_cast<ptrdiff_t>(shown),
                    page.items.end(), [](const CountRow& a, const CountRow& b) {
                      return a.count != b.count ? a.count > b.count : a.value < b.value;
                    });
  page.items.resize(shown);
  return page;
}

void write_causes(const AppParts& parts, const CausesRequest& request, Answer& answer) {
  const ContactReader& reader = parts.store.contacts();
  bool partial = false;
  const CountPage page =
      request.by_value
          ? reader.count_page(request.account,
                              {number_of(request.channel), request.by->what, request.limit},
                              request.cursor)
          : biggest(reader, request, partial);
  Json json{{"items", Json::array()}};
  for (const CountRow& row : page.items) {
    json["items"].push_back({{"value", request.by->text(row.value)}, {"contacts", row.count}});
  }
  json["next"] = page.next.empty() ? Json(nullptr) : Json(page.next);
  if (!request.by_value) json["partial"] = partial;
  json["sequence"] = page.sequence;
  write_json(json, 200, answer);
}

Problem expected(std::string name, const std::string& what) {
  const std::string detail = "Expected for " + name + ": " + what + ".";
  return invalid_request_problem(std::move(name), "bad_value", detail);
}

std::optional<Problem> read_channel(const Query& query, Channel& channel) {
  const auto text = query.get("channel");
  if (!text) return std::nullopt;
  const auto parsed = parse_channel(*text);
  if (!parsed) return expected("channel", "email or phone");
  channel = *parsed;
  return std::nullopt;
}

std::optional<Problem> read_causes(const Query& query, CausesRequest& request) {
  if (auto problem = read_channel(query, request.channel)) return problem;
  if (auto problem = read_limit(query, request.limit)) return problem;
  const std::string_view by = query.get("by").value_or("");
  for (const CauseKind& kind : cause_kinds) {
    if (kind.name == by) request.by = &kind;
  }
  if (request.by == nullptr) {
    return expected("by", "reason, source, campaign, domain, day or scope");
  }
  const std::string_view sort = query.get("sort").value_or("count");
  if (sort != "count" && sort != "value") return expected("sort", "count or value");
  request.by_value = sort == "value";
  request.cursor = query.get("cursor").value_or("");
  if (!request.by_value && query.get("cursor")) {
    return invalid_request_problem("cursor", "only_for_sort_value",
                                   "The biggest come on one page; page with sort=value.");
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Exchange> get_counts(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&parts = call.parts, account = call.account->number](Answer& answer) {
                         write_counts(parts, account, answer);
                       });
}

std::unique_ptr<Exchange> get_analytics(Call& call) {
  Query query;
  Channel channel = Channel::email;
  uint32_t inactive_days = 0;
  if (auto problem = Query::parse(call.head.query, {"channel", "inactive_days"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_channel(query, channel)) return problem_exchange(*problem);
  if (auto problem = read_inactive_days(query, inactive_days)) return problem_exchange(*problem);
  return read_exchange(
      call.parts, call.wake,
      [&parts = call.parts, account = call.account->number, channel, inactive_days](
          Answer& answer) { write_analytics(parts, account, channel, inactive_days, answer); });
}

std::unique_ptr<Exchange> get_causes(Call& call) {
  Query query;
  CausesRequest request;
  request.account = call.account->number;
  if (auto problem =
          Query::parse(call.head.query, {"channel", "by", "limit", "sort", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_causes(query, request)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake, [&parts = call.parts, request](Answer& answer) {
    write_causes(parts, request, answer);
  });
}

}  // namespace suppressd
