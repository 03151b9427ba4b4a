// A change is what one request asks of the store: it is committed whole or not at all, and gets one
// sequence number. The committer hands changes to Store::commit in groups.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/digest.hpp"
#include "core/fingerprint.hpp"
#include "persistence/records.hpp"

namespace suppressd {

/// Adds causes: each row becomes, or joins, a suppression of `scope`. A cause equal in reason,
/// source, campaign and evidence to one that is there leaves the record unchanged.
struct AddSuppressions {
  struct Row {
    Channel channel = Channel::email;
    std::string address;  // canonical
    std::string given;    // empty when equal to address
    Region region;
    Cause cause;
  };
  AccountNumber scope = platform_number;
  std::vector<Row> rows;  // at most change_rows_max
};
inline constexpr size_t change_rows_max = 10'000;

/// Removes one suppression with all its causes (an exemption stays).
struct RemoveSuppression {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical
};

/// Sets (or with nullopt lifts) an account's exemption from the platform's suppression.
struct SetExemption {
  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string address;  // canonical
  std::optional<Exemption> exemption;
};

struct CreateAccount {
  Account account; /* number is given by the store */
};
/// Changes what it names and leaves the rest, so that two updates at once both take effect.
struct UpdateAccount {
  std::string id;
  std::optional<std::string> name;
  std::optional<Region> default_region;
  std::optional<bool> self_service;

  void apply_to(Account& account) const {
    if (name) account.name = *name;
    if (default_region) account.default_region = *default_region;
    if (self_service) account.policies.self_service = *self_service;
  }
};
struct CreateKey {
  ApiKey key;
};
struct RevokeKey {
  std::string id;
};

/// Lets a repeated request get the first one's outcome. `key` is unique per caller: the caller
/// prefixes the API key's id. Kept for at least idempotency_kept.
struct Idempotency {
  std::string key;
  std::array<uint8_t, 32> request_hash{};
};
inline constexpr TimeMs idempotency_kept_ms = 24ull * 60 * 60 * 1000;

struct Change {
  std::variant<AddSuppressions, RemoveSuppression, SetExemption, CreateAccount, UpdateAccount,
               CreateKey, RevokeKey>
      what;
  std::string by;  // id of the API key
  TimeMs at = 0;
  std::optional<Idempotency> idempotency;
};

/// How a change ended. Anything but `committed` and `replayed` changed nothing, except `unknown`:
/// then the write failed on its way to disk, may or may not come back after a restart, and every
/// later change is refused.
struct Outcome {
  enum class Status : uint8_t {
    committed,
    replayed,              // same idempotency key, same request: the first outcome again
    idempotency_mismatch,  // same idempotency key, another request
    not_found,
    already_exists,
    unknown,  // the storage failed during this write
    refused,  // the storage failed earlier; a restart is needed
  };
  Status status = Status::refused;
  uint64_t sequence = 0;   // of this change; the store's last one when nothing was written
  uint32_t added = 0;      // rows: new suppressions
  uint32_t updated = 0;    // rows: a cause joined
  uint32_t unchanged = 0;  // rows: nothing new
  AccountNumber account = platform_number;  // CreateAccount: the number given
};

/// What the set must be told after a commit, in commit order.
struct SetUpdate {
  Fingerprint address;
  AccountNumber account = platform_number;
  SlotState state = SlotState::absent;
};

}  // namespace suppressd
