// The answer formats of the check. Appended by hand from ready-made pieces: no formatter, nothing
// allocated per row but what the answer itself needs.
#pragma once

#include <memory>
#include <string>

#include "server/check_request.hpp"
#include "server/check_rows.hpp"

namespace suppressd {

/// What a result says after its index, as JSON members: `"verdict":"suppressed","reason":…`,
/// without the closing brace. Precondition: not clear.
std::string_view result_members(const RowVerdict& verdict, RowError error);

/// `{"index":7` and, in a list of its own, `,"channel":"email"`.
void append_result_start(uint64_t index, std::optional<Channel> list, std::string& out);

std::unique_ptr<VerdictWriter> make_verdict_writer(const CheckRequest& request);

}  // namespace suppressd
