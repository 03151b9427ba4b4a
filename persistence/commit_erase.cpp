#include "persistence/commit_group.hpp"

namespace suppressd {

Outcome CommitGroup::act(const Change&, const EraseContact&) {
  return refuse(Outcome::Status::not_found);
}

}  // namespace suppressd
