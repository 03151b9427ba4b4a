// Sorting by key: the first 15 octets of the address stand beside the row's number, which spares
// most comparisons a walk through memory.
#include <algorithm>
#include <cstring>

#include "persistence/prepared_run.hpp"

namespace suppressd {
namespace {

struct Item {
  uint64_t high;  // channel and 7 octets
  uint64_t low;   // 8 octets
  uint32_t row;
};

uint64_t big_endian(const char* octets) {
  uint64_t value;
  std::memcpy(&value, octets, sizeof value);
  return __builtin_bswap64(value);
}

std::vector<Item> items_of(const BulkRun& run) {
  std::vector<Item> items;
  items.reserve(run.rows().size());
  char head[2 * sizeof(uint64_t)];
  for (const BulkRun::Row& row : run.rows()) {
    const std::string_view address = run.address(row);
    std::memset(head, 0, sizeof head);
    head[0] = static_cast<char>(run.channel(row));
    std::memcpy(head + 1, address.data(), std::min(address.size(), sizeof head - 1));
    items.push_back(
        {big_endian(head), big_endian(head + 8), static_cast<uint32_t>(&row - run.rows().data())});
  }
  return items;
}

class ByKey {
 public:
  explicit ByKey(const BulkRun& run) : run_(run) {}
  bool operator()(const Item& a, const Item& b) const {
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    const int order = address(a).compare(address(b));
    return order != 0 ? order < 0 : a.row < b.row;
  }
  bool same(const Item& a, const Item& b) const {
    return a.high == b.high && a.low == b.low && address(a) == address(b);
  }

 private:
  std::string_view address(const Item& item) const { return run_.address(run_.rows()[item.row]); }
  const BulkRun& run_;
};

/// Rows of one address, in the order they came. True when one of them is all they say.
bool first_says_all(const std::vector<BulkRun::Row>& rows, const Item* begin, const Item* end) {
  return std::all_of(
      begin, end, [&](const Item& item) { return rows[item.row].cause == rows[begin->row].cause; });
}

}  // namespace

std::vector<uint32_t> sort_run(BulkRun& run, std::vector<uint32_t>& entangled) {
  using Fate = BulkRun::Fate;
  std::vector<BulkRun::Row>& rows = run.rows();
  std::vector<Item> items = items_of(run);
  const ByKey by_key(run);
  std::sort(items.begin(), items.end(), by_key);
  std::vector<uint32_t> alone;
  alone.reserve(items.size());
  const Item* const end = items.data() + items.size();
  for (const Item* at = items.data(); at != end;) {
    const Item* next = at + 1;
    while (next != end && by_key.same(*at, *next)) ++next;
    const bool one = next == at + 1 || first_says_all(rows, at, next);
    // Rows are born alone: those that are need not be touched here.
    for (const Item* item = one ? at + 1 : at; item != next; ++item) {
      rows[item->row].fate = one ? Fate::repeated : Fate::entangled;
      if (!one) entangled.push_back(item->row);
    }
    if (one) alone.push_back(at->row);
    at = next;
  }
  std::sort(entangled.begin(), entangled.end());
  return alone;
}

}  // namespace suppressd
