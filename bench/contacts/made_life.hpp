// A closed data directory with an account of many contacts, many other accounts and a long list of
// suppressions, made through the store's own commits.
//
// Every fifth contact is on the platform's list; of the others a third have a phone, most were sent
// a message on one of 400 days, and some opened it. Everyone has a city; the segment "vip" holds
// every tenth of the first million.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace suppressd::bench {

struct LifeSize {
  uint64_t contacts = 5'000, accounts = 20, suppressions = 20'000, requests = 500;
};

struct LifeMade {
  double suppressions_per_second = 0, contacts_per_second = 0, events_per_second = 0,
         members_per_second = 0;
};

/// Of the number-th contact, counted from 0.
std::string contact_email(uint64_t number, const LifeSize& size);
std::string contact_city(uint64_t number);

/// Throws std::runtime_error when the store does not take something.
LifeMade make_life(const std::filesystem::path& directory, const LifeSize& size);

}  // namespace suppressd::bench
