// Pages of the log of changes, for the feed and the audit.
#include "persistence/change_row.hpp"
#include "persistence/contact_keys.hpp"
#include "persistence/keys.hpp"
#include "persistence/row_walk.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

/// A page as it fills up.
class Filling {
 public:
  Filling(size_t limit, ChangePage& page) : limit_(limit), page_(page) {}

  /// False when the page has no room for the row, or enough was looked at.
  bool takes(size_t octets) {
    const bool full = page_.items.size() == limit_ ||
                      (!page_.items.empty() && octets_ + octets > change_page_bytes_max);
    return !full && examined_++ != change_page_examined_max;
  }
  void add(uint64_t sequence, std::string_view row) {
    octets_ += row.size();
    page_.items.push_back({sequence, std::string(row)});
  }

 private:
  const size_t limit_;
  ChangePage& page_;
  size_t octets_ = 0, examined_ = 0;
};

/// All changes, or those that concern nobody in particular: false when the page ends before the
/// walk does.
bool walk_changes(const Snapshot& snapshot, uint64_t after, uint64_t up_to,
                  std::optional<AccountNumber> account, Filling& filling, ChangePage& page) {
  RowWalk row(snapshot, Family::changes, change_key(after + 1), change_key(up_to + 1));
  for (; row.valid(); row.next()) {
    if (!filling.takes(row.value().size())) return false;
    // Numbers have no gaps but the one that accepting a loss leaves, and then it is told.
    page.after = ByteReader(row.key()).u64();
    const std::optional<AccountNumber> concerned = account_of(row.value());
    if (!concerned) throw StorageFailure("a stored change is damaged");
    if (!account || *concerned == *account) filling.add(page.after, row.value());
  }
  return true;
}

/// Those that concern one account, however many others there are.
bool walk_feed(const Snapshot& snapshot, uint64_t after, uint64_t up_to, AccountNumber account,
               Filling& filling, ChangePage& page) {
  RowWalk row(snapshot, Family::account_changes, account_change_key(account, after + 1),
              account_change_key(account, up_to + 1));
  std::string change;
  for (; row.valid(); row.next()) {
    const uint64_t sequence = ByteReader(row.key().substr(sizeof account)).u64();
    if (!snapshot.database().get(Family::changes, change_key(sequence), change, snapshot.get())) {
      throw StorageFailure("a change of an account is missing");
    }
    if (!filling.takes(change.size())) return false;
    page.after = sequence;
    filling.add(sequence, change);
  }
  return true;
}

}  // namespace

ChangePage Store::changes(uint64_t after, uint64_t up_to, std::optional<AccountNumber> account,
                          size_t limit) const {
  ChangePage page;
  page.after = after;
  if (after >= up_to) return page;
  Filling filling(limit, page);
  const Snapshot snapshot(impl_->database);
  const bool feed = account && *account != platform_number;
  const bool ended = feed ? walk_feed(snapshot, after, up_to, *account, filling, page)
                          : walk_changes(snapshot, after, up_to, account, filling, page);
  if (ended) page.after = up_to;
  return page;
}

}  // namespace suppressd
