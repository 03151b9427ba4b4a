// What an adding request says outside its rows: format, defaults, columns, limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/call.hpp"
#include "server/idempotency.hpp"
#include "server/problem.hpp"
#include "server/suppression_csv.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {

enum class BodyKind : uint8_t { json, ndjson, text, csv };

struct AddRequest {
  BodyKind kind = BodyKind::json;
  AccountNumber scope = platform_number;
  std::string key_id;
  IdempotencyKey idempotency;
  RowDefaults defaults;
  RowColumns columns;  // of CSV
  uint64_t body_bytes_max = 0;
  uint64_t line_bytes_max = 0;
};

/// A problem where the query, the media type or the declared length is not what the route takes.
std::optional<Problem> read_add_request(Call& call, AddRequest& request);

}  // namespace suppressd
