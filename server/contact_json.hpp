// A contact as lists, the card and answers to changes show it. Thread safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/contact_reader.hpp"

namespace suppressd {

/// {"id","email","phone","fields","segments","source","created_at","updated_at"}; an address that
/// the contact does not have is null.
nlohmann::ordered_json contact_json(const Contact& contact);
/// {"items","next","sequence"}
nlohmann::ordered_json contact_page_json(const ContactPage& page);
/// {"at","kind","channel","by","campaign","detail","reason","sequence"}
nlohmann::ordered_json activity_json(const Activity& activity);

}  // namespace suppressd
