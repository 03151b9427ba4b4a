// Puts of several loading threads into one set: each thread gathers its own by shard and puts a
// batch while it holds that shard's mutex, so that each shard has one writer at a time; within a
// batch the memory is told ahead what comes. Internal to loading.
// Thread safety: one ShardPuts for all, one Buffer a thread.
#pragma once

#include <array>
#include <mutex>
#include <vector>

#include "core/suppression_set.hpp"

namespace suppressd {

class ShardPuts {
 public:
  explicit ShardPuts(SuppressionSet& set) : set_(set), locks_(set.shards()) {}

  class Buffer {
   public:
    explicit Buffer(ShardPuts& puts) : puts_(puts), shards_(puts.set_.shards()) {
      for (std::vector<Put>& shard : shards_) shard.reserve(batch);
    }
    void add(const Fingerprint& address, AccountNumber scope, SlotState state) {
      const uint32_t shard = puts_.set_.shard_of(address);
      shards_[shard].push_back({address, scope, state});
      if (shards_[shard].size() == batch) put(shard);
    }
    void finish() {
      for (uint32_t shard = 0; shard < shards_.size(); ++shard) put(shard);
    }
    /// Puts that found their entry there already.
    uint64_t replaced() const { return replaced_; }

   private:
    struct Put {
      Fingerprint address;
      AccountNumber scope;
      SlotState state;
    };

    void put(uint32_t shard) {
      SuppressionSet& set = puts_.set_;
      const std::vector<Put>& what = shards_[shard];
      const std::lock_guard lock(puts_.locks_[shard]);
      for (size_t i = 0; i < what.size() && i < ahead; ++i) set.prefetch(what[i].address);
      for (size_t i = 0; i < what.size(); ++i) {
        if (i + ahead < what.size()) set.prefetch(what[i + ahead].address);
        const SlotState before = set.put(what[i].address, what[i].scope, what[i].state);
        replaced_ += before != SlotState::absent ? 1 : 0;
      }
      shards_[shard].clear();
    }

    ShardPuts& puts_;
    std::vector<std::vector<Put>> shards_;
    uint64_t replaced_ = 0;
  };

 private:
  static constexpr size_t batch = 256;
  static constexpr size_t ahead = 16;

  SuppressionSet& set_;
  std::vector<std::mutex> locks_;
};

}  // namespace suppressd
