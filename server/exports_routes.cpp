// Exports: a list of contacts as a CSV file, or into a segment by a job.
#include <nlohmann/json.hpp>

#include "server/confirmation.hpp"
#include "server/contact_export.hpp"
#include "server/contact_filter.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/job_json.hpp"
#include "server/media_type.hpp"
#include "server/query.hpp"
#include "server/segment_json.hpp"
#include "server/sequel_exchange.hpp"

namespace suppressd {
namespace {

constexpr size_t id_octets_max = 32;

/// A parameter that has one of two values; the first is the default.
std::optional<Problem> read_choice(const Query& query, std::string_view name,
                                   std::string_view first, std::string_view second,
                                   bool& is_second) {
  const auto text = query.get(name);
  is_second = text && *text == second;
  if (!text || is_second || (!first.empty() && *text == first)) return std::nullopt;
  std::string expected(first);
  if (!expected.empty()) expected += " or ";
  return invalid_request_problem(
      std::string(name), "bad_value",
      "Expected for " + std::string(name) + ": " + expected + std::string(second) + ".");
}

/// Whether the client takes gzip; "gzip;q=0" says that it does not.
bool takes_gzip(const RequestHead& head) {
  const std::string accepted = to_lower(head.field("accept-encoding").value_or(""));
  std::string_view rest = accepted;
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (!one.starts_with("gzip")) continue;
    return one.find("q=0") == std::string_view::npos || one.find("q=0.") != std::string_view::npos;
  }
  return false;
}

std::optional<Problem> read_export(const Call& call, ExportRequest& request) {
  static constexpr auto names =
      join_names(contact_filter_names, {"sort", "format", "for", "columns", "gzip"});
  Query query;
  if (auto problem = Query::parse(call.head.query, names, query)) return problem;
  bool file = false, csv = false;
  if (auto problem = read_contact_filter(query, request.filter)) return problem;
  if (auto problem = read_contact_sort(query, request.sort)) return problem;
  if (auto problem = read_choice(query, "format", "", "csv", csv)) return problem;
  if (auto problem = read_choice(query, "for", "", "spreadsheet", request.style.for_spreadsheet)) {
    return problem;
  }
  if (auto problem = read_choice(query, "columns", "addresses", "all", request.style.all_columns)) {
    return problem;
  }
  if (auto problem = read_choice(query, "gzip", "false", "true", file)) return problem;
  request.account = call.scope();
  request.account_id = call.account->id;
  request.style.channel = request.filter.channel;
  request.packing = file                    ? ExportPacking::file
                    : takes_gzip(call.head) ? ExportPacking::encoded
                                            : ExportPacking::plain;
  return std::nullopt;
}

/// Where the contacts go: a segment that is there, or one to be made.
struct Filling {
  JobPlan plan;
  std::string new_segment;
};

std::unique_ptr<Exchange> fill(const JobAuthor& author, const JobPlan& plan,
                               const std::string& body) {
  const CreateJob job = new_job(author.account, JobKind::fill_segment, plan);
  return job_made_exchange(author, author.change(job, body),
                           {{"segment", segment_id_text(plan.segment)}});
}

/// The job is the second change of the request then, and has its own idempotency.
std::unique_ptr<Exchange> make_and_fill(const JobAuthor& author, const Filling& filling,
                                        const std::string& body) {
  Change change = author.change(CreateSegment{author.account, filling.new_segment}, body);
  return commit_then(author.parts, author.wake, std::move(change),
                     [author, plan = filling.plan, body](const Outcome& outcome) mutable {
                       if (auto problem = segment_problem(outcome)) {
                         return problem_exchange(std::move(*problem));
                       }
                       plan.segment = static_cast<SegmentId>(outcome.id);
                       Change job =
                           author.change(new_job(author.account, JobKind::fill_segment, plan), "");
                       job.idempotency = author.idempotency.for_change(body, 1);
                       return job_made_exchange(author, std::move(job),
                                                {{"segment", segment_id_text(plan.segment)}});
                     });
}

bool open_segment(const ContactReader& reader, AccountNumber account, SegmentId id) {
  const auto segment = reader.segment(account, id);
  return segment && !segment->deleting;
}

std::unique_ptr<Exchange> check_and_fill(const JobAuthor& author, const Filling& filling,
                                         const std::string& body) {
  const ContactReader& reader = author.parts.store.contacts();
  const ContactFilter& filter = filling.plan.filter;
  const bool known = filling.new_segment.empty();
  if ((known && !open_segment(reader, author.account, filling.plan.segment)) ||
      (filter.segment != 0 && !reader.segment(author.account, filter.segment))) {
    return problem_exchange(unknown_segment_problem());
  }
  if (reader.scan(author.account, filter, ContactSort::address)->next(1).empty()) {
    return problem_exchange(nothing_matches_problem());
  }
  return known ? fill(author, filling.plan, body) : make_and_fill(author, filling, body);
}

std::unique_ptr<Exchange> export_to_segment(const JobAuthor& author, JsonMembers& members,
                                            const std::string& body) {
  Filling filling;
  read_contact_filter(members, "filter", filling.plan.filter);
  if (members.has("new_segment")) {
    filling.new_segment = read_segment_name(members, "new_segment");
  } else {
    const auto text = members.text("segment", id_octets_max);
    if (!members.has("segment")) members.fail("segment", "required");
    filling.plan.segment = parse_segment_id(text.value_or("")).value_or(0);
  }
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return read_then(author.parts, author.wake,
                   [author, filling, body] { return check_and_fill(author, filling, body); });
}

}  // namespace

std::unique_ptr<Exchange> get_export(Call& call) {
  ExportRequest request;
  if (auto problem = read_export(call, request)) return problem_exchange(*problem);
  return export_exchange(call.parts, call.wake, std::move(request));
}

std::unique_ptr<Exchange> post_export(Call& call) {
  return json_body_exchange(call, control_body_bytes_max, export_to_segment);
}

}  // namespace suppressd
