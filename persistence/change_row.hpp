// A row of `changes` taken apart: who did what when, and what the store said of each address
// afterwards. Replaying an image and following the change feed read the log through this.
//
//   ChangeRow row(bytes);
//   for (ChangedAddress changed; row.next(changed);) …
//   if (!row.whole()) …        what came before is not to be believed either
//
// Nothing is trusted: a row that is cut, has octets too many, numbers outside their range or a kind
// that this version does not know is not whole(). Texts are views into the row's bytes.
// Thread safety: values; none shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"

namespace suppressd {

/// What one change did to one address.
struct ChangedAddress {
  struct Exempted {
    TimeMs at = 0;
    std::string_view by, note;
  };

  AccountNumber scope = platform_number;
  Channel channel = Channel::email;
  std::string_view address;  // canonical; empty when erased
  bool erased = false;       // then only its fingerprint is known, and of words nothing
  Fingerprint fingerprint;   // of an erased one
  std::string_view given;    // of add_suppressions; empty when equal to address
  Region region;             // of add_suppressions
  /// What the scope said of the address after this change, whatever it said before: putting the
  /// states of all changes in order ends with the state of now, from wherever it began.
  SlotState after = SlotState::absent;
  CauseView cause;                   // of add_suppressions: the cause that was added
  std::optional<Exempted> exempted;  // of set_exemption, unless it lifted one
};

class ChangeRow {
 public:
  explicit ChangeRow(std::string_view bytes);

  // Meaningful while whole() may still become true.
  ChangeKind kind() const { return kind_; }
  TimeMs at() const { return at_; }
  std::string_view by() const { return by_; }
  /// The body of a kind that changes no address: the account, the key, the numbers (codec.cpp).
  std::string_view body() const { return body_; }

  /// The next address that the change touched. False at the end, and when the row is damaged.
  bool next(ChangedAddress& into);
  /// After next() was false: whether the row was well-formed to its last octet.
  bool whole() const { return from_.finished(); }

 private:
  bool next_added(ChangedAddress& into);
  void read_address(uint8_t bits, ChangedAddress& into);
  bool next_single(ChangedAddress& into);

  ByteReader from_;
  ChangeKind kind_{};
  TimeMs at_ = 0;
  std::string_view by_, body_;
  AccountNumber scope_ = platform_number;
  std::optional<CauseView> cause_;  // of the row before
};

/// The account that a change concerns; platform_number for what concerns all or none. nullopt when
/// the row is damaged. Reads only as far as it must.
std::optional<AccountNumber> account_of(std::string_view row);

}  // namespace suppressd
