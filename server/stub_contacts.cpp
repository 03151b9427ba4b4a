#include "server/handlers.hpp"
#include "server/problem.hpp"

namespace suppressd {

std::unique_ptr<Exchange> get_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_contact(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> patch_contact(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> delete_contact(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_contact_restore(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_contact_activity(Call&) {
  return problem_exchange(busy_problem());
}

}  // namespace suppressd
