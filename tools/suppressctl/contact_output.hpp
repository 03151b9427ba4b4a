// Contacts as people read them: a row of a list, the card.
#pragma once

#include "tools/suppressctl/listing.hpp"

namespace suppressctl {

extern const Table contact_table;
extern const Table activity_table;

/// "suppressed (hard_bounce, scope platform)", "clear"; empty for null.
std::string verdict_text(const Json& verdict);

/// The contact, each address with why and since when, fields, segments, causes, requests.
void write_card(const Json& card, Writer& output);

}  // namespace suppressctl
