// Contacts as lists, and what happened to one. Read from the store on the pool.
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/contact_filter.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_json.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

constexpr auto list_names = join_names(contact_filter_names, {"sort", "limit", "cursor"});

struct ListRequest {
  AccountNumber account = platform_number;
  ContactFilter filter;
  ContactSort sort = ContactSort::address;
  size_t limit = 0;
  std::string cursor;
};

std::optional<Problem> read_request(const Call& call, ListRequest& request) {
  Query query;
  if (auto problem = Query::parse(call.head.query, list_names, query)) return problem;
  if (auto problem = read_limit(query, request.limit)) return problem;
  if (auto problem = read_contact_sort(query, request.sort)) return problem;
  request.account = call.account->number;
  request.cursor = query.get("cursor").value_or("");
  return read_contact_filter(query, request.filter);
}

void write_list(const ContactReader& contacts, const ListRequest& request, Answer& answer) {
  const SegmentId segment = request.filter.segment;
  if (segment != 0 && !contacts.segment(request.account, segment)) {
    return write_problem(unknown_segment_problem(), answer);
  }
  write_json(contact_page_json(contacts.list(request.account, request.filter, request.sort,
                                             request.cursor, request.limit)),
             200, answer);
}

void write_activity(const ContactReader& contacts, AccountNumber account, ContactId id,
                    std::string_view cursor, size_t limit, Answer& answer) {
  if (!contacts.contact(account, id)) return write_problem(unknown_contact_problem(), answer);
  const ActivityPage page = contacts.activity(account, id, cursor, limit);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}, {"next", nullptr}};
  for (const Activity& item : page.items) json["items"].push_back(activity_json(item));
  if (!page.next.empty()) json["next"] = page.next;
  json["sequence"] = page.sequence;
  write_json(json, 200, answer);
}

}  // namespace

std::unique_ptr<Exchange> get_contacts(Call& call) {
  ListRequest request;
  if (auto problem = read_request(call, request)) return problem_exchange(*problem);
  return read_exchange(call.parts, call.wake,
                       [&contacts = call.parts.store.contacts(), request](Answer& answer) {
                         write_list(contacts, request, answer);
                       });
}

std::unique_ptr<Exchange> get_contact_activity(Call& call) {
  Query query;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, {"limit", "cursor"}, query)) {
    return problem_exchange(*problem);
  }
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  const auto id = parse_contact_id(call.path.id);
  if (!id) return problem_exchange(unknown_contact_problem());
  return read_exchange(
      call.parts, call.wake,
      [&contacts = call.parts.store.contacts(), account = call.account->number, id = *id, limit,
       cursor = std::string(query.get("cursor").value_or(""))](Answer& answer) {
        write_activity(contacts, account, id, cursor, limit, answer);
      });
}

}  // namespace suppressd
