// Requests: what an account asks of support. Filed here, listed, and opened with what checks say of
// each address; decided in requests_decide.cpp.
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/idempotency.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/request_filing.hpp"
#include "server/request_json.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

/// What filing keeps from the call.
struct Filer {
  const AppParts& parts;
  Worker& worker;
  Wake wake;
  Account account;
  std::string key_id;
  IdempotencyKey idempotency;
};

/// A replay shows the request as it is by now.
void write_filed(const Filer& filer, const Outcome& outcome, Answer& answer) {
  const auto request = filer.parts.store.contacts().request(filer.account.number, outcome.id);
  if (!request) throw StorageFailure("a request that was filed is missing");
  nlohmann::ordered_json json = request_json(*request, filer.account.id);
  json["sequence"] = outcome.sequence;
  add_outcome_fields(outcome, answer);
  answer.fields.emplace_back(
      "Location", "/v1/accounts/" + filer.account.id + "/requests/" + request_id_text(request->id));
  write_json(json, 201, answer);
}

std::unique_ptr<Exchange> filed(const Filer& filer, const Outcome& outcome) {
  // The segment went between the look at it and the commit.
  if (outcome.status == Outcome::Status::not_found) {
    return problem_exchange(unknown_segment_problem());
  }
  return read_exchange(filer.parts, filer.wake,
                       [filer, outcome](Answer& answer) { write_filed(filer, outcome, answer); });
}

std::unique_ptr<Exchange> file(const Filer& filer, const std::string& body) {
  Filing filing;
  if (auto problem =
          read_filing(body, filer.worker.normalizer, filer.account.default_region, filing)) {
    return problem_exchange(*problem);
  }
  const std::optional<Idempotency> idempotency = filer.idempotency.for_change(body);
  return read_then(filer.parts, filer.wake, [filer, filing, idempotency] {
    Filing found = filing;
    if (auto problem = find_targets(filer.parts.store.contacts(), filer.account.number, found)) {
      return problem_exchange(*problem);
    }
    Change change{FileRequest{filer.account.number, std::move(found.request)}, filer.key_id,
                  now_ms(), idempotency};
    return commit_then(filer.parts, filer.wake, std::move(change),
                       [filer](const Outcome& outcome) { return filed(filer, outcome); });
  });
}

Problem expected(std::string name, const std::string& what) {
  const std::string detail = "Expected for " + name + ": " + what + ".";
  return invalid_request_problem(std::move(name), "bad_value", detail);
}

std::optional<Problem> read_filter(const Query& query, RequestFilter& filter) {
  if (const auto text = query.get("state")) {
    filter.state = parse_request_state(*text);
    if (!filter.state) return expected("state", "open, approved, approved_in_part or rejected");
  }
  if (const auto text = query.get("kind")) {
    filter.kind = parse_request_kind(*text);
    if (!filter.kind) return expected("kind", "blacklist, unsubscribe or reactivate");
  }
  return std::nullopt;
}

void write_page(const AppParts& parts, const RequestFilter& filter, std::string_view cursor,
                size_t limit, Answer& answer) {
  const RequestPage page = parts.store.contacts().requests(filter, cursor, limit);
  Directory::View view;
  const Directory::Snapshot& directory = parts.directory.refresh(view);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}};
  for (const RequestPage::Item& item : page.items) {
    json["items"].push_back(request_json(item.request, directory.account(item.account)->id));
  }
  json["next"] =
      page.next.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(page.next);
  json["sequence"] = page.sequence;
  write_json(json, 200, answer);
}

/// A whole number up to `most`; `value` stays where it is not given.
std::optional<Problem> read_number(const Query& query, const char* name, size_t least, size_t most,
                                   size_t& value) {
  const auto text = query.get(name);
  if (!text) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value);
  if (result.ec == std::errc() && result.ptr == end && value >= least && value <= most) {
    return std::nullopt;
  }
  return expected(name, std::to_string(least) + " to " + std::to_string(most));
}

void write_request(const AppParts& parts, const Account& account, RequestId id,
                   const AddressesShown& shown, Answer& answer) {
  const uint64_t sequence = parts.store.sequence();
  const auto request = parts.store.contacts().request(account.number, id);
  if (!request) return write_problem(unknown_request_problem(), answer);
  nlohmann::ordered_json json = request_json(*request, account.id);
  json["addresses"] = request_addresses_json(parts.store, account.number, *request, shown);
  json["sequence"] = sequence;
  write_json(json, 200, answer);
}

}  // namespace

std::unique_ptr<Exchange> post_request(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  Filer filer{call.parts, call.worker, call.wake, *call.account, call.key->id, {}};
  if (auto problem = IdempotencyKey::read(call, filer.idempotency)) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, filing_body_bytes_max,
                       [filer](const std::string& body) { return file(filer, body); });
}

std::unique_ptr<Exchange> get_account_requests(Call& call) {
  Query query;
  RequestFilter filter;
  size_t limit = 0;
  if (auto problem =
          Query::parse(call.head.query, {"limit", "cursor", "state", "kind", "contact"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  if (auto problem = read_filter(query, filter)) return problem_exchange(*problem);
  filter.account = call.account->number;
  if (const auto text = query.get("contact")) {
    filter.contact = parse_contact_id(*text).value_or(0);
    if (filter.contact == 0) return problem_exchange(unknown_contact_problem());
  }
  return read_exchange(call.parts, call.wake,
                       [&parts = call.parts, filter, limit,
                        cursor = std::string(query.get("cursor").value_or(""))](Answer& answer) {
                         if (filter.contact != 0 &&
                             !parts.store.contacts().contact(*filter.account, filter.contact)) {
                           return write_problem(unknown_contact_problem(), answer);
                         }
                         write_page(parts, filter, cursor, limit, answer);
                       });
}

std::unique_ptr<Exchange> get_requests(Call& call) {
  Query query;
  RequestFilter filter;
  filter.state = RequestState::open;
  size_t limit = 0;
  if (auto problem =
          Query::parse(call.head.query, {"limit", "cursor", "state", "kind", "account"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  if (auto problem = read_filter(query, filter)) return problem_exchange(*problem);
  if (const auto text = query.get("account")) {
    const Account* account = call.directory.account(*text);
    if (account == nullptr) {
      return problem_exchange(expected("account", "the id of an account"));
    }
    filter.account = account->number;
  }
  return read_exchange(
      call.parts, call.wake,
      [&parts = call.parts, filter, limit, cursor = std::string(query.get("cursor").value_or(""))](
          Answer& answer) { write_page(parts, filter, cursor, limit, answer); });
}

std::unique_ptr<Exchange> get_request(Call& call) {
  Query query;
  AddressesShown shown{0, list_items_max, audience_of(call.key->role)};
  if (auto problem = Query::parse(call.head.query, {"limit", "offset"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_number(query, "limit", 1, list_items_max, shown.limit)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_number(query, "offset", 0, request_targets_max, shown.offset)) {
    return problem_exchange(*problem);
  }
  const auto id = parse_request_id(call.path.id);
  if (!id) return problem_exchange(unknown_request_problem());
  return read_exchange(call.parts, call.wake,
                       [&parts = call.parts, account = *call.account, id = *id, shown](
                           Answer& answer) { write_request(parts, account, id, shown, answer); });
}

}  // namespace suppressd
