// How lists of contacts are read: a plan says which ranges of contact_index hold what a filter may
// find, a walk gives the rows of these ranges merged in the list's order, and a batch looks up the
// records of some rows.
//
// The place of a row is its key after its range's head. It orders the list across its ranges, and no
// two rows of a list have the same: so it says where a page or a scan goes on.
//
// Internal to the store. Thread safety: a walk or a batch is one thread's.
// Errors: StorageFailure, also when an index and the records disagree.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/contact_reader.hpp"
#include "persistence/row_walk.hpp"

namespace suppressd {

struct ContactPlan {
  /// Keys that start with `head` and go on from `from` to before `before` (empty: to the end).
  struct Range {
    std::string head, from, before;
  };

  AccountNumber account = platform_number;
  Channel channel = Channel::email;
  char index = 'a';  // as contact_keys.hpp draws them
  std::vector<Range> ranges;
  bool exact = false;  // the filter lets everything in the ranges through
  SegmentId segment = 0;
  std::string field;

  /// The contact's key in this index; empty when it has none.
  std::string key_of(const Contact& contact) const;
};
ContactPlan plan_of(AccountNumber account, const ContactFilter& filter, ContactSort sort);

struct IndexRow {
  uint32_t range = 0;
  ContactId contact = 0;
  std::string place;
};

class IndexWalk {
 public:
  /// Goes on after the place `after`; from the start when it is empty.
  IndexWalk(const Snapshot& snapshot, const ContactPlan& plan, std::string_view after,
            RowWalk::Extent extent);

  bool valid() const { return least_ < lanes_.size(); }
  IndexRow row() const;
  void next();
  /// Up to `most` rows, and past them.
  std::vector<IndexRow> take(size_t most);

 private:
  struct Lane {
    std::unique_ptr<RowWalk> rows;
    size_t head = 0;  // octets
    std::string_view place() const { return rows->key().substr(head); }
  };
  void find_least();

  std::vector<Lane> lanes_;
  size_t least_ = 0;  // of the lanes, by place; their number at the end
};

/// The records of some rows. They stay as bytes until they are asked for.
class RecordBatch {
 public:
  RecordBatch() = default;
  RecordBatch(const Snapshot& snapshot, const ContactPlan& plan, std::vector<IndexRow> rows);

  size_t size() const { return rows_.size(); }
  size_t octets() const { return bytes_.size(); }
  const std::string& place(size_t i) const { return rows_[i].place; }
  /// Throws StorageFailure when the record is damaged or does not belong to the row.
  Contact record(const ContactPlan& plan, size_t i) const;

 private:
  struct Part {
    size_t begin = 0, octets = 0;
  };
  std::vector<IndexRow> rows_;
  std::vector<Part> parts_;  // of bytes_, by row
  std::string bytes_;
};

}  // namespace suppressd
