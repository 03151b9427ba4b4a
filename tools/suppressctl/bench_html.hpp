// A measurement as a page for people: one file that needs nothing else, in light and dark, with
// every plot's numbers in a table below it.
#pragma once

#include <string>

#include "tools/suppressctl/bench_report.hpp"

namespace suppressctl {

/// Well-formed XML, too. No scripts, no references to anything outside.
std::string html(const BenchReport& report);

}  // namespace suppressctl
