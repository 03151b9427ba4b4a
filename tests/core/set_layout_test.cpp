// The bits of slots, places and probe sequences, pinned: an image of the lines depends on them.
#include "core/set_layout.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "core/set_memory.hpp"

namespace suppressd {

TEST_CASE("a fingerprint's high half is cut into shard, range and placement") {
  const Geometry geometry{6, 10};
  const Fingerprint address{0xfedcba9876543210, 0x0123456789abcdef};
  REQUIRE(geometry.shard(address) == 0x3f);               // 111111
  REQUIRE(geometry.place(address) >> 16 == 0x2dc);        // 1011011100
  REQUIRE((geometry.place(address) & 0xffff) == 0xba98);  // the next 16 bits
  const Geometry whole{0, 0};
  REQUIRE(whole.shard(address) == 0);
  REQUIRE(whole.place(address) == 0xfedc);
}

TEST_CASE("a slot is placement 16, tag 40, filter 4, state 4") {
  const Fingerprint address{0xfedcba9876543210, 0x0123456789abcdef};
  const uint64_t place = Geometry{6, 10}.place(address);
  const uint64_t key = platform_key(address, place);
  REQUIRE(key == 0xba98'456789abcd'00);
  REQUIRE((key ^ account_salt(1)) == 0xba98'4528e576d0'00);
  REQUIRE(place_of(place >> 16, key) == place);
  REQUIRE(state_mask == 0x0f);
  REQUIRE(filter_mask == 0xf0);
  REQUIRE(key_mask == 0xffffffffffffff00);
  REQUIRE(account_salt(platform_number) == 0);
  // The low five bits of the placement, 0x18 here: slot 6, and the first of its filter bits.
  REQUIRE(filter_bit(key).slot == 6);
  REQUIRE(filter_bit(key).shift == 4);
}

TEST_CASE("accounts never share a salt") {
  std::set<uint64_t> salts;
  for (AccountNumber account = 0; account < 100000; ++account) salts.insert(account_salt(account));
  for (AccountNumber i = 1; i <= 1000; ++i) salts.insert(account_salt(~AccountNumber{0} - i));
  REQUIRE(salts.size() == 101000);
  for (const uint64_t salt : salts) REQUIRE((salt & ~(tag_mask & ~address_mask)) == 0);
  REQUIRE(address_mask == 0xffffff0000000000);
  REQUIRE(set_layout_version == 2);
}

TEST_CASE("a sequence begins at the home line, stays in its range and depends on the place only") {
  std::vector<Line> lines(8 * 100);
  const Table table{lines.data(), 100};
  for (const uint64_t place : {0x00000ull, 0x0ffffull, 0x30001ull, 0x7abcdull, 0x7ffffull}) {
    Probe probe(table, place);
    REQUIRE(&probe.line() == &table.home(place));
    std::set<const Line*> seen;
    for (uint64_t i = 0; i < Probe::length(table); ++i, probe.next()) {
      const auto index = static_cast<uint64_t>(&probe.line() - lines.data());
      REQUIRE(index / 100 == place >> 16);
      seen.insert(&probe.line());
    }
    REQUIRE(seen.size() > 1);
  }
  // Pinned: home of placement 0xabcd among 100 lines, and the step that it takes.
  Probe probe(table, 0x7abcd);
  REQUIRE(&probe.line() - lines.data() == 700 + 67);
  probe.next();
  REQUIRE(&probe.line() - lines.data() == 700 + 67 + 10);
  REQUIRE(Probe::length({lines.data(), 1}) == 1);
  REQUIRE(Probe::length({lines.data(), 5}) == 5);
  REQUIRE(Probe::length({lines.data(), 500}) == 8);
}

TEST_CASE("memory for lines is rounded up to huge pages where that is cheap") {
  constexpr size_t kib = 1024, mib = 1024 * kib;
  const auto bytes = [](size_t wanted) { return LineMemory(wanted, Table::alignment).bytes(); };
  REQUIRE(bytes(1) == 4 * kib);
  REQUIRE(bytes(mib) == mib);
  REQUIRE(bytes(mib + 512 * kib) == 2 * mib);
  REQUIRE(bytes(2 * mib + 512 * kib) == 2 * mib + 512 * kib);
  for (size_t wanted = 8 * mib; wanted < 20 * mib; wanted += 300 * kib + 1) {
    REQUIRE(bytes(wanted) % huge_page_bytes == 0);
    REQUIRE(bytes(wanted) - wanted < huge_page_bytes);
  }
  const LineMemory memory(8 * mib + 1, Table::alignment);
  REQUIRE(reinterpret_cast<uintptr_t>(memory.data()) % huge_page_bytes == 0);
}

TEST_CASE("a directory word carries the lines and their number") {
  auto* lines = reinterpret_cast<Line*>(uintptr_t{0x7f12} * Table::alignment);
  for (const uint64_t range_lines : {uint64_t{1}, uint64_t{77}, range_lines_max}) {
    const Table table = Table::unpack(Table{lines, range_lines}.pack());
    REQUIRE(table.lines == lines);
    REQUIRE(table.range_lines == range_lines);
  }
}

}  // namespace suppressd
