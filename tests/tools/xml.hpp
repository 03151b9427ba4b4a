// Whether a page is well-formed: every element closed in order, attributes quoted, entities known.
#pragma once

#include <string>
#include <string_view>

namespace tools_tests {

/// Empty when it is; else what is wrong, and where.
std::string xml_fault(std::string_view text);

}  // namespace tools_tests
