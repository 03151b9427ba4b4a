// Rows as a group of changes leaves them, before anything is written: reads go through to the
// database once and see what the group wrote, and only the last value of a row reaches the batch,
// in key order.
//
// Internal to the store. Thread safety: the committer's thread. Errors: StorageFailure.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "persistence/database.hpp"

namespace suppressd {

class Overlay {
 public:
  explicit Overlay(const Database& database);
  ~Overlay();

  /// Null when there is no such row. Valid until this row is put or erased.
  const std::string* find(Family family, std::string_view key);
  void put(Family family, std::string_view key, std::string value);
  void erase(Family family, std::string_view key);
  /// Rows that nothing in this group reads: cheaper.
  void put_unread(Family family, std::string key, std::string value);
  void erase_unread(Family family, std::string key);

  /// Reads many rows at once, for find() later.
  void prefetch(Family family, std::vector<std::string> keys);
  /// Takes back what put_unread() of this group put under keys that start so.
  void forget_unread(Family family, std::string_view prefix);
  /// Keys of Family::owners, claims or requests that start so, as the group has left them.
  std::vector<std::string> keys_with(Family family, std::string_view prefix);

  /// Whether this group put or erased the row.
  bool written(Family family, std::string_view key) const;
  bool writes() const { return written_ != 0 || !unread_.empty(); }
  void write(rocksdb::WriteBatch& batch);

 private:
  struct Row {
    std::optional<std::string> value;
    bool written = false;
  };
  struct Unread {
    Family family;
    std::string key;
    std::optional<std::string> value;
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Rows = std::unordered_map<std::string, Row, TextHash, std::equal_to<>>;

  Row& row(Family family, std::string_view key);
  void set(Family family, std::string_view key, std::optional<std::string> value);

  const Database& database_;
  std::array<Rows, families> rows_;
  std::vector<Unread> unread_;
  /// Keys of rows_ that were written, of the families that keys_with() knows.
  std::map<Family, std::set<std::string_view>> ordered_{
      {Family::owners, {}}, {Family::claims, {}}, {Family::requests, {}}};
  /// Of the families that keys_with() knows: making one costs more than many seeks.
  std::map<Family, std::unique_ptr<rocksdb::Iterator>> stored_;
  size_t written_ = 0;
};

}  // namespace suppressd
