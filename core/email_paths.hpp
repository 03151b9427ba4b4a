// The two ways an email address is normalized; address.hpp holds the rules. `plain_email` knows
// only the plain ASCII address that nearly every row is, and gives up on anything else: it never
// judges an address to be invalid. `CarefulEmail` reads everything, asks ICU, and names the error.
// Where the first succeeds, the second gives the same text (tests compare them).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/address.hpp"

namespace suppressd {

/// The longest address, unwrapped, that the fast path takes: its marks fit one 64-bit word.
inline constexpr size_t plain_email_octets_max = 64;

/// Takes off white space, then one <...>, then one mailto: (any case), with white space inside
/// each.
std::string_view unwrap_email(std::string_view raw);

/// On success `canonical` is a view into `raw` when that is canonical already, else into `scratch`
/// (at least plain_email_octets_max octets). False says nothing about the address.
bool plain_email(std::string_view raw, char* scratch, std::string_view& canonical);

/// [1.2.3.4] or [ipv6:...] in lower case, as RFC 5321 section 4.1.3 has them.
bool is_address_literal(std::string_view lower_case);

/// One thread's; opens its ICU handles when it is made, and keeps its answer until the next call.
class CarefulEmail {
 public:
  CarefulEmail();
  ~CarefulEmail();
  CarefulEmail(const CarefulEmail&) = delete;
  CarefulEmail& operator=(const CarefulEmail&) = delete;

  [[nodiscard]] AddressError normalize(std::string_view raw, std::string_view& canonical);

 private:
  struct Icu;
  AddressError local_part(std::string_view raw);
  AddressError domain(std::string_view raw);
  bool fold_local();

  std::unique_ptr<Icu> icu_;
  std::string local_;
  std::string domain_;
  std::string address_;
};

}  // namespace suppressd
