// Accounts, API keys and what proves webhooks, in memory: what authentication and routing read on
// every request.
//
// Invariants
//  1. A request takes no lock: an I/O thread keeps a View, compares one version number with it and
//     fetches a new snapshot only after a commit changed accounts or keys.
//  2. A revocation is in force before it is acknowledged: apply() raises the version on the
//     committer's thread before the revocation's completion runs.
//  3. A Snapshot is immutable. Pointers into one live as long as the View that holds it is not
//     refreshed, that is, until the thread's next request.
// Thread safety: load() before any other thread, apply() on the committer's thread, refresh() on
// any thread with that thread's own View.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/change.hpp"
#include "persistence/records.hpp"
#include "server/copy_on_write_map.hpp"

namespace suppressd {

using KeyHash = std::array<uint8_t, 32>;  // SHA-256 of an API key

class Directory {
 public:
  class Snapshot {
   public:
    const Account* account(std::string_view id) const { return accounts_.find(id); }
    const Account* account(AccountNumber number) const { return numbers_.find(number); }
    const ApiKey* key(const KeyHash& hash) const { return hashes_.find(hash); }
    const ApiKey* key(std::string_view id) const { return keys_.find(id); }
    /// Null when the account has set none for the provider.
    const WebhookConfig* webhook(AccountNumber account, WebhookProvider provider) const {
      return webhooks_.find(webhook_place(account, provider));
    }
    /// In order of id, those after `id`, at most `limit`.
    std::vector<const Account*> accounts_after(std::string_view id, size_t limit) const;
    std::vector<const ApiKey*> keys_after(std::string_view id, size_t limit) const;
    /// Keys of the role that are not revoked.
    size_t keys_in_force(Role role) const;

   private:
    friend class Directory;
    struct TextHash {
      using is_transparent = void;
      size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct NumberHash {
      size_t operator()(AccountNumber number) const { return number; }
    };
    static uint64_t webhook_place(AccountNumber account, WebhookProvider provider) {
      return uint64_t{account} << 8 | static_cast<uint8_t>(provider);
    }
    struct PlaceHash {
      size_t operator()(uint64_t place) const { return (place >> 8) + place; }
    };
    struct DigestHash {  // a SHA-256 is already uniform
      size_t operator()(const KeyHash& hash) const;
    };
    void put(const Account& account);
    void put(const ApiKey& key);
    void put(const WebhookConfig& config);
    void apply(const SetWebhook& set, const Change& change);
    void apply(const RemoveWebhook& removed);

    CopyOnWriteMap<std::string, Account, TextHash> accounts_;
    CopyOnWriteMap<AccountNumber, Account, NumberHash> numbers_;
    CopyOnWriteMap<std::string, ApiKey, TextHash> keys_;
    CopyOnWriteMap<KeyHash, ApiKey, DigestHash> hashes_;
    CopyOnWriteMap<uint64_t, WebhookConfig, PlaceHash> webhooks_;  // null where one was removed
  };

  /// One thread's hold on the newest snapshot it has seen.
  struct View {
    std::shared_ptr<const Snapshot> snapshot;
    uint64_t version = 0;
  };

  Directory();
  void load(std::span<const Account> accounts, std::span<const ApiKey> keys,
            std::span<const WebhookConfig> webhooks = {});
  /// For the Committer's on_commit.
  void apply(std::span<const Change> changes, std::span<const Outcome> outcomes);
  /// The newest snapshot, valid until the View's next refresh.
  const Snapshot& refresh(View& view) const;

 private:
  void publish(std::shared_ptr<const Snapshot> snapshot);

  std::atomic<uint64_t> version_{0};  // written under mutex_, with the snapshot
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> newest_;
};

}  // namespace suppressd
