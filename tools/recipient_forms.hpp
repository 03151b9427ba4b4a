// How a recipient is written: the forms of local parts, domains and phone numbers, and what people
// make of them. Each function appends to `out`; `noise` are random bits that decide how it looks.
#pragma once

#include <cstdint>
#include <string>

#include "tools/recipient_words.hpp"

namespace suppressd {

/// The finalizer of SplitMix64: a good mixer in three multiplications.
constexpr uint64_t mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// Every form can be read back to first name, last name and number, so different ids never meet.
void append_local_part(uint64_t id, uint64_t noise, std::string& out);
/// A provider by its share, else a company's.
void append_domain(uint64_t noise, std::string& out);

struct PhoneNumber {
  const words::PhoneCountry* country;
  std::string_view prefix;
  uint64_t subscriber;
};
/// Different ids give different numbers. `only_country`: an index into words::phone_countries, or
/// -1 for countries by their share.
PhoneNumber phone_of(uint64_t id, int only_country);
/// How many numbers the country has.
uint64_t phones_of(const words::PhoneCountry& country);
void append_international(const PhoneNumber& phone, std::string& out);
/// With the separators people use; `national`: as it is written at home.
void append_spaced(const PhoneNumber& phone, bool national, uint64_t noise, std::string& out);

/// Disturbs the address that starts at `begin` without changing its canonical form.
void make_messy_email(size_t begin, uint64_t noise, std::string& out);
void append_invalid_email(uint64_t id, uint64_t noise, std::string& out);
void append_invalid_phone(uint64_t id, uint64_t noise, std::string& out);

}  // namespace suppressd
