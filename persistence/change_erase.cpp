// Rows of `changes` without what they said of erased addresses. A rewritten row tells a replay and
// the feed the same states in the same order; who did it and when stays in its head.
#include <algorithm>

#include "persistence/change_row.hpp"
#include "persistence/erased.hpp"
#include "persistence/erasure.hpp"

namespace suppressd {
namespace {

using Named = ErasurePlace::Named;

bool names(const std::vector<Named>& addresses, const ChangedAddress& changed) {
  if (changed.erased) return false;
  return std::any_of(addresses.begin(), addresses.end(), [&changed](const Named& named) {
    return named.channel == changed.channel && named.address == changed.address &&
           (changed.scope != platform_number || named.platform);
  });
}

class Rewriting {
 public:
  Rewriting(const std::vector<Named>& addresses, const FingerprintKey& key)
      : addresses_(addresses), key_(key) {}

  std::optional<std::string> run(std::string_view bytes) {
    ChangeRow row(bytes);
    encode_change_head(row.kind(), row.by(), row.at(), out_);
    bool first = true;
    for (ChangedAddress changed; row.next(changed); first = false) {
      const bool erase = names(addresses_, changed);
      erased_ |= erase;
      if (row.kind() == ChangeKind::add_suppressions) {
        if (first) ByteWriter(out_).varint(changed.scope);
        add(changed, erase);
      } else {
        single(changed, erase);
      }
    }
    if (!row.whole()) throw StorageFailure("a stored change is damaged");
    if (!erased_) return std::nullopt;
    return std::move(out_);
  }

 private:
  std::string hashed(const ChangedAddress& changed) const {
    return octets_of(key_(CanonicalAddress::from_stored(changed.channel, changed.address)));
  }

  void add(const ChangedAddress& changed, bool erase) {
    EncodedRow row;
    row.channel = changed.channel;
    row.result = changed.after;
    const std::string kept =
        erase ? hashed(changed)
              : std::string(changed.erased ? octets_of(changed.fingerprint) : changed.address);
    row.address = kept;
    row.erased = erase || changed.erased;
    CauseView cause = changed.cause;
    if (erase) {
      cause = {};
      cause.reason = changed.cause.reason;
      cause.at = changed.cause.at;
      cause.source = erased_source;
    } else {
      row.given = changed.given;
      row.region = changed.region;
    }
    std::string words;
    encode(cause, words);
    if (words != cause_) row.cause = words;
    encode_change_row(row, out_);
    cause_ = words;
  }

  void single(const ChangedAddress& changed, bool erase) {
    std::optional<Exemption> exemption;
    if (const auto& set = changed.exempted) {
      exemption = Exemption{set->at, std::string(erase ? "" : set->by),
                            std::string(erase ? "" : set->note)};
    }
    const std::string kept = erase ? hashed(changed) : std::string(changed.address);
    encode_change_address(changed.scope, changed.channel, kept, changed.after, exemption, out_,
                          erase);
  }

  const std::vector<Named>& addresses_;
  const FingerprintKey& key_;
  bool erased_ = false;
  std::string out_;
  std::string cause_;  // of the row before, encoded
};

}  // namespace

std::optional<std::string> erase_from_row(std::string_view row, AccountNumber account,
                                          const std::vector<Named>& addresses,
                                          const FingerprintKey& key) {
  const std::optional<AccountNumber> scope = account_of(row);
  if (!scope) throw StorageFailure("a stored change is damaged");
  if (*scope != account && *scope != platform_number) return std::nullopt;
  return Rewriting(addresses, key).run(row);
}

}  // namespace suppressd
