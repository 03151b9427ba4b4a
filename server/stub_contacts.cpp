#include "server/handlers.hpp"
#include "server/problem.hpp"

namespace suppressd {

std::unique_ptr<Exchange> post_contact_erase(Call&) {
  return problem_exchange(busy_problem());
}

}  // namespace suppressd
