// The words that every layer shares: channel, reason, scope, verdict, account. Plain values, no
// behaviour beyond names. The numbers are stored on disk and in the set: frozen, never reused.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace suppressd {

enum class Channel : uint8_t { email = 1, phone = 2 };

/// Why an address must not be contacted, weakest first: a larger number hides a smaller one.
enum class Reason : uint8_t {
  none = 0,
  unsubscribe = 1,
  soft_bounce_limit = 2,
  manual = 3,
  invalid_address = 4,
  hard_bounce = 5,
  spam_trap = 6,
  complaint = 7,
  legal = 8,
};

/// What an entry covers: one account, or all of them.
enum class Scope : uint8_t { account = 0, platform = 1 };

enum class Verdict : uint8_t { clear = 0, suppressed = 1, invalid = 2 };

/// What the sender is about to send: `transactional` mail passes an address whose only cause is
/// `unsubscribe`.
enum class Purpose : uint8_t { marketing = 0, transactional = 1 };

/// An account's internal number, given at its creation and never reused. Zero is the platform
/// scope.
using AccountNumber = uint32_t;
inline constexpr AccountNumber platform_number = 0;

/// What a slot of the set says of an address in one scope: a Reason's number, or an exemption.
enum class SlotState : uint8_t { absent = 0, exempt = 15 };

constexpr SlotState slot_state(Reason reason) {
  return static_cast<SlotState>(reason);
}
/// The reason in a state; Reason::none for absent and exempt.
constexpr Reason reason_of(SlotState state) {
  return state == SlotState::exempt ? Reason::none : static_cast<Reason>(state);
}

std::string_view name_of(Channel channel);
std::string_view name_of(Reason reason);
std::string_view name_of(Scope scope);
std::string_view name_of(Verdict verdict);
std::optional<Channel> parse_channel(std::string_view name);
/// `none` is not a reason that anyone may give: it parses to nullopt.
std::optional<Reason> parse_reason(std::string_view name);

}  // namespace suppressd
