// Who reads an answer. What other accounts' mail and people say of an address (evidence, campaign
// and key of the platform's causes) is for staff only. Thread safety: pure functions.
#pragma once

#include "persistence/records.hpp"

namespace suppressd {

enum class Audience : uint8_t { account, staff };

constexpr Audience audience_of(Role role) {
  return role == Role::admin || role == Role::support ? Audience::staff : Audience::account;
}

}  // namespace suppressd
