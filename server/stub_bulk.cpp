#include "server/handlers.hpp"
#include "server/problem.hpp"

namespace suppressd {

std::unique_ptr<Exchange> post_delete_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_restore_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_jobs(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_job(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_job_pause(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_job_resume(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_job_cancel(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_segment(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_segments(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_segment(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> patch_segment(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> delete_segment(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_segment_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_segment_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> delete_segment_contacts(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> get_export(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_export(Call&) {
  return problem_exchange(busy_problem());
}
std::unique_ptr<Exchange> post_counts_recalculate(Call&) {
  return problem_exchange(busy_problem());
}

}  // namespace suppressd
