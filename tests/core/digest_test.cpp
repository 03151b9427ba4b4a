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
  const Digest entry = entry_digest({1, 2}, 3, bounced);
  REQUIRE(entry_digest({1, 2}, 3, SlotState::absent) == Digest{});
  REQUIRE(!(entry == entry_digest({2, 2}, 3, bounced)));
  REQUIRE(!(entry == entry_digest({1, 3}, 3, bounced)));
  REQUIRE(!(entry == entry_digest({1, 2}, 4, bounced)));
  REQUIRE(!(entry == entry_digest({1, 2}, 3, SlotState::exempt)));
  REQUIRE(!(entry == entry_digest({2, 1}, 3, bounced)));
}

TEST_CASE("an entry's digest is frozen") {
  REQUIRE(entry_digest({0, 0}, 0, bounced) == Digest{0x3c58b3ceb310cce7, 0x06fea370e162ce7b});
  REQUIRE(entry_digest({0x0123456789abcdef, 0xfedcba9876543210}, 7, SlotState::exempt) ==
          Digest{0x6ded2619b82bb74e, 0x7f84fcd388fa492c});
  REQUIRE(entry_digest({1, 0}, 0xffffffff, slot_state(Reason::unsubscribe)) ==
          Digest{0x67fc90dfe7a55971, 0xa62553b30f3662e5});
}

}  // namespace suppressd
