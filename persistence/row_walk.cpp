#include "persistence/row_walk.hpp"

#include <rocksdb/db.h>

#include "persistence/codec.hpp"
#include "persistence/keys.hpp"

namespace suppressd {

Snapshot::Snapshot(const Database& database)
    : database_(database), snapshot_(database.rocks().GetSnapshot()) {}

Snapshot::~Snapshot() {
  database_.rocks().ReleaseSnapshot(snapshot_);
}

uint64_t Snapshot::sequence() const {
  std::string bytes;
  database_.get(Family::meta, meta_key, bytes, snapshot_);
  const std::optional<Meta> meta = decode_meta(bytes);
  if (!meta) throw StorageFailure("the row meta is damaged");
  return meta->sequence;
}

std::string successor(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

RowWalk::RowWalk(const Snapshot& snapshot, Family family, std::string_view from, std::string end,
                 Extent extent)
    : end_(std::move(end)), upper_(std::make_unique<rocksdb::Slice>(end_)) {
  rocksdb::ReadOptions options = extent == Extent::whole ? scan_options() : read_options();
  options.snapshot = snapshot.get();
  if (!end_.empty()) options.iterate_upper_bound = upper_.get();
  const Database& database = snapshot.database();
  row_.reset(database.rocks().NewIterator(options, database.family(family)));
  row_->Seek({from.data(), from.size()});
  look();
}

RowWalk::~RowWalk() = default;

std::string_view RowWalk::value() const {
  return {row_->value().data(), row_->value().size()};
}

void RowWalk::next() {
  row_->Next();
  look();
}

void RowWalk::look() {
  valid_ = row_->Valid();
  if (!valid_) return require_ok(row_->status());
  key_ = {row_->key().data(), row_->key().size()};
}

}  // namespace suppressd
