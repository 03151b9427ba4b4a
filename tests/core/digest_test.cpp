#include "core/digest.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "tests/core/random_input.hpp"

namespace suppressd {
namespace {

constexpr SlotState bounced = slot_state(Reason::hard_bounce);

}  // namespace

TEST_CASE("a digest is the same in any order, and taking away undoes adding") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  std::vector<Digest> entries(1000);
  for (Digest& entry : entries) entry = {input.engine(), input.engine()};
  Digest forward, backward;
  for (const Digest& entry : entries) forward += entry;
  std::reverse(entries.begin(), entries.end());
  for (const Digest& entry : entries) backward += entry;
  REQUIRE(forward == backward);
  for (const Digest& entry : entries) forward -= entry;
  REQUIRE(forward == Digest{});
}

TEST_CASE("a digest carries and borrows between its halves") {
  Digest digest{0, ~uint64_t{0}};
  digest += Digest{0, 1};
  REQUIRE(digest == Digest{1, 0});
  digest -= Digest{0, 1};
  REQUIRE(digest == Digest{0, ~uint64_t{0}});
  digest -= Digest{1, 0};
  REQUIRE(digest == Digest{~uint64_t{0}, ~uint64_t{0}});
  digest += Digest{0, 1};
  REQUIRE(digest == Digest{});
}

TEST_CASE("address, account and state each change an entry's digest; an absent one has none") {
  // What the set keeps of an address: the upper half of `high`, bits 8 to 47 of `low`.
  const Fingerprint address{0x0000000100000000, 0x200};
  const Digest entry = entry_digest(address, 3, bounced);
  REQUIRE(entry_digest(address, 3, SlotState::absent) == Digest{});
  REQUIRE(!(entry == entry_digest(address, 4, bounced)));
  REQUIRE(!(entry == entry_digest(address, 3, SlotState::exempt)));
  for (unsigned bit = 0; bit < 64; ++bit) {
    const uint64_t flipped = uint64_t{1} << bit;
    const Digest other_high = entry_digest({address.high ^ flipped, address.low}, 3, bounced);
    REQUIRE((other_high == entry) == (bit < 32));
    const Digest other_low = entry_digest({address.high, address.low ^ flipped}, 3, bounced);
    REQUIRE((other_low == entry) == (bit < 8 || bit >= 48));
  }
}

TEST_CASE("an entry's digest can be told from its slot and the place of its line") {
  const Fingerprint address{0xfedcba9876543210, 0x0123456789abcdef};
  const uint64_t slot = 0xba98'4528e576d0'00 | 0xa0 | 5;  // account 1, filter bits, hard bounce
  REQUIRE(slot_digest(0xfedc, slot) == slot_digest(0xfedc, slot & ~uint64_t{0xf0}));
  REQUIRE(slot_digest(0xfedc, slot) == entry_digest(address, 1, bounced));
  REQUIRE(slot_digest(0xfedc, slot & ~uint64_t{0x0f}) == Digest{});
}

TEST_CASE("an entry's digest is frozen, and so is that of version 1") {
  REQUIRE(digest_version == 2);
  REQUIRE(entry_digest({0, 0}, 0, bounced) == Digest{0x1e5e8d764ae4ead1, 0x9722afbf89b6bae5});
  REQUIRE(entry_digest({0x0123456789abcdef, 0xfedcba9876543210}, 7, SlotState::exempt) ==
          Digest{0x8776836af2ad9346, 0x836a80563891856d});
  REQUIRE(entry_digest({1ull << 32, 0}, 0xffffffff, slot_state(Reason::unsubscribe)) ==
          Digest{0xe6b588c55d0334dd, 0x2461e51ee269cc86});
  REQUIRE(entry_digest_of_version_1({0, 0}, 0, bounced) ==
          Digest{0x3c58b3ceb310cce7, 0x06fea370e162ce7b});
  REQUIRE(
      entry_digest_of_version_1({0x0123456789abcdef, 0xfedcba9876543210}, 7, SlotState::exempt) ==
      Digest{0x6ded2619b82bb74e, 0x7f84fcd388fa492c});
}

}  // namespace suppressd
