#include "persistence/overlay.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

namespace suppressd {
namespace {

rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}

std::string_view view(const rocksdb::Slice& octets) {
  return {octets.data(), octets.size()};
}

}  // namespace

Overlay::Overlay(const Database& database) : database_(database) {}
Overlay::~Overlay() = default;

const std::string* Overlay::find(Family family, std::string_view key) {
  const Rows& rows = rows_[static_cast<size_t>(family)];
  auto at = rows.find(key);
  if (at != rows.end()) return at->second.value ? &*at->second.value : nullptr;
  std::string value;
  const bool found = database_.get(family, key, value);
  Row& fresh = row(family, key);
  if (found) fresh.value = std::move(value);
  return fresh.value ? &*fresh.value : nullptr;
}

Overlay::Row& Overlay::row(Family family, std::string_view key) {
  Rows& rows = rows_[static_cast<size_t>(family)];
  auto at = rows.find(key);
  return at != rows.end() ? at->second : rows.try_emplace(std::string(key)).first->second;
}

void Overlay::set(Family family, std::string_view key, std::optional<std::string> value) {
  Rows& rows = rows_[static_cast<size_t>(family)];
  auto at = rows.find(key);
  if (at == rows.end()) at = rows.try_emplace(std::string(key)).first;
  at->second.value = std::move(value);
  if (std::exchange(at->second.written, true)) return;
  ++written_;
  if (const auto order = ordered_.find(family); order != ordered_.end()) {
    order->second.insert(at->first);
  }
}

void Overlay::put(Family family, std::string_view key, std::string value) {
  set(family, key, std::move(value));
}

void Overlay::erase(Family family, std::string_view key) {
  set(family, key, std::nullopt);
}

void Overlay::put_unread(Family family, std::string key, std::string value) {
  unread_.push_back({family, std::move(key), std::move(value)});
}

void Overlay::erase_unread(Family family, std::string key) {
  unread_.push_back({family, std::move(key), std::nullopt});
}

void Overlay::forget_unread(Family family, std::string_view prefix) {
  std::erase_if(unread_, [&](const Unread& row) {
    return row.family == family && row.value && row.key.starts_with(prefix);
  });
}

void Overlay::prefetch(Family family, std::vector<std::string> keys) {
  Rows& rows = rows_[static_cast<size_t>(family)];
  std::erase_if(keys, [&rows](const std::string& key) { return rows.contains(key); });
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return;
  std::vector<rocksdb::Slice> wanted;
  std::vector<Row*> into;
  wanted.reserve(keys.size());
  into.reserve(keys.size());
  for (const std::string& key : keys) {
    wanted.push_back(slice(key));
    into.push_back(&rows.try_emplace(key).first->second);
  }
  database_.get_many(family, wanted,
                     [&into](size_t i, std::string_view value) { into[i]->value = value; });
}

std::vector<std::string> Overlay::keys_with(Family family, std::string_view prefix) {
  const Rows& rows = rows_[static_cast<size_t>(family)];
  const std::set<std::string_view>& order = ordered_.at(family);
  std::vector<std::string> keys;
  std::unique_ptr<rocksdb::Iterator>& stored = stored_[family];
  if (!stored) {
    stored.reset(database_.rocks().NewIterator(read_options(), database_.family(family)));
  }
  for (stored->Seek(slice(prefix)); stored->Valid(); stored->Next()) {
    const std::string_view key = view(stored->key());
    if (!key.starts_with(prefix)) break;
    const auto here = rows.find(key);
    if (here == rows.end() || !here->second.written) keys.emplace_back(key);
  }
  require_ok(stored->status());
  for (auto at = order.lower_bound(prefix); at != order.end() && at->starts_with(prefix); ++at) {
    if (rows.find(*at)->second.value) keys.emplace_back(*at);
  }
  return keys;
}

bool Overlay::written(Family family, std::string_view key) const {
  const Rows& rows = rows_[static_cast<size_t>(family)];
  const auto at = rows.find(key);
  return at != rows.end() && at->second.written;
}

void Overlay::write(rocksdb::WriteBatch& batch) {
  struct Item {
    Family family;
    std::string_view key;
    const std::optional<std::string>* value;
  };
  std::vector<Item> items;
  items.reserve(written_ + unread_.size());
  for (size_t family = 0; family < families; ++family) {
    for (const auto& [key, row] : rows_[family]) {
      if (row.written) items.push_back({static_cast<Family>(family), key, &row.value});
    }
  }
  for (const Unread& row : unread_) items.push_back({row.family, row.key, &row.value});
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.family != b.family ? a.family < b.family : a.key < b.key;
  });
  for (size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    // Of several writes of a row the last one stands.
    if (i + 1 < items.size() && items[i + 1].family == item.family && items[i + 1].key == item.key)
      continue;
    rocksdb::ColumnFamilyHandle* family = database_.family(item.family);
    require_ok(*item.value ? batch.Put(family, slice(item.key), slice(**item.value))
                           : batch.Delete(family, slice(item.key)));
  }
}

}  // namespace suppressd
