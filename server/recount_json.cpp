#include "server/recount_json.hpp"

#include <nlohmann/json.hpp>

#include "persistence/bytes.hpp"
#include "persistence/keys.hpp"
#include "server/contact_ids.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

std::string_view count_name(CountOf what) {
  switch (what) {
    case CountOf::contacts:
      return "contacts";
    case CountOf::state:
      return "state";
    case CountOf::group:
      return "group";
    case CountOf::active_day:
      return "active_day";
    case CountOf::reason:
      return "reason";
    case CountOf::source:
      return "source";
    case CountOf::campaign:
      return "campaign";
    case CountOf::domain:
      return "domain";
    case CountOf::cause_day:
      return "day";
    case CountOf::scope:
      return "scope";
    case CountOf::segment:
      return "segment";
    default:
      return "other";
  }
}

std::string_view group_name(uint8_t group) {
  return group == static_cast<uint8_t>(ContactGroup::lost) ? "lost" : "never_sent";
}

/// The value as the wire knows it; what follows `what` in a key (contact_keys.hpp).
std::string value_text(CountOf what, std::string_view value) {
  ByteReader from(value);
  switch (what) {
    case CountOf::state:
      return std::string(name_of(static_cast<ContactState>(from.u8())));
    case CountOf::reason:
      return std::string(name_of(static_cast<Reason>(from.u8())));
    case CountOf::scope:
      return std::string(name_of(static_cast<Scope>(from.u8())));
    case CountOf::group: {
      const std::string_view group = group_name(from.u8());
      const auto reason = static_cast<Reason>(from.u8());
      return std::string(group) + " " + std::string(name_of(reason));
    }
    case CountOf::active_day:
    case CountOf::cause_day:
      return time_text(TimeMs{from.u32()} * day_ms).substr(0, 10);
    case CountOf::segment:
      return segment_id_text(from.u32());
    default:
      return std::string(value);
  }
}

nlohmann::ordered_json difference_json(const CountDifference& difference) {
  ByteReader from(difference.key);
  from.u32();  // the account
  const uint8_t channel = from.u8();
  const auto what = static_cast<CountOf>(from.u8());
  nlohmann::ordered_json json{{"channel", nullptr}};
  if (channel != 0) json["channel"] = name_of(static_cast<Channel>(channel));
  json["count"] = count_name(what);
  json["value"] = value_text(what, std::string_view(difference.key).substr(6));
  json["stored"] = difference.stored;
  json["counted"] = difference.counted;
  return json;
}

}  // namespace

std::string recount_json(const std::vector<CountDifference>& differences) {
  nlohmann::ordered_json json{{"differences", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < differences.size() && i < listed_differences_max; ++i) {
    json["differences"].push_back(difference_json(differences[i]));
  }
  json["repaired"] = differences.size();
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace suppressd
