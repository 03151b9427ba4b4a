// Pages, scans and counts of what a filter finds.
#include <algorithm>

#include "persistence/contact_reader.hpp"
#include "persistence/contact_walk.hpp"
#include "persistence/cursor.hpp"

namespace suppressd {
namespace {

// A page's work is bounded even when its filter lets nothing through.
constexpr size_t page_rows_examined_max = 20'000;
constexpr size_t page_batch_rows_max = 1'000;
// A scan's batches double: a short scan reads little, a long one finds many records in each block
// that it reads.
constexpr size_t scan_batch_rows_min = 1'000, scan_batch_rows_max = 256'000;
constexpr size_t scan_batch_octets_max = 64 << 20;  // of records; exceeded by one batch at most

/// What makes a list this one: cursors are bound to it.
std::string list_of(AccountNumber account, const ContactFilter& filter, ContactSort sort) {
  std::string list = "contacts";
  ByteWriter to(list);
  to.u32(account);
  to.u8(static_cast<uint8_t>(sort));
  to.u8(static_cast<uint8_t>(filter.channel));
  to.u8(filter.state ? static_cast<uint8_t>(*filter.state) : uint8_t{0});
  to.u8(filter.reason ? static_cast<uint8_t>(*filter.reason) : uint8_t{255});
  to.u8(filter.scope ? static_cast<uint8_t>(*filter.scope) : uint8_t{255});
  to.u8(filter.cause_day ? 1 : 0);
  to.u32(filter.cause_day.value_or(0));
  to.u8(static_cast<uint8_t>(filter.group));
  to.u32(filter.active_from_day);
  to.u32(filter.active_before_day);
  for (const uint64_t number :
       {filter.since, filter.until, uint64_t{filter.segment}, filter.deleted_by, filter.shown_at}) {
    to.u64(number);
  }
  for (const std::string* text : {&filter.source, &filter.campaign, &filter.domain, &filter.prefix,
                                  &filter.field, &filter.field_prefix}) {
    to.text(*text);
  }
  return list;
}

class Scan final : public ContactScan {
 public:
  Scan(const Database& database, AccountNumber account, const ContactFilter& filter,
       ContactSort sort, std::string_view position)
      : snapshot_(database),
        sequence_(snapshot_.sequence()),
        filter_(filter),
        plan_(plan_of(account, filter, sort)),
        start_(position),
        position_(position),
        walk_(snapshot_, plan_, position, RowWalk::Extent::whole) {}

  std::vector<Contact> next(size_t most) override {
    std::vector<Contact> found;
    while (found.size() < most) {
      if (at_ == batch_.size() && !read_batch()) break;
      position_ = batch_.place(at_);
      Contact contact = batch_.record(plan_, at_++);
      if (plan_.exact || filter_.passes(contact)) found.push_back(std::move(contact));
    }
    return found;
  }
  std::string position() const override { return position_; }
  void rewind() override {
    position_ = start_;
    walk_ = IndexWalk(snapshot_, plan_, start_, RowWalk::Extent::whole);
    batch_ = {};
    at_ = 0;
    batch_rows_ = scan_batch_rows_min / 2;
  }
  uint64_t sequence() const override { return sequence_; }

 private:
  bool read_batch() {
    at_ = 0;
    if (batch_.octets() < scan_batch_octets_max / 2) {
      batch_rows_ = std::min(2 * batch_rows_, scan_batch_rows_max);
    } else if (batch_.octets() > scan_batch_octets_max) {
      batch_rows_ = std::max(batch_rows_ / 2, scan_batch_rows_min);
    }
    batch_ = {};
    batch_ = RecordBatch(snapshot_, plan_, walk_.take(batch_rows_));
    return batch_.size() != 0;
  }

  const Snapshot snapshot_;
  const uint64_t sequence_;
  const ContactFilter filter_;
  const ContactPlan plan_;
  const std::string start_;
  std::string position_;
  IndexWalk walk_;
  RecordBatch batch_;
  size_t at_ = 0;  // in the batch
  size_t batch_rows_ = scan_batch_rows_min / 2;
};

}  // namespace

ContactPage ContactReader::list(AccountNumber account, const ContactFilter& filter,
                                ContactSort sort, std::string_view cursor, size_t limit) const {
  const std::string list = list_of(account, filter, sort);
  std::string place;
  if (!cursor.empty()) place = parse_cursor(list, cursor, context_.secret);
  limit = std::max<size_t>(limit, 1);
  const Snapshot snapshot(context_.database);
  ContactPage page;
  page.sequence = snapshot.sequence();
  const ContactPlan plan = plan_of(account, filter, sort);
  IndexWalk walk(snapshot, plan, place, RowWalk::Extent::page);
  size_t examined = 0;
  bool more = walk.valid();
  for (size_t rows = limit; more; rows *= 2) {
    const size_t most = std::min({rows, page_batch_rows_max, page_rows_examined_max - examined});
    const RecordBatch batch(snapshot, plan, walk.take(most));
    examined += batch.size();
    size_t at = 0;
    while (at < batch.size() && page.items.size() < limit) {
      place = batch.place(at);
      Contact contact = batch.record(plan, at++);
      if (filter.passes(contact)) page.items.push_back(std::move(contact));
    }
    more = walk.valid() || at < batch.size();
    if (page.items.size() == limit || examined == page_rows_examined_max) break;
  }
  if (more) page.next = make_cursor(list, place, context_.secret);
  return page;
}

std::unique_ptr<ContactScan> ContactReader::scan(AccountNumber account, const ContactFilter& filter,
                                                 ContactSort sort,
                                                 std::string_view position) const {
  return std::make_unique<Scan>(context_.database, account, filter, sort, position);
}

uint64_t ContactReader::count(AccountNumber account, const ContactFilter& filter) const {
  uint64_t found = 0;
  for (const ContactSort sort : {ContactSort::address, ContactSort::time}) {
    const ContactPlan plan = plan_of(account, filter, sort);
    if (!plan.exact) continue;
    const Snapshot snapshot(context_.database);
    IndexWalk walk(snapshot, plan, {}, RowWalk::Extent::whole);
    for (; walk.valid(); walk.next()) ++found;
    return found;
  }
  const std::unique_ptr<ContactScan> all = scan(account, filter, ContactSort::address);
  while (const size_t some = all->next(page_batch_rows_max).size()) found += some;
  return found;
}

}  // namespace suppressd
