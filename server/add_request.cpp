#include "server/add_request.hpp"

#include "server/media_type.hpp"
#include "server/query.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr std::string_view accepted_types =
    "application/json, application/x-ndjson, text/plain, text/csv";

std::optional<BodyKind> body_kind(const RequestHead& head) {
  const auto type = media_type(head.field("content-type").value_or(""));
  if (type == "application/json") return BodyKind::json;
  if (type == "application/x-ndjson" || type == "application/ndjson") return BodyKind::ndjson;
  if (type == "text/plain") return BodyKind::text;
  if (type == "text/csv") return BodyKind::csv;
  return std::nullopt;
}

std::optional<Problem> read_columns(const Query& query, BodyKind kind, RowColumns& columns) {
  if (kind == BodyKind::csv) return RowColumns::read(query, columns);
  for (const std::string_view name : csv_parameters) {
    if (query.get(name)) {
      return invalid_request_problem(std::string(name), "only_for_csv",
                                     "This parameter is for bodies of type text/csv.");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> read_add_request(Call& call, AddRequest& request) {
  Query query;
  if (auto problem =
          Query::parse(call.head.query,
                       {"channel", "region", "reason", "source", "campaign", "evidence", "column",
                        "header", "delimiter", "channel_column", "region_column", "reason_column",
                        "source_column", "campaign_column", "evidence_column", "at_column"},
                       query)) {
    return problem;
  }
  const auto kind = body_kind(call.head);
  if (!kind) return media_type_problem(accepted_types);
  if (auto problem = read_columns(query, *kind, request.columns)) return problem;
  request.kind = *kind;
  request.scope = call.scope();
  request.key_id = call.key->id;
  request.defaults.role = call.key->role;
  request.defaults.now = now_ms();
  if (call.account) request.defaults.region = call.account->default_region;
  if (auto problem = RowDefaults::read(query, request.defaults)) return problem;
  if (*kind == BodyKind::text && request.defaults.cause.reason == Reason::none) {
    return invalid_request_problem("reason", "required", "Plain addresses need ?reason=.");
  }
  const AppLimits& limits = call.parts.limits;
  request.body_bytes_max =
      *kind == BodyKind::json ? limits.json_body_bytes_max : limits.streaming_body_bytes_max;
  request.line_bytes_max = limits.line_bytes_max;
  if (call.head.content_length.value_or(0) > request.body_bytes_max) {
    return too_large_problem(request.body_bytes_max);
  }
  return IdempotencyKey::read(call, request.idempotency);
}

}  // namespace suppressd
