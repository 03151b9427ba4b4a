#include "bench/addresses.hpp"

#include <random>

#include "bench/measure.hpp"

namespace suppressd::bench {

std::string address_of(uint64_t number) {
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.net",
                                            "company.example"};
  static constexpr const char* names[] = {"maria.", "john_", "olena.k.", "sales-"};
  const uint64_t mixed = fingerprint_of(number).high;
  return names[mixed % 4] + std::to_string(number) + "." + std::to_string(mixed >> 44) + "@" +
         domains[mixed >> 8 & 3];
}

std::vector<std::string> asked_addresses(size_t count, uint64_t members, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> addresses;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t number = random() % members;
    addresses.push_back(address_of(random() % 10 == 0 ? number : members + number));
  }
  return addresses;
}

}  // namespace suppressd::bench
