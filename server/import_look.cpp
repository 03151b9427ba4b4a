#include "server/import_look.hpp"

#include <algorithm>

namespace suppressd {

ImportFate fate_if_put(const std::array<std::optional<Contact>, channels>& owners,
                       const PutContacts::Row& row, bool restore_deleted) {
  if (owners[0] && owners[1] && owners[0]->id != owners[1]->id) return ImportFate::conflict;
  const std::optional<Contact>& owner = owners[0] ? owners[0] : owners[1];
  Contact contact = owner.value_or(Contact{});
  for (const auto& [name, value] : row.fields) contact.fields[name] = value;
  const bool joins = row.segment != 0 && std::find(contact.segments.begin(), contact.segments.end(),
                                                   row.segment) == contact.segments.end();
  if (contact.fields.size() > contact_fields_max ||
      contact.segments.size() + (joins ? 1 : 0) > contact_segments_max) {
    return ImportFate::too_many;
  }
  if (!owner) return ImportFate::created;
  bool changes = joins || contact.fields != owner->fields;
  bool kept = false, restored = false;
  for (size_t i = 0; i < channels; ++i) {
    if (row.addresses[i].empty()) continue;
    const ContactAddress& at = owner->addresses[i];
    const std::string given = row.given[i] == row.addresses[i] ? "" : row.given[i];
    changes = changes || at.address != row.addresses[i] || at.given != given;
    if (!at.deletion) continue;
    (restore_deleted ? restored : kept) = true;
  }
  if (restored) return ImportFate::restored;
  if (kept) return ImportFate::kept_deleted;
  return changes ? ImportFate::updated : ImportFate::unchanged;
}

}  // namespace suppressd
