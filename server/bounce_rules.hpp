// What a receiving server's answer says of the recipient's address. The rules are data, in one file
// with a version (bounce_rules.tsv): codes of RFC 3463 and RFC 5321, and texts of large mailbox
// providers, read from the top: the first that fits decides. What is the sender's or the message's
// fault never speaks against the address; what no rule knows is soft. While a reply says that the
// failure is temporary, neither a text nor a hard code speaks against it. Thread safety: pure
// functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
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
  std::string_view code;      // of SMTP: "550"; found at the text's start when it is not given
  std::string_view enhanced;  // of RFC 3463: "5.1.1"; found in the text when it is not given
  std::string_view text;      // the reply as a whole, any case
};
/// Of a text, the rules look at its start.
inline constexpr size_t bounce_text_octets_max = 4'096;

bool valid_reply_code(std::string_view code);     // 200 to 599
bool valid_enhanced_code(std::string_view code);  // 2, 4 or 5, and two numbers of up to 3 digits

/// The reply with the codes that stand in its text.
BounceReply read_reply(const BounceReply& reply);

/// One line of the rules.
struct BounceRule {
  enum class Kind : uint8_t { text, code, reply, any };
  std::string_view id;  // "5.1.1", "gmail-no-such-user"
  Kind kind = Kind::any;
  std::string_view pattern;
  BounceClass what = BounceClass::soft;
  std::string_view explanation;
  std::string_view example;  // a reply that exactly this rule decides
};

struct BounceVerdict {
  BounceClass what = BounceClass::soft;
  /// The rule that decided; never null: when none fits, it is the one that says unsure.
  const BounceRule* rule = nullptr;
};

BounceVerdict classify_bounce(const BounceReply& reply);
/// In the file's order.
std::span<const BounceRule> bounce_rules();
/// Of the file; answers name it.
uint32_t bounce_rules_version();

}  // namespace suppressd
