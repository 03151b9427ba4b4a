// What every codec of stored records owes: a record that is cut or has octets too many is none, and
// whatever altered octets are read as is written as the very same octets. So nothing is read that
// no writer wrote, and a digest or a comparison of bytes is one of records.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "store_harness.hpp"

namespace suppressd {

/// Decodes and encodes again; nullopt when the bytes are no record.
using Rewritten = std::function<std::optional<std::string>(std::string_view)>;

inline void require_frozen(const std::string& bytes, const Rewritten& rewritten) {
  REQUIRE(rewritten(bytes) == bytes);
  for (size_t length = 0; length < bytes.size(); ++length) {
    INFO("cut to " << length);
    REQUIRE_FALSE(rewritten(std::string_view(bytes).substr(0, length)));
  }
  REQUIRE_FALSE(rewritten(bytes + '\0'));
}

inline void require_survives_damage(const std::string& bytes, const Rewritten& rewritten,
                                    std::mt19937_64& random) {
  size_t refused = 0;
  for (size_t round = 0; round < 10'000 * test_size(); ++round) {
    std::string altered = bytes;
    for (uint64_t left = 1 + random() % 3; left != 0; --left) {
      const size_t at = random() % altered.size();
      switch (random() % 4) {
        case 0:
          altered.erase(at, 1 + random() % 3);
          break;
        case 1:
          altered.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          altered[at] = static_cast<char>(random());
      }
      if (altered.empty()) altered = "\x01";
    }
    const std::optional<std::string> again = rewritten(altered);
    refused += !again;
    if (again) REQUIRE(*again == altered);
  }
  REQUIRE(refused > 0);
}

}  // namespace suppressd
