// The contacts of a segment: list, add, remove.
#include <nlohmann/json.hpp>

#include "server/contact_filter.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_json.hpp"
#include "server/contact_problems.hpp"
#include "server/contact_selection.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"

namespace suppressd {
namespace {

std::unique_ptr<Exchange> change_members(const JobAuthor& author, SegmentId id, bool add,
                                         JsonMembers& members, const std::string& body) {
  ContactSelection selection = read_selection(members);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  ChangeMembers change;
  change.account = author.account;
  change.id = id;
  change.ids = selection.ids;
  change.add = add;
  const auto write = [selection = std::move(selection), add](const Outcome& outcome,
                                                             Answer& answer) {
    if (outcome.status == Outcome::Status::not_found) {
      return write_problem(unknown_segment_problem(), answer);
    }
    add_outcome_fields(outcome, answer);
    nlohmann::ordered_json json{{"sequence", outcome.sequence}};
    add_results(selection, outcome, add ? "added" : "removed", json);
    write_json(json, 200, answer);
  };
  return commit_exchange(author.parts, author.wake, author.change(std::move(change), body), write);
}

std::unique_ptr<Exchange> take_members(Call& call, bool add) {
  const SegmentId id = parse_segment_id(call.path.id).value_or(0);
  return json_body_exchange(
      call, selection_body_bytes_max,
      [id, add](const JobAuthor& author, JsonMembers& members, const std::string& body) {
        return change_members(author, id, add, members, body);
      });
}

}  // namespace

std::unique_ptr<Exchange> get_segment_contacts(Call& call) {
  static constexpr auto names = join_names(contact_filter_names, {"sort", "limit", "cursor"});
  Query query;
  ContactFilter filter;
  ContactSort sort = ContactSort::address;
  size_t limit = 0;
  if (auto problem = Query::parse(call.head.query, names, query)) return problem_exchange(*problem);
  if (auto problem = read_contact_filter(query, filter)) return problem_exchange(*problem);
  if (auto problem = read_contact_sort(query, sort)) return problem_exchange(*problem);
  if (auto problem = read_limit(query, limit)) return problem_exchange(*problem);
  if (filter.segment != 0) {
    return problem_exchange(
        invalid_request_problem("segment", "bad_value", "The path names the segment."));
  }
  filter.segment = parse_segment_id(call.path.id).value_or(0);
  return read_exchange(call.parts, call.wake,
                       [&store = call.parts.store, account = call.scope(), filter, sort, limit,
                        cursor = std::string(query.get("cursor").value_or(""))](Answer& answer) {
                         const ContactReader& reader = store.contacts();
                         if (!reader.segment(account, filter.segment)) {
                           return write_problem(unknown_segment_problem(), answer);
                         }
                         write_json(
                             contact_page_json(reader.list(account, filter, sort, cursor, limit)),
                             200, answer);
                       });
}

std::unique_ptr<Exchange> post_segment_contacts(Call& call) {
  constexpr bool add = true;
  return take_members(call, add);
}

std::unique_ptr<Exchange> delete_segment_contacts(Call& call) {
  constexpr bool add = false;
  return take_members(call, add);
}

}  // namespace suppressd
