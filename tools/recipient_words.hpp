// The words that generated recipients are made of: names, mail providers with their shares, pieces
// of company domains, phone countries. Tables only; what they must obey is said and tested where
// they are used (tools/recipients.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace suppressd::words {

extern const std::span<const std::string_view> first_names;  // two letters or more
extern const std::span<const std::string_view> last_names;   // none of them is a first name

/// A mail provider and its share of all email addresses, in 1/1024.
struct Provider {
  std::string_view domain;
  uint32_t weight;
};
extern const std::span<const Provider> providers;

/// Company domains are <head><tail>.<top>, with a '-' between now and then.
extern const std::span<const std::string_view> company_heads;
extern const std::span<const std::string_view> company_tails;
extern const std::span<const std::string_view> company_tops;

/// An international domain as people write it and as it is registered (its A-labels).
struct InternationalDomain {
  std::string_view written;
  std::string_view registered;
};
extern const std::span<const InternationalDomain> international_domains;

/// Mobile numbers of a country: calling code, one of the prefixes, then `digits` digits.
struct PhoneCountry {
  std::string_view region;
  std::string_view code;
  std::string_view trunk;  // what stands before the prefix in national format
  std::span<const std::string_view> prefixes;
  uint32_t digits;
  uint32_t first;  // the smallest subscriber number (2,000,000 where it may not start with 0 or 1)
  uint32_t slots;  // share of all phones, in 1/64
};
extern const std::span<const PhoneCountry> phone_countries;

}  // namespace suppressd::words
