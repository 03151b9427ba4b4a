// Errors as RFC 9457 problem documents. One Problem a request; `errors` holds one entry per field
// or row. Texts never hold an address, a phone number or a key. The table of types and their
// statuses stands in server/API.md.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange.hpp"

namespace suppressd {

struct Problem {
  struct Row {
    std::optional<uint64_t> index;  // row, where the body has rows
    std::string field;              // JSON member or query parameter, else empty
    std::string error;              // stable code, such as "no_at_sign"
  };
  int status = 500;
  std::string type;    // stable slug, such as "unknown-account"; sent as a relative URI reference
                       // "/problems/<slug>"
  std::string title;   // the type's one sentence
  std::string detail;  // this occurrence: what was wrong, what to do
  Fields fields;       // further answer fields (Retry-After, Allow, Accept, WWW-Authenticate)
  std::vector<Row> errors;
  Fields members;  // further members of the document: name, and value as JSON text
};

/// {"index","field","error"} without what is absent.
nlohmann::ordered_json row_json(const Problem::Row& row);

/// Replaces the answer. Precondition: none of it was sent yet.
void write_problem(const Problem& problem, Answer& answer);

/// An exchange that answers with this problem and wants no body.
std::unique_ptr<Exchange> problem_exchange(Problem problem);

/// 503: the write queue or the pool is full, nothing was done, try again in a second.
Problem busy_problem();
/// 503: storage failed earlier; nothing was done, a restart is needed.
Problem storage_problem();
/// 503: storage failed during this write, which may or may not come back after a restart.
Problem write_unknown_problem();
/// 404: a scope says nothing of an address.
Problem unknown_suppression_problem();
/// 413, with the limit in octets.
Problem too_large_problem(uint64_t octets_max);
/// 415, naming what is accepted in the text and in Accept.
Problem media_type_problem(std::string_view accepted);
/// 400 about one query parameter; `error` is its stable code.
Problem invalid_request_problem(std::string name, std::string error, std::string detail);
/// 400 about members of a JSON body.
Problem invalid_body_problem(std::vector<Problem::Row> errors, std::string detail);
/// 400: a body that is not the JSON that its Content-Type promised; `octet` is where, counted from
/// 0.
Problem malformed_json_problem(size_t octet);

}  // namespace suppressd
