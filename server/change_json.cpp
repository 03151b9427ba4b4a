#include "server/change_json.hpp"

#include <nlohmann/json.hpp>

#include "persistence/change_row.hpp"
#include "server/account_json.hpp"
#include "server/contact_ids.hpp"
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
    case ChangeKind::contacts_put:
      return "contacts_put";
    case ChangeKind::contact_edited:
      return "contact_edited";
    case ChangeKind::contacts_deleted:
      return "contacts_deleted";
    case ChangeKind::contacts_restored:
      return "contacts_restored";
    case ChangeKind::segment_created:
      return "segment_created";
    case ChangeKind::segment_renamed:
      return "segment_renamed";
    case ChangeKind::segment_deleted:
      return "segment_deleted";
    case ChangeKind::members_added:
      return "members_added";
    case ChangeKind::members_removed:
      return "members_removed";
    case ChangeKind::request_filed:
      return "request_filed";
    case ChangeKind::request_decided:
      return "request_decided";
    case ChangeKind::request_applied:
      return "request_applied";
    case ChangeKind::job_created:
      return "job_created";
    case ChangeKind::job_state_set:
      return "job_state_set";
    case ChangeKind::job_finished:
      return "job_finished";
    case ChangeKind::events_added:
      return "events_added";
    case ChangeKind::contact_erased:
      return "contact_erased";
    case ChangeKind::counts_adjusted:
      return "counts_adjusted";
    case ChangeKind::import_forgotten:
      return "import_forgotten";
    case ChangeKind::webhook_set:
      return "webhook_set";
    case ChangeKind::webhook_removed:
      return "webhook_removed";
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
            {"address", changed.erased ? Json(nullptr) : Json(changed.address)},
            {"scope", name_of(scope)},
            {"state", suppressed                           ? "suppressed"
                      : changed.after == SlotState::exempt ? "exempt"
                                                           : "none"}};
  json["reason"] = suppressed ? Json(name_of(static_cast<Reason>(changed.after))) : Json(nullptr);
  if (changed.erased) json["erased"] = true;
  if (kind == ChangeKind::add_suppressions) {
    json["cause"] = cause_json(cause_of(changed.cause), scope, Audience::staff);
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

/// What it was about: contact, segment, request, job, and the contacts with what became of each.
void add_act(const ChangeRow& row, Json& json) {
  const std::optional<LoggedAct> act = decode_act(row.body());
  if (!act) throw StorageFailure("a stored change is damaged");
  switch (row.kind()) {
    case ChangeKind::contact_edited:
    case ChangeKind::contact_erased:
      json["contact"] = contact_id_text(act->subject);
      return;
    case ChangeKind::segment_created:
    case ChangeKind::segment_renamed:
    case ChangeKind::segment_deleted:
      json["segment"] = segment_id_text(static_cast<SegmentId>(act->subject));
      json["name"] = act->text;
      return;
    case ChangeKind::webhook_set:
    case ChangeKind::webhook_removed:
      json["provider"] = name_of(static_cast<WebhookProvider>(act->code));
      json["secret_id"] = act->text;
      json["feeds_platform"] = act->number != 0;
      return;
    case ChangeKind::request_filed:
      json["request"] = request_id_text(act->subject);
      json["asks"] = name_of(static_cast<RequestKind>(act->code));
      return;
    case ChangeKind::request_decided:
      json["request"] = request_id_text(act->subject);
      json["state"] = name_of(static_cast<RequestState>(act->code));
      return;
    case ChangeKind::request_applied:
      json["request"] = request_id_text(act->subject);
      json["job"] = job_id_text(act->number);
      return;
    case ChangeKind::import_forgotten:
      json["job"] = job_id_text(act->subject);
      return;
    case ChangeKind::job_created:
    case ChangeKind::job_state_set:
    case ChangeKind::job_finished:
      json["job"] = job_id_text(act->subject);
      json["does"] = name_of(static_cast<JobKind>(act->code));
      // Of a creation only the number of one that does not run at once is there.
      json["state"] =
          name_of(act->number == 0 ? JobState::running : static_cast<JobState>(act->number));
      return;
    case ChangeKind::events_added:
    case ChangeKind::counts_adjusted:
      json["number"] = act->number;
      return;
    default:
      break;
  }
  if (act->subject != 0) json["segment"] = segment_id_text(static_cast<SegmentId>(act->subject));
  if (act->number != 0) json["job"] = job_id_text(act->number);
  json["contacts"] = Json::array();
  for (const LoggedAct::Row& contact : act->rows) {
    json["contacts"].push_back(
        {{"id", contact_id_text(contact.contact)},
         {"result", name_of(static_cast<ContactOutcome::Fate>(contact.fate))}});
  }
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
    case ChangeKind::add_suppressions:
    case ChangeKind::remove_suppression:
    case ChangeKind::set_exemption:
      json["entries"] = entries_json(row);
      break;
    default:
      add_act(row, json);
  }
  return json;
}

}  // namespace suppressd
