// ?limit= of every list.
#pragma once

#include <cstddef>
#include <optional>

#include "server/query.hpp"

namespace suppressd {

inline constexpr size_t list_items_default = 100;
inline constexpr size_t list_items_max = 1000;

/// A problem unless ?limit= is absent or 1 to list_items_max.
std::optional<Problem> read_limit(const Query& query, size_t& limit);

}  // namespace suppressd
