// Changes of what proves a provider's word. Secrets are in the record alone: the log says only that
// something was set, and for which provider.
#include "persistence/commit_group.hpp"
#include "persistence/webhook.hpp"

namespace suppressd {
namespace {

LoggedAct logged(AccountNumber account, const WebhookConfig& config) {
  LoggedAct act;
  act.account = account;
  act.code = static_cast<uint8_t>(config.provider);
  act.number = config.feeds_platform ? 1 : 0;
  act.text = config.secret_id;
  return act;
}

}  // namespace

std::optional<WebhookConfig> CommitGroup::find_webhook(AccountNumber account,
                                                       WebhookProvider provider) {
  const std::string key = webhook_key(account, provider);
  const std::string* bytes = overlay_.find(Family::webhooks, key);
  if (bytes == nullptr) return std::nullopt;
  std::optional<WebhookConfig> config = decode_webhook(key, *bytes);
  if (!config) throw StorageFailure("a stored webhook is damaged");
  return config;
}

Outcome CommitGroup::act(const Change& change, const SetWebhook& what) {
  const std::optional<WebhookConfig> before = find_webhook(what.account, what.provider);
  const std::optional<WebhookConfig> after = what.apply_to(before, change);
  if (!after) return refuse(Outcome::Status::not_found);
  if (before && *after == *before) return unchanged();
  std::string bytes;
  encode(*after, bytes);
  overlay_.put(Family::webhooks, webhook_key(what.account, what.provider), std::move(bytes));
  return log_act(change, ChangeKind::webhook_set, logged(what.account, *after));
}

Outcome CommitGroup::act(const Change& change, const RemoveWebhook& what) {
  const std::optional<WebhookConfig> before = find_webhook(what.account, what.provider);
  if (!before) return refuse(Outcome::Status::not_found);
  overlay_.erase(Family::webhooks, webhook_key(what.account, what.provider));
  return log_act(change, ChangeKind::webhook_removed, logged(what.account, *before));
}

/// The record as it is after the change; nullopt: there is none yet, and nothing that proves.
std::optional<WebhookConfig> SetWebhook::apply_to(const std::optional<WebhookConfig>& before,
                                                  const Change& change) const {
  if (!before && !proof) return std::nullopt;
  WebhookConfig after = before.value_or(WebhookConfig{});
  after.account = account;
  after.provider = provider;
  const bool proves_anew = proof && (!before || *proof != before->proof);
  if (proves_anew) {
    after.proof = *proof;
    after.secret_id = secret_id;
    // Who holds the key can make any event: a key that support did not set does not speak for the
    // platform, whatever was decided about the one before.
    if (!by_staff) after.feeds_platform = false;
    if (by_staff && !before) after.feeds_platform = signs(provider);
  }
  if (by_staff && feeds_platform) after.feeds_platform = *feeds_platform;
  if (before && after == *before) return after;
  after.changed_at = change.at;
  after.changed_by = change.by;
  return after;
}

}  // namespace suppressd
