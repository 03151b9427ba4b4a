// What a recount found, as JSON text for the record of its job. Thread safety: pure function.
#pragma once

#include <string>
#include <vector>

#include "persistence/contact_reader.hpp"

namespace suppressd {

inline constexpr size_t listed_differences_max = 1'000;

/// {"differences":[{"channel","count","value","stored","counted"}],"repaired":K}; at most
/// listed_differences_max are listed, all are repaired.
std::string recount_json(const std::vector<CountDifference>& differences);

}  // namespace suppressd
