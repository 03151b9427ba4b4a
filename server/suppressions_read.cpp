// Suppressions of one scope: lists, and one entry. Read from the store on the pool.
#include <nlohmann/json.hpp>

#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/media_type.hpp"
#include "server/path_address.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_json.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

std::optional<Problem> read_filter(const Query& query, SuppressionFilter& filter) {
  if (const auto text = query.get("channel")) {
    filter.channel = parse_channel(*text);
    if (!filter.channel) {
      return invalid_request_problem("channel", "bad_value",
                                     "Expected for channel: email or phone.");
    }
  }
  if (const auto text = query.get("reason")) {
    filter.reason = parse_reason(*text);
    if (!filter.reason) {
      return invalid_request_problem("reason", "bad_value", "Expected for reason: its name.");
    }
  }
  if (const auto text = query.get("since")) {
    const auto time = parse_time(*text);
    if (!time) {
      return invalid_request_problem("since", "bad_value",
                                     "Expected for since: a time such as 2026-03-01T09:30:00Z.");
    }
    filter.since = *time;
  }
  filter.source = query.get("source").value_or("");
  filter.prefix = to_lower(query.get("prefix").value_or(""));  // canonical text is lower case
  return std::nullopt;
}

void write_page(const SuppressionPage& page, Answer& answer) {
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}};
  for (const Suppression& item : page.items) json["items"].push_back(suppression_json(item));
  json["next"] = nullptr;
  if (!page.next.empty()) json["next"] = page.next;
  json["sequence"] = page.sequence;
  write_json(json, 200, answer);
}

}  // namespace

std::unique_ptr<Exchange> get_suppressions(Call& call) {
  Query query;
  SuppressionFilter filter;
  size_t limit = 0;
  if (auto problem = Query::parse(
          call.head.query, {"limit", "cursor", "channel", "reason", "source", "since", "prefix"},
          query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  if (auto problem = read_filter(query, filter)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&store = call.parts.store, scope = call.scope(), filter, limit,
                        cursor = std::string(query.get("cursor").value_or(""))](Answer& answer) {
                         write_page(store.list(scope, filter, cursor, limit), answer);
                       });
}

std::unique_ptr<Exchange> get_suppression(Call& call) {
  Query query;
  NamedAddress address;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = read_path_address(call, address)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&store = call.parts.store, scope = call.scope(), address](Answer& answer) {
                         const uint64_t sequence = store.sequence();
                         const auto found = store.find(scope, address.channel, address.text);
                         if (!found) return write_problem(unknown_suppression_problem(), answer);
                         nlohmann::ordered_json json = suppression_json(*found);
                         json["sequence"] = sequence;
                         write_json(json, 200, answer);
                       });
}

}  // namespace suppressd
