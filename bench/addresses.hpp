// Made-up email addresses of the length and mix that lists have, the same in every comparison.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace suppressd::bench {

/// The number-th address: 25 to 35 octets. Numbers below `members` are on the list, wherever there
/// is a list.
std::string address_of(uint64_t number);

/// `count` addresses, one in ten a member; the same for the same seed.
std::vector<std::string> asked_addresses(size_t count, uint64_t members, uint64_t seed);

}  // namespace suppressd::bench
