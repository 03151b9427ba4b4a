// What is remembered of an address that bounced, in one scope: its recent soft bounces, how often
// they reached the limit of the account's policy and until when they suppress, and when it last
// bounced hard. Kept whatever the policy says, so that a changed one can be tried on the past.
//
//   value  version 1 | bounces | bounce... | counted until | limits | expires at | last hard
//     bounce  at | confirmable: 1          by time, ascending
//
// A delivery ends the soft bounces before it: the mailbox works. How often the limit was reached
// stays, so that the next time is longer. A row is no older than its address: an erasure takes both
// rows of an address away.
//
// Internal to the store. Thread safety: values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/change.hpp"
#include "persistence/keys.hpp"

namespace suppressd {

inline constexpr TimeMs bounces_kept_ms = 90 * day_ms;
inline constexpr size_t bounces_kept_max = 64;  // of an address; past it the oldest go

struct BounceRecord {
  struct Bounce {
    TimeMs at = 0;
    bool confirmable = false;
    bool operator==(const Bounce&) const = default;
  };
  std::vector<Bounce> bounces;
  TimeMs counted_until = 0;  // soft bounces up to then led to the limit before
  uint32_t limits = 0;       // how often it was reached
  TimeMs expires_at = 0;     // of the suppression by the limit; 0: there is none
  TimeMs last_hard = 0;

  /// Whether the same was said so long before that it is believed now.
  bool confirms(TimeMs at) const;
  void add(Bounce bounce);
  /// False when that changes nothing.
  bool deliver(TimeMs at);
  /// Takes the last bounce into account; true when that reaches the limit: then it suppresses until
  /// expires_at.
  bool reach(const SoftBouncePolicy& policy);
  bool empty() const;
  bool operator==(const BounceRecord&) const = default;
};
void encode(const BounceRecord& record, std::string& out);
std::optional<BounceRecord> decode_bounces(std::string_view bytes);

std::string bounces_key(AccountNumber scope, Channel channel, std::string_view address);
/// Of all addresses of the scope.
std::string bounces_prefix(AccountNumber scope);
std::string bounce_expiry_key(TimeMs expires_at, AccountNumber scope, Channel channel,
                              std::string_view address);

/// The reasons of the suppression's causes that are over. `bounces` is what is known of its address,
/// or null.
std::vector<Reason> expired_reasons(const Suppression& record, const BounceRecord* bounces,
                                    const ExpiryDays& after_days, TimeMs now);

}  // namespace suppressd
