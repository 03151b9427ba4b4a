#include "server/handlers.hpp"
#include "server/problem.hpp"

namespace suppressd {

std::unique_ptr<Exchange> post_request(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_account_requests(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_request(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_request_approve(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_request_reject(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_requests(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_events(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_counts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_analytics(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_causes(Call&) {
  return problem_exchange(busy_problem());
}

}  // namespace suppressd
