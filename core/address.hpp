// From an address as somebody wrote it to the one canonical form that is hashed, stored, compared.
//
// Email: trim white space, strip one <...> and one mailto:, split at the last unquoted @, unquote a
// local part that is a legal dot-atom (else keep the quotes and the fewest escapes), NFC, lower
// case (root locale), domain through UTS-46 non-transitional to A-labels (ICU), one trailing dot
// dropped, address literals checked and kept in lower case, octet limits 64/255/254. Plain ASCII
// takes a fast path that never enters ICU. Gmail dots and plus-tags are significant. Refused:
// display names, comments, a domain without a dot (no sender reaches one), hyphens third and fourth
// in a label that is no A-label (UTS-46), characters inside a local part that show nothing.
//
// Phone: E.164. Input with a '+', common separators and a possible length takes a fast path, and so
// does national input in regions of a simple dialing plan; libphonenumber reads the rest. Its
// "possible" is the gate, not its "valid": metadata ages. Behind a '+' the default region means
// nothing. Refused: numbers complete only within their own area, extensions, short codes.
//
// Invariants
//  1. Idempotent: the canonical form of a canonical address is itself.
//  2. The fast path and the slow path agree wherever both apply (tests compare them).
//  3. A canonical email holds exactly one unquoted '@'; a canonical phone is '+' and digits. So the
//     two channels never share a text.
// Thread safety: a Normalizer is one thread's; it holds scratch space and allocates nothing on the
// fast paths. No function here throws on bad input.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/types.hpp"

namespace suppressd {

/// Raised whenever the rules above, ICU's data or the phone metadata change what an address
/// normalizes to; the store re-keys itself at start when its recorded version differs.
inline constexpr uint32_t normalizer_version = 1;

inline constexpr size_t email_local_octets_max = 64;    // RFC 5321, 4.5.3.1.1
inline constexpr size_t email_domain_octets_max = 255;  // RFC 5321, 4.5.3.1.2
inline constexpr size_t email_octets_max =
    254;  // RFC 5321 path limit less <>, RFC 3696 erratum 1690
/// Longer raw input is refused unread. Quoting, display brackets and white space fit easily.
inline constexpr size_t raw_address_octets_max = 1024;

/// Each way of being invalid. The wire name of each is its name here (error_name).
enum class AddressError : uint8_t {
  none = 0,
  empty,     // nothing but white space
  too_long,  // raw input over raw_address_octets_max, or the address over email_octets_max
  not_utf8,
  control_character,  // NUL and other controls, anywhere inside
  no_at_sign,
  empty_local_part,
  local_part_too_long,
  bad_local_part,  // spaces, unbalanced quotes, misplaced dots, characters outside atext
  empty_domain,
  domain_too_long,
  bad_domain,        // UTS-46 refused it, an empty or over-long label, a bad address literal
  not_a_number,      // phone: characters that no phone number holds
  no_region,         // phone: national format, and no default region was given
  unknown_region,    // phone: the default region is not one that the metadata knows
  too_short,         // phone: fewer digits than any number of that region
  too_many_digits,   // phone
  bad_country_code,  // phone
  extension,         // phone: an extension cannot be suppressed on its own
  short_code,        // phone: a short code is not a subscriber's number
};
std::string_view error_name(AddressError error);

/// An ISO 3166 region such as "UA"; empty when none is known. Fixed size, so that it copies freely.
struct Region {
  std::array<char, 2> letters{};
  bool empty() const { return letters[0] == '\0'; }
  std::string_view text() const { return empty() ? "" : std::string_view(letters.data(), 2); }
  bool operator==(const Region&) const = default;
};
/// Accepts two ASCII letters of any case that the phone metadata knows; nullopt otherwise.
std::optional<Region> parse_region(std::string_view text);

/// A normalized address. Only a Normalizer makes one from raw text. The text is a view into the
/// Normalizer's scratch space or into the raw input: it lives until the Normalizer's next call, and
/// no longer than the raw input.
class CanonicalAddress {
 public:
  CanonicalAddress() = default;
  Channel channel() const { return channel_; }
  std::string_view text() const { return text_; }
  /// For text that was canonical when it was stored (the store's keys).
  static CanonicalAddress from_stored(Channel channel, std::string_view text) {
    return CanonicalAddress(channel, text);
  }

 private:
  friend class Normalizer;
  CanonicalAddress(Channel channel, std::string_view text) : channel_(channel), text_(text) {}
  Channel channel_ = Channel::email;
  std::string_view text_;
};

class Normalizer {
 public:
  Normalizer();
  ~Normalizer();
  Normalizer(const Normalizer&) = delete;
  Normalizer& operator=(const Normalizer&) = delete;

  /// `out` is set only when the result is AddressError::none.
  [[nodiscard]] AddressError email(std::string_view raw, CanonicalAddress& out);
  [[nodiscard]] AddressError phone(std::string_view raw, Region default_region,
                                   CanonicalAddress& out);
  /// `channel` fixes the kind; without it an '@' anywhere in the text decides for email.
  [[nodiscard]] AddressError address(std::string_view raw, std::optional<Channel> channel,
                                     Region default_region, CanonicalAddress& out);

 private:
  struct Slow;  // ICU and libphonenumber state, made on first use
  Slow& slow();

  std::array<char, raw_address_octets_max + 64> scratch_;
  std::unique_ptr<Slow> slow_;
};

}  // namespace suppressd
