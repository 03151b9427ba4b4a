#include "core/address.hpp"

#include "core/email_paths.hpp"
#include "core/phone_paths.hpp"

namespace suppressd {

std::string_view error_name(AddressError error) {
  constexpr std::array<std::string_view, 20> names = {"none",
                                                      "empty",
                                                      "too_long",
                                                      "not_utf8",
                                                      "control_character",
                                                      "no_at_sign",
                                                      "empty_local_part",
                                                      "local_part_too_long",
                                                      "bad_local_part",
                                                      "empty_domain",
                                                      "domain_too_long",
                                                      "bad_domain",
                                                      "not_a_number",
                                                      "no_region",
                                                      "unknown_region",
                                                      "too_short",
                                                      "too_many_digits",
                                                      "bad_country_code",
                                                      "extension",
                                                      "short_code"};
  static_assert(names.size() == static_cast<size_t>(AddressError::short_code) + 1);
  return names[static_cast<size_t>(error)];
}

struct Normalizer::Slow {
  CarefulEmail email;
  std::string phone;
};

Normalizer::Normalizer() = default;
Normalizer::~Normalizer() = default;

Normalizer::Slow& Normalizer::slow() {
  if (!slow_) slow_ = std::make_unique<Slow>();
  return *slow_;
}

AddressError Normalizer::email(std::string_view raw, CanonicalAddress& out) {
  std::string_view text;
  if (!plain_email(raw, scratch_.data(), text)) {
    const AddressError error = slow().email.normalize(raw, text);
    if (error != AddressError::none) return error;
  }
  out = CanonicalAddress(Channel::email, text);
  return AddressError::none;
}

AddressError Normalizer::phone(std::string_view raw, Region default_region, CanonicalAddress& out) {
  std::string_view text;
  if (!plain_phone(raw, scratch_.data(), text) &&
      !plain_national_phone(raw, default_region, scratch_.data(), text)) {
    std::string& phone = slow().phone;
    const AddressError error = careful_phone(raw, default_region, phone);
    if (error != AddressError::none) return error;
    text = phone;
  }
  out = CanonicalAddress(Channel::phone, text);
  return AddressError::none;
}

AddressError Normalizer::address(std::string_view raw, std::optional<Channel> channel,
                                 Region default_region, CanonicalAddress& out) {
  if (channel)
    return *channel == Channel::email ? email(raw, out) : phone(raw, default_region, out);
  if (raw.size() > raw_address_octets_max) return AddressError::too_long;
  // What the fast path takes for an email holds an '@', so nearly no row is searched for one first.
  std::string_view text;
  if (!raw.starts_with('+') && plain_email(raw, scratch_.data(), text)) {
    out = CanonicalAddress(Channel::email, text);
    return AddressError::none;
  }
  const bool is_email = raw.find('@') != std::string_view::npos;
  return is_email ? email(raw, out) : phone(raw, default_region, out);
}

}  // namespace suppressd
