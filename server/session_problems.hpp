// The problems that the session itself answers with, before or instead of an exchange.
#pragma once

#include "server/framing.hpp"
#include "server/problem.hpp"

namespace suppressd {

inline constexpr int retry_after_seconds = 1;

Problem framing_problem(FramingError error);  // 400, 417, 431, 505
Problem request_timeout_problem();            // 408
Problem internal_error_problem();             // 500
Problem overloaded_problem();                 // 503

}  // namespace suppressd
