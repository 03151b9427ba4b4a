#include "server/session_problems.hpp"

namespace suppressd {
namespace {

Problem make_problem(int status, std::string_view type, std::string_view title,
                     std::string_view detail) {
  Problem problem;
  problem.status = status;
  problem.type = type;
  problem.title = title;
  problem.detail = detail;
  return problem;
}

}  // namespace

Problem framing_problem(FramingError error) {
  return make_problem(status_of(error), "bad-framing", "The request breaks a rule of HTTP framing.",
                      sentence_of(error));
}

Problem request_timeout_problem() {
  return make_problem(408, "request-timeout", "The request did not arrive in time.",
                      "Send the header within its deadline and the body at the minimum rate.");
}

Problem internal_error_problem() {
  return make_problem(500, "internal-error", "The server failed to answer this request.",
                      "The log has the cause under this answer's X-Request-Id.");
}

Problem overloaded_problem() {
  Problem problem =
      make_problem(503, "overloaded", "The server has more work than it takes at once.",
                   "Try again after Retry-After seconds.");
  problem.fields = {{"Retry-After", std::to_string(retry_after_seconds)}};
  return problem;
}

}  // namespace suppressd
