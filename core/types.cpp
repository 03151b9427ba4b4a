#include "core/types.hpp"

#include <array>

namespace suppressd {
namespace {
constexpr std::array<std::string_view, 9> reason_names = {
    "none",        "unsubscribe", "soft_bounce_limit", "manual", "invalid_address",
    "hard_bounce", "spam_trap",   "complaint",         "legal"};
}  // namespace

std::string_view name_of(Channel channel) {
  return channel == Channel::email ? "email" : "phone";
}

std::string_view name_of(Reason reason) {
  return reason_names[static_cast<size_t>(reason)];
}

std::string_view name_of(Scope scope) {
  return scope == Scope::account ? "account" : "platform";
}

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> names = {"clear", "suppressed", "invalid"};
  return names[static_cast<size_t>(verdict)];
}

std::optional<Channel> parse_channel(std::string_view name) {
  if (name == "email") return Channel::email;
  if (name == "phone") return Channel::phone;
  return std::nullopt;
}

std::optional<Reason> parse_reason(std::string_view name) {
  for (size_t i = 1; i < reason_names.size(); ++i) {
    if (reason_names[i] == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace suppressd
