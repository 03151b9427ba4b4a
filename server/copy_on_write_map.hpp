// A map that is copied cheaply and changed by copying: 256 buckets, each immutable and shared
// between copies, so an insertion copies one bucket (n/256 entries) instead of the whole map.
// Thread safety: a value; copies are independent. Entries live as long as any copy that holds them.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace suppressd {

template <class Key, class Value, class Hash>
class CopyOnWriteMap {
 public:
  template <class Lookup>
  const Value* find(const Lookup& key) const {
    const auto& bucket = buckets_[Hash{}(key) % bucket_count];
    if (!bucket) return nullptr;
    const auto found = bucket->find(key);
    return found == bucket->end() ? nullptr : found->second.get();
  }

  void put(const Key& key, std::shared_ptr<const Value> value) {
    auto& bucket = buckets_[Hash{}(key) % bucket_count];
    auto copy = bucket ? std::make_shared<Bucket>(*bucket) : std::make_shared<Bucket>();
    (*copy)[key] = std::move(value);
    bucket = std::move(copy);
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& bucket : buckets_) {
      if (!bucket) continue;
      for (const auto& [key, value] : *bucket) visit(*value);
    }
  }

 private:
  static constexpr size_t bucket_count = 256;
  using Bucket = std::unordered_map<Key, std::shared_ptr<const Value>, Hash, std::equal_to<>>;
  std::array<std::shared_ptr<const Bucket>, bucket_count> buckets_;
};

}  // namespace suppressd
