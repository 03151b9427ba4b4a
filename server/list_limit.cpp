#include "server/list_limit.hpp"

#include <charconv>

namespace suppressd {

std::optional<Problem> read_limit(const Query& query, size_t& limit) {
  limit = list_items_default;
  const auto text = query.get("limit");
  if (!text) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, limit);
  if (result.ec == std::errc() && result.ptr == end && limit >= 1 && limit <= list_items_max) {
    return std::nullopt;
  }
  return invalid_request_problem(
      "limit", "bad_value", "Expected for limit: 1 to " + std::to_string(list_items_max) + ".");
}

}  // namespace suppressd
