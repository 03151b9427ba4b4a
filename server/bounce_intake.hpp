// From a bounce's reply to the event that is stored: used by whoever takes events in, campaigns and
// providers alike. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "persistence/change.hpp"
#include "server/bounce_rules.hpp"

namespace suppressd {

/// A change for an account's events, without rows: what the account's policies and the server's
/// options say of them.
AddEvents events_for(const Account& account, uint32_t bounce_agreement);

/// Makes a bounced event of the row: what it counts as, and its detail where it has none.
/// `given`: what the sender says it was, nullopt: nothing. That counts, unless the reply says that
/// the failure was no fault of the address.
void take_bounce(const BounceReply& reply, std::optional<BounceClass> given, AddEvents::Row& row);

/// "550 5.1.1 text", cut to evidence_octets_max between characters.
std::string reply_text(const BounceReply& reply);

}  // namespace suppressd
