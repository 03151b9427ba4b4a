#include "server/query.hpp"

#include <simdjson.h>

#include <algorithm>

namespace suppressd {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::optional<Problem> Query::parse(std::string_view query, std::span<const std::string_view> known,
                                    Query& out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals));
    const auto value = percent_decode(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name || !value) {
      return invalid_request_problem("", "bad_encoding",
                                     "The query has a '%' that two hex digits do not follow.");
    }
    const auto match = std::find(known.begin(), known.end(), *name);
    if (match == known.end()) {
      // The name is not repeated: somebody may have put an address there.
      std::string detail = "The query has a parameter that this route does not know. It knows:";
      for (const std::string_view one : known) detail += " " + std::string(one);
      return invalid_request_problem("", "unknown_parameter", detail);
    }
    if (out.get(*name)) {
      return invalid_request_problem(std::string(*match), "given_twice",
                                     "A query parameter is given twice.");
    }
    out.parameters_.emplace_back(*name, *value);
  }
  return std::nullopt;
}

std::optional<std::string_view> Query::get(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<Problem> read_text(const Query& query, std::string_view name, size_t octets_max,
                                 std::string& text) {
  text = query.get(name).value_or("");
  if (text.size() <= octets_max && simdjson::validate_utf8(text)) return std::nullopt;
  return invalid_request_problem(std::string(name), "bad_value",
                                 "Expected for " + std::string(name) + ": UTF-8, at most " +
                                     std::to_string(octets_max) + " octets.");
}

}  // namespace suppressd
