// Counts as they are stored, and the proof of them: what the records add up to.
#include <unordered_map>

#include "persistence/contact_codec.hpp"
#include "persistence/contact_index.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/cursor.hpp"
#include "persistence/row_walk.hpp"

namespace suppressd {
namespace {

constexpr uint64_t contacts_a_report = 10'000;
constexpr size_t count_key_head = sizeof(AccountNumber) + 2;  // account, channel, what

uint64_t read_count(std::string_view value) {
  ByteReader from(value);
  const uint64_t count = from.u64();
  if (!from.finished()) throw StorageFailure("a stored count is damaged");
  return count;
}

std::string account_prefix(AccountNumber account) {
  std::string prefix;
  append_account(account, prefix);
  return prefix;
}

CountOf kind_of(std::string_view key) {
  if (key.size() < count_key_head) throw StorageFailure("a stored count is damaged");
  return static_cast<CountOf>(key[count_key_head - 1]);
}

/// What lies among the counts and counts nothing.
bool is_number(CountOf what) {
  return what == CountOf::segment_name || what == CountOf::last_number;
}

bool is_proven(CountOf what) {
  return !is_number(what) && what != CountOf::segments;
}

/// A type of its own, as ContactTable::Difference says.
struct Sum {
  uint64_t value = 0;
};
using Sums = std::unordered_map<std::string, Sum>;

/// False when the caller wants no more.
bool add_up(const Snapshot& snapshot, AccountNumber account,
            const std::function<bool(uint64_t)>& progress, Sums& sums) {
  const std::string prefix = account_prefix(account);
  uint64_t contacts = 0;
  for (RowWalk row(snapshot, Family::contacts, prefix, successor(prefix), RowWalk::Extent::whole);
       row.valid(); row.next()) {
    Contact contact;
    if (!decode(row.value(), contact)) throw StorageFailure("a stored contact is damaged");
    for (std::string& key : count_keys(account, contact)) ++sums[std::move(key)].value;
    if (++contacts % contacts_a_report == 0 && !progress(contacts)) return false;
  }
  return progress(contacts);
}

}  // namespace

uint64_t ContactReader::count_of(AccountNumber account, uint8_t channel, CountOf what,
                                 std::string_view value) const {
  std::string bytes;
  const std::string key = count_key(account, channel, what, value);
  return context_.database.get(Family::counts, key, bytes) ? read_count(bytes) : 0;
}

std::vector<CountRow> ContactReader::counts(AccountNumber account, Channel channel, CountOf what,
                                            std::string_view after, size_t most) const {
  const std::string prefix = count_key(account, channel, what, {});
  const std::string from = prefix + std::string(after);
  const Snapshot snapshot(context_.database);
  std::vector<CountRow> rows;
  for (RowWalk row(snapshot, Family::counts, from, successor(prefix));
       row.valid() && rows.size() < most; row.next()) {
    const std::string_view value = row.key().substr(prefix.size());
    if (!after.empty() && value == after) continue;
    rows.push_back({std::string(value), read_count(row.value())});
  }
  return rows;
}

CountLists ContactReader::count_lists(AccountNumber account,
                                      const std::vector<CountKind>& kinds) const {
  const Snapshot snapshot(context_.database);
  CountLists lists;
  lists.sequence = snapshot.sequence();
  for (const CountKind& kind : kinds) {
    const std::string prefix = count_key(account, kind.channel, kind.what);
    std::vector<CountRow>& rows = lists.kinds.emplace_back();
    for (RowWalk row(snapshot, Family::counts, prefix, successor(prefix));
         row.valid() && rows.size() < kind.most; row.next()) {
      rows.push_back({std::string(row.key().substr(prefix.size())), read_count(row.value())});
    }
  }
  return lists;
}

CountPage ContactReader::count_page(AccountNumber account, const CountKind& kind,
                                    std::string_view cursor) const {
  const std::string prefix = count_key(account, kind.channel, kind.what);
  const std::string list = "counts" + prefix;
  std::string place;
  if (!cursor.empty()) place = parse_cursor(list, cursor, context_.secret);
  const Snapshot snapshot(context_.database);
  CountPage page;
  page.sequence = snapshot.sequence();
  RowWalk row(snapshot, Family::counts, prefix + place, successor(prefix));
  if (!place.empty() && row.valid() && row.key().substr(prefix.size()) == place) row.next();
  for (; row.valid() && page.items.size() < std::max<size_t>(kind.most, 1); row.next()) {
    place = row.key().substr(prefix.size());
    page.items.push_back({place, read_count(row.value())});
  }
  if (row.valid()) page.next = make_cursor(list, place, context_.secret);
  return page;
}

std::map<std::string, uint64_t> ContactReader::all_counts(AccountNumber account,
                                                          uint64_t& sequence) const {
  const std::string prefix = account_prefix(account);
  const Snapshot snapshot(context_.database);
  sequence = snapshot.sequence();
  std::map<std::string, uint64_t> counts;
  for (RowWalk row(snapshot, Family::counts, prefix, successor(prefix)); row.valid(); row.next()) {
    if (is_number(kind_of(row.key()))) continue;
    counts.emplace_hint(counts.end(), row.key().substr(prefix.size()), read_count(row.value()));
  }
  return counts;
}

std::vector<CountDifference> ContactReader::recount(
    AccountNumber account, const std::function<bool(uint64_t)>& progress) const {
  const Snapshot snapshot(context_.database);
  Sums sums;
  if (!add_up(snapshot, account, progress, sums)) return {};
  const std::string prefix = account_prefix(account);
  std::map<std::string, CountDifference> differences;
  for (RowWalk row(snapshot, Family::counts, prefix, successor(prefix)); row.valid(); row.next()) {
    if (!is_proven(kind_of(row.key()))) continue;
    std::string key(row.key());
    const auto sum = sums.find(key);
    const uint64_t stored = read_count(row.value());
    const uint64_t counted = sum != sums.end() ? sum->second.value : 0;
    if (sum != sums.end()) sums.erase(sum);
    if (stored != counted) differences[key] = {key, stored, counted};
  }
  for (const auto& [key, sum] : sums) differences[key] = {key, 0, sum.value};
  std::vector<CountDifference> sorted;
  sorted.reserve(differences.size());
  for (auto& [key, difference] : differences) sorted.push_back(std::move(difference));
  return sorted;
}

}  // namespace suppressd
