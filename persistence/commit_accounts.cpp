// Changes of accounts and keys: few and small, looked up one by one.
#include <algorithm>

#include "persistence/commit_group.hpp"

namespace suppressd {

Outcome CommitGroup::act(const Change& change, const CreateAccount& what) {
  if (find_account(what.account.id)) return refuse(Outcome::Status::already_exists);
  Account account = what.account;
  account.number = ++meta_.accounts;
  put_account(account);
  std::string row;
  encode_change_head(ChangeKind::create_account, change.by, change.at, row);
  encode(account, row);
  Outcome outcome = log(row, account.number);
  outcome.account = account.number;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const UpdateAccount& what) {
  std::optional<Account> before = find_account(what.id);
  if (!before) return refuse(Outcome::Status::not_found);
  Account account = *before;
  what.apply_to(account);
  Outcome outcome = unchanged();
  if (account != *before) {
    put_account(account);
    std::string row;
    encode_change_head(ChangeKind::update_account, change.by, change.at, row);
    encode(account, row);
    outcome = log(row, account.number);
  }
  outcome.account = account.number;
  return outcome;
}

Outcome CommitGroup::act(const Change& change, const CreateKey& what) {
  if (find_key(what.key.id)) return refuse(Outcome::Status::already_exists);
  ++meta_.keys;
  put_key(what.key);
  std::string row;
  encode_change_head(ChangeKind::create_key, change.by, change.at, row);
  encode(what.key, row);
  return log(row, what.key.account);
}

Outcome CommitGroup::act(const Change& change, const RevokeKey& what) {
  std::optional<ApiKey> key = find_key(what.id);
  if (!key) return refuse(Outcome::Status::not_found);
  if (key->revoked_at != 0) return unchanged();
  key->revoked_at = std::max<TimeMs>(change.at, 1);
  put_key(*key);
  std::string row;
  encode_change_head(ChangeKind::revoke_key, change.by, change.at, row);
  encode(*key, row);
  return log(row, key->account);
}

std::optional<Account> CommitGroup::find_account(const std::string& id) const {
  if (auto found = accounts_.find(id); found != accounts_.end()) return found->second;
  std::string bytes;
  if (!database_.get(Family::accounts, id, bytes)) return std::nullopt;
  std::optional<Account> account = decode_account(bytes);
  if (!account) throw StorageFailure("a stored account is damaged");
  return account;
}

std::optional<ApiKey> CommitGroup::find_key(const std::string& id) const {
  if (auto found = keys_.find(id); found != keys_.end()) return found->second;
  std::string bytes;
  if (!database_.get(Family::keys, id, bytes)) return std::nullopt;
  std::optional<ApiKey> key = decode_key(bytes);
  if (!key) throw StorageFailure("a stored key is damaged");
  return key;
}

void CommitGroup::put_account(const Account& account) {
  std::string bytes;
  encode(account, bytes);
  put(Family::accounts, account.id, bytes);
  accounts_[account.id] = account;
}

void CommitGroup::put_key(const ApiKey& key) {
  std::string bytes;
  encode(key, bytes);
  put(Family::keys, key.id, bytes);
  keys_[key.id] = key;
}

}  // namespace suppressd
