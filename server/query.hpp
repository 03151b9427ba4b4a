// The parts of a request's target: percent-decoding, and query parameters by name.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/problem.hpp"

namespace suppressd {

/// nullopt when a '%' is not followed by two hex digits. A '+' is a plus sign (RFC 3986), so that
/// phone numbers and plus-tags can be typed into an address line as they are.
std::optional<std::string> percent_decode(std::string_view text);

/// Names of parameters that several routes share, with further ones of one route.
template <size_t A, size_t B>
constexpr std::array<std::string_view, A + B> join_names(
    const std::array<std::string_view, A>& shared, const std::string_view (&more)[B]) {
  std::array<std::string_view, A + B> names;
  std::copy_n(shared.begin(), A, names.begin());
  std::copy_n(more, B, names.begin() + A);
  return names;
}

/// Decoded query parameters, each at most once, in no case empty-named.
class Query {
 public:
  /// A problem (400) when the query is malformed, repeats a name, or has one not in `known`.
  static std::optional<Problem> parse(std::string_view query,
                                      std::span<const std::string_view> known, Query& out);
  static std::optional<Problem> parse(std::string_view query,
                                      std::initializer_list<std::string_view> known, Query& out) {
    return parse(query, std::span(known.begin(), known.size()), out);
  }

  /// nullopt when absent; present and empty is the empty text.
  std::optional<std::string_view> get(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// A parameter that is kept as it is: UTF-8 of at most so many octets, else a problem.
std::optional<Problem> read_text(const Query& query, std::string_view name, size_t octets_max,
                                 std::string& text);

}  // namespace suppressd
