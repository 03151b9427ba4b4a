// Changes of one contact: edit, delete, restore. None of them changes what checks say of an address.
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/contact_fields.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_json.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/idempotency.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/query.hpp"
#include "server/sequel_exchange.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

/// A body of contact_fields_max fields, whatever their text needs to be escaped.
constexpr uint64_t edit_body_bytes_max = 1 << 20;
constexpr std::string_view patch_types = "application/merge-patch+json, application/json";

/// What the handlers of bodies keep from the call.
struct Author {
  const AppParts& parts;
  Worker& worker;
  Wake wake;
  std::string key_id;
  AccountNumber account = platform_number;
  ContactId id = 0;
  Region region;  // the account's
  IdempotencyKey idempotency;
};

Author author_of(const Call& call, ContactId id) {
  return {call.parts,
          call.worker,
          call.wake,
          call.key->id,
          call.account->number,
          id,
          call.account->default_region,
          {}};
}

/// null takes the address away.
void read_address(JsonMembers& members, Channel channel, Region region, Normalizer& normalizer,
                  EditContact& edit) {
  const size_t i = static_cast<size_t>(channel) - 1;
  if (members.is_null(name_of(channel))) {
    edit.addresses[i] = "";
    return;
  }
  const auto raw = members.text(name_of(channel), raw_address_octets_max);
  if (!raw) return;
  CanonicalAddress canonical;
  const AddressError error = normalizer.address(*raw, channel, region, canonical);
  if (error != AddressError::none) return members.fail(name_of(channel), error_name(error));
  edit.addresses[i] = canonical.text();
  if (*raw != canonical.text()) edit.given[i] = *raw;
}

void read_fields(JsonMembers& members, EditContact& edit) {
  auto fields = members.nullable_texts("fields", 2 * contact_fields_max);
  if (!fields) return;
  for (const auto& [name, value] : *fields) {
    std::string_view error = field_name_error(name);
    if (error.empty() && value) error = field_value_error(*value);
    if (!error.empty()) return members.fail("fields", error);
  }
  edit.fields = std::move(*fields);
}

void read_edit(JsonMembers& members, const Author& author, EditContact& edit) {
  Region region = author.region;
  if (const auto text = members.text("region", 2)) {
    const auto parsed = parse_region(*text);
    if (!parsed) members.fail("region", "unknown_region");
    region = parsed.value_or(region);
  }
  for (const Channel channel : all_channels) {
    read_address(members, channel, region, author.worker.normalizer, edit);
  }
  read_fields(members, edit);
}

std::unique_ptr<Exchange> answer_edited(const Author& author, const Outcome& outcome) {
  if (outcome.status == Outcome::Status::not_found) {
    return problem_exchange(unknown_contact_problem());
  }
  if (outcome.status == Outcome::Status::conflict) {
    return problem_exchange(contact_conflict_problem());
  }
  return read_exchange(author.parts, author.wake, [author, outcome](Answer& answer) {
    const auto contact = author.parts.store.contacts().contact(author.account, author.id);
    if (!contact) return write_problem(unknown_contact_problem(), answer);
    nlohmann::ordered_json json = contact_json(*contact);
    json["sequence"] = outcome.sequence;
    add_outcome_fields(outcome, answer);
    write_json(json, 200, answer);
  });
}

std::unique_ptr<Exchange> edit(const Author& author, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  EditContact what;
  what.account = author.account;
  what.id = author.id;
  read_edit(members, author, what);
  if (auto problem = members.problem()) return problem_exchange(*problem);
  Change change{std::move(what), author.key_id, now_ms(), std::nullopt};
  return commit_then(author.parts, author.wake, std::move(change),
                     [author](const Outcome& outcome) { return answer_edited(author, outcome); });
}

/// Of a change of one contact: "deleted", "restored" or "unchanged". A repetition knows only whether
/// anything was changed.
void write_result(const Outcome& outcome, ContactOutcome::Fate done, Answer& answer) {
  auto fate = outcome.updated != 0 ? done : ContactOutcome::Fate::unchanged;
  if (outcome.contacts) fate = outcome.contacts->front().fate;
  if (fate == ContactOutcome::Fate::not_found) {
    return write_problem(unknown_contact_problem(), answer);
  }
  add_outcome_fields(outcome, answer);
  write_json({{"sequence", outcome.sequence}, {"result", name_of(fate)}}, 200, answer);
}

Problem bad_channel_problem() {
  return invalid_request_problem("channel", "bad_value", "Expected for channel: email or phone.");
}

std::unique_ptr<Exchange> restore(const Author& author, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body.empty() ? "{}" : body, members)) {
    return problem_exchange(*problem);
  }
  RestoreContacts what;
  what.account = author.account;
  what.ids = {author.id};
  if (const auto text = members.text("channel", 16)) {
    const auto channel = parse_channel(*text);
    if (!channel) members.fail("channel", "unknown_channel");
    if (channel) what.channels = channel_bit(*channel);
  }
  if (auto problem = members.problem()) return problem_exchange(*problem);
  Change change{std::move(what), author.key_id, now_ms(), author.idempotency.for_change(body)};
  return commit_exchange(author.parts, author.wake, std::move(change),
                         [](const Outcome& outcome, Answer& answer) {
                           write_result(outcome, ContactOutcome::Fate::restored, answer);
                         });
}

}  // namespace

std::unique_ptr<Exchange> patch_contact(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, patch_types)) return problem_exchange(*problem);
  const auto id = parse_contact_id(call.path.id);
  if (!id) return problem_exchange(unknown_contact_problem());
  return body_exchange(
      call.head, edit_body_bytes_max,
      [author = author_of(call, *id)](const std::string& body) { return edit(author, body); });
}

std::unique_ptr<Exchange> delete_contact(Call& call) {
  Query query;
  DeleteContacts what;
  what.account = call.account->number;
  if (auto problem = Query::parse(call.head.query, {"channel", "reason"}, query)) {
    return problem_exchange(*problem);
  }
  if (const auto text = query.get("channel")) {
    const auto channel = parse_channel(*text);
    if (!channel) return problem_exchange(bad_channel_problem());
    what.channels = channel_bit(*channel);
  }
  if (auto problem = read_text(query, "reason", deletion_reason_octets_max, what.reason)) {
    return problem_exchange(*problem);
  }
  const auto id = parse_contact_id(call.path.id);
  if (!id) return problem_exchange(unknown_contact_problem());
  what.ids = {*id};
  Change change{std::move(what), call.key->id, now_ms(), std::nullopt};
  return commit_exchange(call.parts, call.wake, std::move(change),
                         [](const Outcome& outcome, Answer& answer) {
                           write_result(outcome, ContactOutcome::Fate::deleted, answer);
                         });
}

std::unique_ptr<Exchange> post_contact_restore(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (call.head.has_body()) {
    if (auto problem = check_media_type(call.head, "application/json")) {
      return problem_exchange(*problem);
    }
  }
  const auto id = parse_contact_id(call.path.id);
  if (!id) return problem_exchange(unknown_contact_problem());
  Author author = author_of(call, *id);
  if (auto problem = IdempotencyKey::read(call, author.idempotency)) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, control_body_bytes_max,
                       [author](const std::string& body) { return restore(author, body); });
}

}  // namespace suppressd
