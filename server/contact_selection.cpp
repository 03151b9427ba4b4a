#include "server/contact_selection.hpp"

#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"

namespace suppressd {

ContactSelection read_selection(JsonMembers& members) {
  ContactSelection selection;
  if (!members.has("ids")) members.fail("ids", "required");
  selection.given = members.texts("ids", selected_contacts_max).value_or(selection.given);
  selection.ids.reserve(selection.given.size());
  for (const std::string& text : selection.given) {
    selection.ids.push_back(parse_contact_id(text).value_or(0));
  }
  return selection;
}

uint8_t read_channels(JsonMembers& members) {
  const auto text = members.text("channel", 16);
  if (!text) return both_channels;
  const auto channel = parse_channel(*text);
  if (!channel) members.fail("channel", "bad_value");
  return channel ? channel_bit(*channel) : both_channels;
}

void add_results(const ContactSelection& selection, const Outcome& outcome,
                 std::string_view counted, nlohmann::ordered_json& json) {
  json[std::string(counted)] = outcome.added + outcome.updated;
  json["unchanged"] = outcome.unchanged;
  auto& results = json["results"] = nlohmann::ordered_json::array();
  if (!outcome.contacts) return;
  for (size_t i = 0; i < outcome.contacts->size(); ++i) {
    const ContactOutcome::Fate fate = (*outcome.contacts)[i].fate;
    const bool updated = fate == ContactOutcome::Fate::updated;
    results.push_back({{"id", selection.given[i]}, {"result", updated ? counted : name_of(fate)}});
  }
}

}  // namespace suppressd
