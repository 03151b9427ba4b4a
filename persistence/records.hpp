// What the store keeps, as values. Their bytes are drawn and frozen in codec.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "core/types.hpp"

namespace suppressd {

/// Milliseconds since 1970-01-01 UTC.
using TimeMs = uint64_t;

/// One reason with its source, time and evidence.
struct Cause {
  Reason reason = Reason::none;
  std::string source;  // import, api, campaign, webhook:<provider>, support
  TimeMs at = 0;
  std::string by;        // id of the key that said so
  std::string evidence;  // free text, such as an SMTP reply
  std::string campaign;
  bool operator==(const Cause&) const = default;
};
/// A cause whose texts stand somewhere else.
struct CauseView {
  Reason reason = Reason::none;
  TimeMs at = 0;
  std::string_view source, by, evidence, campaign;
};
inline constexpr size_t causes_max = 64;  // per suppression; past it the oldest of the weakest go
inline constexpr size_t evidence_octets_max = 1024;
inline constexpr size_t campaign_octets_max = 128;
inline constexpr size_t source_octets_max = 64;

/// An account's address made active again although the platform suppresses it.
struct Exemption {
  TimeMs at = 0;
  std::string by;
  std::string note;
  bool operator==(const Exemption&) const = default;
};

/// What one scope says of one address: all its causes, or an exemption, or both (then causes win).
struct Suppression {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical: the key
  std::string given;    // raw, as first given; empty when it equals the canonical form
  Region region;        // default region it was given with
  std::vector<Cause> causes;
  std::optional<Exemption> exemption;

  Reason strongest() const;
  /// The cause that is shown: the strongest; of equals the first. There must be one.
  const Cause& shown() const;
  /// What the set must say: the strongest reason, else exempt, else absent.
  SlotState state() const;
  /// Joins `cause`. False when one equal in reason, source, campaign and evidence is there, or when
  /// causes_max are and this one would be the first to go: a weaker cause never displaces a
  /// stronger.
  bool merge(const Cause& cause);
  bool operator==(const Suppression&) const = default;
};

/// When soft bounces suppress, and for how long: each time the limit is reached twice as long as the
/// time before, up to a limit of its own.
struct SoftBouncePolicy {
  uint16_t limit = 0;  // soft bounces within `days`; 0: they never suppress
  uint16_t days = 30;
  uint16_t first_days = 7;      // suppressed for, the first time
  uint16_t longest_days = 365;  // and at most
  bool operator==(const SoftBouncePolicy&) const = default;
};
inline constexpr uint16_t soft_bounce_limit_max = 30;
inline constexpr uint16_t policy_days_max = 3'650;

inline constexpr size_t reasons_end = static_cast<size_t>(Reason::legal) + 1;
/// Days after which causes of a reason end unless they were confirmed again, by Reason; 0: never.
using ExpiryDays = std::array<uint16_t, reasons_end>;

/// What an account's own people may do without support, what the platform takes from it, and what
/// bounces lead to.
struct Policies {
  bool self_service = false;  // suppress and make active again
  /// Hard bounces that the account's campaigns report enter the platform scope at once.
  bool trusted_bounces = false;
  SoftBouncePolicy soft_bounces{};
  ExpiryDays expire_after_days{};
  bool operator==(const Policies&) const = default;
};

struct Account {
  AccountNumber number = platform_number;
  std::string id;  // [a-z0-9][a-z0-9_-]{0,63}
  std::string name;
  Region default_region;
  TimeMs created_at = 0;
  Policies policies{};
  bool operator==(const Account&) const = default;
};
inline constexpr size_t account_name_octets_max = 256;
bool valid_account_id(std::string_view id);

enum class Role : uint8_t { admin = 1, support = 2, owner = 3, sender = 4, checker = 5 };
std::string_view name_of(Role role);
std::optional<Role> parse_role(std::string_view name);

/// An API key as stored: never the key itself, only its SHA-256.
struct ApiKey {
  std::string id;  // public, readable: in lists, logs and causes' `by`
  Role role = Role::checker;
  AccountNumber account = platform_number;  // platform_number for admin and support
  std::string name;
  std::array<uint8_t, 32> hash{};
  TimeMs created_at = 0;
  TimeMs revoked_at = 0;  // 0: in force
  bool operator==(const ApiKey&) const = default;
};

}  // namespace suppressd
