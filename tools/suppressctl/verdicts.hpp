// Asks for the verdicts of one batch of rows, and proves that the answer is about exactly these
// rows.
//
// A wrong count anywhere between us and the server would shift every later verdict to another
// address, so no answer is believed by its shape alone. Where only clear or not matters, the answer
// is one bit a row; a row that no address can be is sent behind the batch, and its bit must be the
// last one set, in its place. Where reasons matter, the answer is NDJSON, whose summary must say
// how many rows were checked and must agree with the results counted here. Throws Failure
// otherwise; then no row of the batch may be let through.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/rows.hpp"

namespace suppressctl {

/// What a row was found to be, unless clear.
struct Finding {
  uint32_t row = 0;  // in the batch
  bool invalid = false;
  std::string reason;  // or the error of an invalid one
  std::string scope;   // empty for an invalid one
};

struct Verdicts {
  std::vector<bool> blocked;      // suppressed or invalid
  std::vector<Finding> findings;  // ascending by row; empty unless reasons were asked for
  uint64_t blocked_count = 0;
};

/// The value to check of a row, as text; may use the scratch space.
using ValueOf = std::function<std::string_view(std::string_view row, std::string& scratch)>;

struct CheckRequest {
  const Settings& settings;
  std::string target;  // path and query
  ValueOf value_of;
  bool with_reasons = false;
  RetryPolicy retry;
};

Verdicts ask_verdicts(const CheckRequest& request, const RowBatch& batch, Connection& connection,
                      const std::function<bool(std::chrono::milliseconds)>& pause);

/// The two ways to read an answer about `rows` rows; exposed for tests.
Verdicts read_bitmap(std::string_view answer, size_t rows);
Verdicts read_results(std::string_view answer, size_t rows);

}  // namespace suppressctl
