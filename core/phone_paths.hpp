// The two ways a phone number is normalized; address.hpp holds the rules. The plain functions know
// digits and common separators, and give up on anything that libphonenumber might read as other
// than they do. `careful_phone` reads everything through libphonenumber and names the error.
// Where the first succeeds, the second gives the same text (tests compare them).
#pragma once

#include <string>
#include <string_view>

#include "core/address.hpp"

namespace suppressd {

inline constexpr size_t phone_digits_min =
    7;  // of the fast path; shorter ones are looked at closely
inline constexpr size_t phone_digits_max = 15;  // E.164, 6.2.1

/// Takes off white space and one tel: (any case).
std::string_view unwrap_phone(std::string_view raw);

/// On success `canonical` is a view into `raw` when that is canonical already, else into `scratch`
/// (at least phone_digits_max + 1 bytes). False says nothing about the number.
bool plain_phone(std::string_view raw, char* scratch, std::string_view& canonical);

/// Whether a '+' and digits, nothing else, are a canonical phone number as they stand. False says
/// nothing about the number. Precondition: `text` is that.
bool is_plain_e164(std::string_view text);

/// plain_phone() for national input, with or without its country code, in regions whose dialing plan is
/// simple. Shorter numbers than phone_digits_min may be short codes and are left alone.
bool plain_national_phone(std::string_view raw, Region region, char* scratch,
                          std::string_view& canonical);

/// Thread-safe, but libphonenumber takes a lock that the whole process shares.
[[nodiscard]] AddressError careful_phone(std::string_view raw, Region default_region,
                                         std::string& canonical);

}  // namespace suppressd
