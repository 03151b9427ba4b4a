#include "server/change_json.hpp"

#include <nlohmann/json.hpp>

#include "persistence/change_row.hpp"
#include "server/account_json.hpp"
#include "server/suppression_json.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

std::string_view kind_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::add_suppressions:
      return "suppressions_added";
    case ChangeKind::remove_suppression:
      return "suppression_removed";
    case ChangeKind::set_exemption:
      return "exemption_changed";
    case ChangeKind::create_account:
      return "account_created";
    case ChangeKind::update_account:
      return "account_updated";
    case ChangeKind::create_key:
      return "key_created";
    case ChangeKind::revoke_key:
      return "key_revoked";
    case ChangeKind::rekeyed:
      return "addresses_normalized_again";
    case ChangeKind::loss_accepted:
      return "loss_accepted";
  }
  return "";
}

Cause cause_of(const CauseView& view) {
  return {view.reason,          std::string(view.source),   view.at,
          std::string(view.by), std::string(view.evidence), std::string(view.campaign)};
}

/// What the scope says of the address after the change.
Json entry_json(const ChangedAddress& changed, ChangeKind kind) {
  const Scope scope = changed.scope == platform_number ? Scope::platform : Scope::account;
  const bool suppressed = changed.after != SlotState::absent && changed.after != SlotState::exempt;
  Json json{{"channel", name_of(changed.channel)},
            {"address", changed.address},
            {"scope", name_of(scope)},
            {"state", suppressed                           ? "suppressed"
                      : changed.after == SlotState::exempt ? "exempt"
                                                           : "none"}};
  json["reason"] = suppressed ? Json(name_of(static_cast<Reason>(changed.after))) : Json(nullptr);
  if (kind == ChangeKind::add_suppressions) {
    json["cause"] = cause_json(cause_of(changed.cause), scope);
  }
  if (kind == ChangeKind::set_exemption) {
    std::optional<Exemption> exemption;
    if (const auto& set = changed.exempted) {
      exemption = Exemption{set->at, std::string(set->by), std::string(set->note)};
    }
    json["exemption"] = exemption_json(exemption);
  }
  return json;
}

Json entries_json(ChangeRow& row) {
  Json entries = Json::array();
  for (ChangedAddress changed; row.next(changed);) {
    entries.push_back(entry_json(changed, row.kind()));
  }
  if (!row.whole()) throw StorageFailure("a stored change is damaged");
  return entries;
}

/// The record of an account or key as the change left it; null where it was damaged.
Json record_json(const ChangeRow& row, const Account* account) {
  if (row.kind() == ChangeKind::create_account || row.kind() == ChangeKind::update_account) {
    const auto record = decode_account(row.body());
    return record ? account_json(*record) : Json(nullptr);
  }
  const auto record = decode_key(row.body());
  return record ? key_json(*record, account) : Json(nullptr);
}

}  // namespace

Json change_json(const ChangePage::Item& change, const Directory::Snapshot& directory) {
  ChangeRow row(change.row);
  const AccountNumber number = account_of(change.row).value_or(platform_number);
  const Account* account = directory.account(number);
  Json json{{"sequence", change.sequence},
            {"at", time_text(row.at())},
            {"by", row.by().empty() ? Json(nullptr) : Json(row.by())},
            {"kind", kind_name(row.kind())},
            {"account", account != nullptr ? Json(account->id) : Json(nullptr)}};
  switch (row.kind()) {
    case ChangeKind::create_account:
    case ChangeKind::update_account:
    case ChangeKind::create_key:
    case ChangeKind::revoke_key:
      json["after"] = record_json(row, account);
      break;
    case ChangeKind::rekeyed:
    case ChangeKind::loss_accepted:
      break;
    default:
      json["entries"] = entries_json(row);
  }
  return json;
}

}  // namespace suppressd
