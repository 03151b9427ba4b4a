#include "server/request_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/contact_ids.hpp"
#include "server/suppression_json.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json time_or_null(TimeMs time) {
  return time == 0 ? Json(nullptr) : Json(time_text(time));
}

Json channel_or_null(std::optional<Channel> channel) {
  return channel ? Json(name_of(*channel)) : Json(nullptr);
}

bool suppresses(const std::optional<Suppression>& one) {
  return one && !one->causes.empty();
}

/// What the account's checks say of the address (DESIGN: account suppression, account exemption,
/// platform suppression, clear), and every cause.
void add_verdict(const Store& store, AccountNumber account, const RequestTarget& target,
                 Audience audience, Json& json) {
  const auto mine = store.find(account, target.channel, target.address);
  const auto all = store.find(platform_number, target.channel, target.address);
  const bool exempt = mine && mine->exemption;
  const Suppression* decides = suppresses(mine)             ? &*mine
                               : suppresses(all) && !exempt ? &*all
                                                            : nullptr;
  json["verdict"] = name_of(decides != nullptr ? Verdict::suppressed : Verdict::clear);
  json["reason"] = nullptr;
  json["scope"] = nullptr;
  if (decides != nullptr) {
    json["reason"] = name_of(decides->strongest());
    json["scope"] = name_of(decides == &*mine ? Scope::account : Scope::platform);
  }
  json["causes"] = causes_json(mine, all, audience);
}

/// Null while nobody has decided.
Json approval_json(const ModerationRequest& request, size_t position) {
  switch (request.state) {
    case RequestState::open:
      return nullptr;
    case RequestState::approved:
      return true;
    case RequestState::rejected:
      return false;
    case RequestState::approved_in_part:
      break;
  }
  return std::binary_search(request.approved.begin(), request.approved.end(), position);
}

Json address_json(const Store& store, AccountNumber account, const RequestTarget& target,
                  Audience audience) {
  // Of an erased one nothing can be told: neither who it was nor what a check would say.
  if (target.address.empty()) {
    return {{"channel", name_of(target.channel)},
            {"address", nullptr},
            {"contact", nullptr},
            {"verdict", nullptr},
            {"reason", nullptr},
            {"scope", nullptr},
            {"causes", Json::array()}};
  }
  Json json{
      {"channel", name_of(target.channel)},
      {"address", target.address},
      {"contact", target.contact == 0 ? Json(nullptr) : Json(contact_id_text(target.contact))}};
  add_verdict(store, account, target, audience, json);
  return json;
}

/// The first addresses that the segment's contacts have now, one channel after the other.
std::vector<RequestTarget> segment_targets(const Store& store, AccountNumber account,
                                           const ModerationRequest& request, size_t most) {
  std::vector<RequestTarget> targets;
  for (const Channel channel : all_channels) {
    if (request.segment_channel.value_or(channel) != channel || targets.size() == most) continue;
    ContactFilter filter;
    filter.channel = channel;
    filter.segment = request.segment;
    const auto scan = store.contacts().scan(account, filter, ContactSort::address);
    for (const Contact& contact : scan->next(most - targets.size())) {
      targets.push_back({channel, contact.of(channel).address, contact.id});
    }
  }
  return targets;
}

}  // namespace

Json request_json(const ModerationRequest& request, std::string_view account) {
  const auto id_or_null = [](uint64_t number, std::string id) {
    return number == 0 ? Json(nullptr) : Json(std::move(id));
  };
  return {{"id", request_id_text(request.id)},
          {"account", account},
          {"kind", name_of(request.kind)},
          {"state", name_of(request.state)},
          {"filed_at", time_text(request.filed_at)},
          {"filed_by", request.filed_by},
          {"decided_at", time_or_null(request.decided_at)},
          {"decided_by", text_or_null(request.decided_by)},
          {"statement", text_or_null(request.statement)},
          {"note", text_or_null(request.note)},
          {"segment", id_or_null(request.segment, segment_id_text(request.segment))},
          {"channel", channel_or_null(request.segment_channel)},
          {"targets", request.targets.size()},
          {"applied", request.applied},
          {"already", request.already},
          {"job", id_or_null(request.job, job_id_text(request.job))}};
}

Json request_addresses_json(const Store& store, AccountNumber account,
                            const ModerationRequest& request, const AddressesShown& shown) {
  Json addresses = Json::array();
  if (request.segment != 0) {
    for (const auto& target : segment_targets(store, account, request, shown.limit)) {
      addresses.push_back(address_json(store, account, target, shown.audience));
      addresses.back()["approved"] = approval_json(request, 0);
    }
    return addresses;
  }
  for (size_t i = shown.offset; i < request.targets.size() && i - shown.offset < shown.limit; ++i) {
    addresses.push_back(address_json(store, account, request.targets[i], shown.audience));
    addresses.back()["approved"] = approval_json(request, i);
  }
  return addresses;
}

}  // namespace suppressd
