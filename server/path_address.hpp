// The address that a path or a query names, normalized.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/call.hpp"
#include "server/problem.hpp"

namespace suppressd {

struct NamedAddress {
  Channel channel = Channel::email;
  std::string text;  // canonical
};

/// The path's {channel} and {address}: 404 for another channel, 400 for an address that cannot be
/// read (its code in `errors`; the address itself is never repeated).
std::optional<Problem> read_path_address(const Call& call, NamedAddress& out);

}  // namespace suppressd
