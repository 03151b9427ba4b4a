#include "persistence/contact_walk.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <numeric>

#include "persistence/contact_codec.hpp"

namespace suppressd {
namespace {

// Of one MultiGet: its values pin the blocks that they lie in.
constexpr size_t keys_at_once_max = 1'000;

}  // namespace

IndexWalk::IndexWalk(const Snapshot& snapshot, const ContactPlan& plan, std::string_view after,
                     RowWalk::Extent extent) {
  for (const ContactPlan::Range& range : plan.ranges) {
    std::string from = range.head, end = range.head;
    from += std::max<std::string_view>(range.from, after);
    end = range.before.empty() ? successor(end) : end + range.before;
    Lane& lane = lanes_.emplace_back();
    lane.head = range.head.size();
    lane.rows =
        std::make_unique<RowWalk>(snapshot, Family::contact_index, from, std::move(end), extent);
    if (!after.empty() && lane.rows->valid() && lane.place() == after) lane.rows->next();
  }
  find_least();
}

void IndexWalk::find_least() {
  least_ = lanes_.size();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (!lanes_[i].rows->valid()) continue;
    if (least_ == lanes_.size() || lanes_[i].place() < lanes_[least_].place()) least_ = i;
  }
}

IndexRow IndexWalk::row() const {
  const Lane& lane = lanes_[least_];
  ByteReader from(lane.rows->value());
  IndexRow row{static_cast<uint32_t>(least_), from.u64(), std::string(lane.place())};
  if (!from.finished()) throw StorageFailure("a list of contacts is damaged");
  return row;
}

void IndexWalk::next() {
  lanes_[least_].rows->next();
  find_least();
}

std::vector<IndexRow> IndexWalk::take(size_t most) {
  std::vector<IndexRow> rows;
  for (; valid() && rows.size() < most; next()) rows.push_back(row());
  return rows;
}

RecordBatch::RecordBatch(const Snapshot& snapshot, const ContactPlan& plan,
                         std::vector<IndexRow> rows)
    : rows_(std::move(rows)), parts_(rows_.size()) {
  std::vector<uint32_t> order(rows_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [this](uint32_t a, uint32_t b) { return rows_[a].contact < rows_[b].contact; });
  std::vector<std::string> keys;
  std::vector<rocksdb::Slice> wanted;
  for (size_t begin = 0; begin < order.size(); begin += keys_at_once_max) {
    const size_t end = std::min(order.size(), begin + keys_at_once_max);
    keys.clear();
    for (size_t i = begin; i < end; ++i) {
      keys.push_back(contact_key(plan.account, rows_[order[i]].contact));
    }
    wanted.assign(keys.begin(), keys.end());
    const auto found = [&](size_t i, std::string_view value) {
      parts_[order[begin + i]] = {bytes_.size(), value.size()};
      bytes_ += value;
    };
    snapshot.database().get_many(Family::contacts, wanted, found, snapshot.get());
  }
}

Contact RecordBatch::record(const ContactPlan& plan, size_t i) const {
  const IndexRow& row = rows_[i];
  const std::string_view bytes = std::string_view(bytes_).substr(parts_[i].begin, parts_[i].octets);
  if (bytes.empty()) throw StorageFailure("a list holds a contact that is not there");
  Contact contact;
  if (!decode(bytes, contact)) throw StorageFailure("a stored contact is damaged");
  contact.id = row.contact;
  if (plan.key_of(contact) != plan.ranges[row.range].head + row.place) {
    throw StorageFailure("a list holds a contact that does not belong there");
  }
  return contact;
}

}  // namespace suppressd
