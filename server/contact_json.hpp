// A contact as lists, the card and answers to changes show it. Thread safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/contact.hpp"

namespace suppressd {

/// {"id","email","phone","fields","segments","source","created_at","updated_at"}; an address that
/// the contact does not have is null.
nlohmann::ordered_json contact_json(const Contact& contact);

}  // namespace suppressd
