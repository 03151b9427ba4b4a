// What a receiving server's answer says of the recipient's address. The rules are data, in one file
// with a version (bounce_rules.tsv): codes of RFC 3463 and RFC 5321, then texts of large mailbox
// providers. What is the sender's or the message's fault never speaks against the address; what no
// rule knows is soft. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "persistence/contact.hpp"

namespace suppressd {

enum class BounceClass : uint8_t {
  hard,            // the address does not exist or is dead
  hard_confirmed,  // so it seems: hard when it is said again later, soft until then
  soft,            // it may work later
  blocked,         // content, policy, or the sender: not the recipient's fault
};
std::string_view name_of(BounceClass what);

/// As far as each is known; empty: it is not.
struct BounceReply {
  std::string_view code;      // of SMTP: "550"
  std::string_view enhanced;  // of RFC 3463: "5.1.1"; found in the text when it is not given
  std::string_view text;      // the reply as a whole, any case
};

/// One line of the rules.
struct BounceRule {
  std::string_view id;  // "5.1.1", "gmail-no-such-user"
  BounceClass what = BounceClass::soft;
  std::string_view explanation;
};

struct BounceVerdict {
  BounceClass what = BounceClass::soft;
  /// The rule that decided; never null: when none fits, it is the one that says unsure.
  const BounceRule* rule = nullptr;
};

BounceVerdict classify_bounce(const BounceReply& reply);
/// Of the file; answers name it.
uint32_t bounce_rules_version();

}  // namespace suppressd
