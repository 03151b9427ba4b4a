// Writes about contacts that were named: {"ids":[…]} in, one result a contact out.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"

namespace suppressctl {

enum class SelectionMethod { post, remove };

/// Sends the named contacts (ids, addresses, "-" for lines), at most 10,000 at a time, with the
/// other members of `body`, and shows the results. `changed` is the result, and the answer's
/// member, of those that changed. Exit code: `no` when some did not.
int write_selection(const Settings& settings, const std::string& path,
                    const std::vector<std::string>& names, const Json& body, const char* changed,
                    SelectionMethod method = SelectionMethod::post);

}  // namespace suppressctl
