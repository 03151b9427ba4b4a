// Why an address is suppressed, for people: what explain answers and a contact's card holds.
#pragma once

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {

/// A table behind an empty line; nothing when there are none.
void write_causes(const Json& causes, Writer& output);
/// A sentence behind an empty line; nothing for null.
void write_exemption(const Json& exemption, Writer& output);

}  // namespace suppressctl
