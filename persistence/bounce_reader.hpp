// What the policies of an account mean for what is stored: which causes are over, and what other
// policies would have made of the bounces that are remembered.
//
// Thread safety: any thread. Errors: StorageFailure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "persistence/change.hpp"
#include "persistence/contact_reader.hpp"

namespace suppressd {

/// Addresses of a scope with causes that are over.
struct ExpiredCauses {
  std::vector<ExpireCauses::Row> rows;
  std::string next;  // where the search goes on; empty: it looked at everything
};

/// What an account's list would be with other policies.
struct PolicySimulation {
  enum class Effect : uint8_t {
    suppressed,  // clear now: its soft bounces would reach the limit
    cleared,     // suppressed by soft bounces alone, which would not reach it, or not for so long
    expired,     // suppressed now, and all its causes would be over
  };
  struct Row {
    Channel channel = Channel::email;
    std::string address;
    Effect effect = Effect::suppressed;
  };
  uint64_t bouncing = 0;  // addresses with bounces in these days
  uint64_t suppressed = 0, cleared = 0, expired = 0;
  std::vector<Row> rows;  // the first of them
  bool partial = false;   // there was more than may be looked at
  uint64_t sequence = 0;
};
std::string_view name_of(PolicySimulation::Effect effect);

/// Which policies, and how far back.
struct PolicyTrial {
  Policies now, then;
  TimeMs at = 0;
  uint64_t days = 30;
  size_t rows_max = 100;             // that are named
  size_t looked_at_max = 1'000'000;  // of bounces, and of suppressions
};

class BounceReader {
 public:
  explicit BounceReader(const ContactReader& reader) : context_(reader.context_) {}

  /// Looks at up to `looked_at_max` suppressions from `from` on, and before them, when `from` is
  /// empty, at what soft bounces suppressed. At most change_rows_max rows.
  ExpiredCauses expired(AccountNumber scope, const ExpiryDays& after_days, TimeMs now,
                        std::string_view from, size_t looked_at_max) const;
  PolicySimulation simulate(AccountNumber account, const PolicyTrial& trial) const;

 private:
  const ReaderContext& context_;
};

}  // namespace suppressd
