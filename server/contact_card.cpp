// GET …/contacts/{id}: everything that a screen about one contact shows, in one call: the contact, why
// and since when its addresses are suppressed, its segments, and the requests about it.
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/audience.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_json.hpp"
#include "server/contact_problems.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/query.hpp"
#include "server/request_json.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_json.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t requests_shown_max = 20;
constexpr int attempts_max = 8;  // each lost to another change of this very contact

struct CardRequest {
  AccountNumber account = platform_number;
  std::string account_id;
  ContactId id = 0;
  Audience audience = Audience::account;
};

/// What one address's suppressions say.
void add_channel(const Store& store, const CardRequest& request, const Contact& contact,
                 Channel channel, Json& causes, Json& exemptions) {
  const std::string name(name_of(channel));
  const std::string& address = contact.of(channel).address;
  causes[name] = Json::array();
  exemptions[name] = nullptr;
  if (address.empty()) return;
  const auto mine = store.find(request.account, channel, address);
  causes[name] = causes_json(mine, store.find(platform_number, channel, address), request.audience);
  if (mine) exemptions[name] = exemption_json(mine->exemption);
}

Json segments_json(const ContactReader& contacts, AccountNumber account, const Contact& contact) {
  Json segments = Json::array();
  for (const SegmentId id : contact.segments) {
    const auto segment = contacts.segment(account, id);
    if (segment) segments.push_back({{"id", segment_id_text(id)}, {"name", segment->name}});
  }
  return segments;
}

Json card_json(const Store& store, const CardRequest& request, const Contact& contact) {
  Json json = contact_json(contact);
  Json causes = Json::object(), exemptions = Json::object();
  for (const Channel channel : all_channels) {
    add_channel(store, request, contact, channel, causes, exemptions);
  }
  json["causes"] = std::move(causes);
  json["exemptions"] = std::move(exemptions);
  json["segments"] = segments_json(store.contacts(), request.account, contact);
  json["requests"] = Json::array();
  for (const ModerationRequest& one :
       store.contacts().latest_requests(request.account, contact.id, requests_shown_max)) {
    json["requests"].push_back(request_json(one, request.account_id));
  }
  return json;
}

/// Read again when the contact changed meanwhile, so that its verdicts and their causes tell the
/// same story.
void write_card(const Store& store, const CardRequest& request, Answer& answer) {
  const ContactReader& contacts = store.contacts();
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const uint64_t sequence = store.sequence();
    const auto contact = contacts.contact(request.account, request.id);
    if (!contact) return write_problem(unknown_contact_problem(), answer);
    Json json = card_json(store, request, *contact);
    if (contacts.contact(request.account, request.id) != contact) continue;
    json["sequence"] = sequence;
    return write_json(json, 200, answer);
  }
  write_problem(busy_problem(), answer);
}

}  // namespace

std::unique_ptr<Exchange> get_contact(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  const auto id = parse_contact_id(call.path.id);
  if (!id) return problem_exchange(unknown_contact_problem());
  const CardRequest request{call.account->number, call.account->id, *id,
                            audience_of(call.key->role)};
  return read_exchange(call.parts, call.wake, [&store = call.parts.store, request](Answer& answer) {
    write_card(store, request, answer);
  });
}

}  // namespace suppressd
