#include "server/media_type.hpp"

#include <algorithm>

namespace suppressd {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquote(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::optional<std::string> media_type(std::string_view content_type) {
  const size_t end = std::min(content_type.find(';'), content_type.size());
  const std::string type = to_lower(trim(content_type.substr(0, end)));
  const size_t slash = type.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == type.size()) return std::nullopt;
  std::string_view rest = content_type.substr(end);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the ';'
    const std::string_view parameter = trim(rest.substr(0, rest.find(';')));
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (to_lower(trim(parameter.substr(0, equals))) != "charset") continue;
    const std::string charset = to_lower(unquote(trim(parameter.substr(equals + 1))));
    if (charset != "utf-8" && charset != "utf8" && charset != "us-ascii") return std::nullopt;
  }
  return type;
}

}  // namespace suppressd
