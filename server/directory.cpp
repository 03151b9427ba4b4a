#include "server/directory.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace suppressd {
namespace {

template <class Map>
auto in_order_after(const Map& map, std::string_view id, size_t limit) {
  using Record = std::remove_cvref_t<decltype(*map.find(std::string_view()))>;
  std::vector<const Record*> found;
  map.for_each([&](const Record& record) {
    if (record.id > id) found.push_back(&record);
  });
  const size_t kept = std::min(limit, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<ptrdiff_t>(kept), found.end(),
                    [](const Record* a, const Record* b) { return a->id < b->id; });
  found.resize(kept);
  return found;
}

bool changes_the_directory(const Change& change) {
  return std::holds_alternative<CreateAccount>(change.what) ||
         std::holds_alternative<UpdateAccount>(change.what) ||
         std::holds_alternative<CreateKey>(change.what) ||
         std::holds_alternative<RevokeKey>(change.what) ||
         std::holds_alternative<SetWebhook>(change.what) ||
         std::holds_alternative<RemoveWebhook>(change.what);
}

}  // namespace

size_t Directory::Snapshot::DigestHash::operator()(const KeyHash& hash) const {
  size_t first = 0;
  std::memcpy(&first, hash.data(), sizeof(first));
  return first;
}

std::vector<const Account*> Directory::Snapshot::accounts_after(std::string_view id,
                                                                size_t limit) const {
  return in_order_after(accounts_, id, limit);
}

std::vector<const ApiKey*> Directory::Snapshot::keys_after(std::string_view id,
                                                           size_t limit) const {
  return in_order_after(keys_, id, limit);
}

size_t Directory::Snapshot::keys_in_force(Role role) const {
  size_t count = 0;
  keys_.for_each([&](const ApiKey& key) { count += key.role == role && key.revoked_at == 0; });
  return count;
}

void Directory::Snapshot::put(const Account& account) {
  const auto shared = std::make_shared<const Account>(account);
  accounts_.put(account.id, shared);
  numbers_.put(account.number, shared);
}

void Directory::Snapshot::put(const ApiKey& key) {
  const auto shared = std::make_shared<const ApiKey>(key);
  keys_.put(key.id, shared);
  hashes_.put(key.hash, shared);
}

void Directory::Snapshot::put(const WebhookConfig& config) {
  webhooks_.put(webhook_place(config.account, config.provider),
                std::make_shared<const WebhookConfig>(config));
}

void Directory::Snapshot::apply(const SetWebhook& set, const Change& change) {
  std::optional<WebhookConfig> before;
  if (const WebhookConfig* found = webhook(set.account, set.provider)) before = *found;
  if (const auto after = set.apply_to(before, change)) put(*after);
}

void Directory::Snapshot::apply(const RemoveWebhook& removed) {
  webhooks_.put(webhook_place(removed.account, removed.provider), nullptr);
}

Directory::Directory() {
  publish(std::make_shared<const Snapshot>());
}

void Directory::load(std::span<const Account> accounts, std::span<const ApiKey> keys,
                     std::span<const WebhookConfig> webhooks) {
  auto snapshot = std::make_shared<Snapshot>();
  for (const Account& account : accounts) snapshot->put(account);
  for (const ApiKey& key : keys) snapshot->put(key);
  for (const WebhookConfig& webhook : webhooks) snapshot->put(webhook);
  publish(std::move(snapshot));
}

void Directory::apply(std::span<const Change> changes, std::span<const Outcome> outcomes) {
  std::shared_ptr<Snapshot> snapshot;
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (outcomes[i].status != Outcome::Status::committed || !changes_the_directory(change))
      continue;
    if (!snapshot) snapshot = std::make_shared<Snapshot>(*newest_);
    if (const auto* create = std::get_if<CreateAccount>(&change.what)) {
      Account account = create->account;
      account.number = outcomes[i].account;
      snapshot->put(account);
    } else if (const auto* update = std::get_if<UpdateAccount>(&change.what)) {
      Account account = *snapshot->account(std::string_view(update->id));
      update->apply_to(account);
      snapshot->put(account);
    } else if (const auto* created = std::get_if<CreateKey>(&change.what)) {
      snapshot->put(created->key);
    } else if (const auto* set = std::get_if<SetWebhook>(&change.what)) {
      snapshot->apply(*set, change);
    } else if (const auto* removed = std::get_if<RemoveWebhook>(&change.what)) {
      snapshot->apply(*removed);
    } else if (const auto* revoke = std::get_if<RevokeKey>(&change.what)) {
      const ApiKey* key = snapshot->key(revoke->id);
      if (!key || key->revoked_at != 0) continue;
      ApiKey revoked = *key;
      revoked.revoked_at = std::max<TimeMs>(change.at, 1);
      snapshot->put(revoked);
    }
  }
  if (snapshot) publish(std::move(snapshot));
}

const Directory::Snapshot& Directory::refresh(View& view) const {
  // Acquire: whoever saw a revocation acknowledged sees the version that goes with it.
  if (view.version != version_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    view.snapshot = newest_;
    view.version = version_.load(std::memory_order_relaxed);
  }
  return *view.snapshot;
}

void Directory::publish(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  newest_ = std::move(snapshot);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace suppressd
