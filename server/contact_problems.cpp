#include "server/contact_problems.hpp"

namespace suppressd {
namespace {

Problem unknown(std::string slug, std::string title) {
  return {404,
          std::move(slug),
          std::move(title),
          "No such id was given out in this account, or it "
          "is gone.",
          {},
          {},
          {}};
}

}  // namespace

Problem unknown_contact_problem() {
  return unknown("unknown-contact", "There is no such contact.");
}

Problem unknown_segment_problem() {
  return unknown("unknown-segment", "There is no such segment.");
}

Problem unknown_request_problem() {
  return unknown("unknown-request", "There is no such request.");
}

Problem unknown_job_problem() {
  return unknown("unknown-job", "There is no such job.");
}

Problem contact_conflict_problem() {
  return {
      409,
      "contact-conflict",
      "The contact cannot become so.",
      "An address belongs to another contact of the account, or the contact would lose its last "
      "address, or it would have too many fields.",
      {},
      {},
      {}};
}

}  // namespace suppressd
