// Requests as lists, single answers and the moderator's desk show them. Thread safety: pure
// functions, but for the reads of the store that request_addresses_json() makes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "persistence/moderation.hpp"
#include "persistence/store.hpp"
#include "server/audience.hpp"

namespace suppressd {

/// Without what it names: {"id","account","kind","state","filed_at","filed_by","decided_at",
/// "decided_by","statement","note","segment","channel","targets","applied","already","job"}.
nlohmann::ordered_json request_json(const ModerationRequest& request, std::string_view account);

/// Which of the named addresses are shown, and to whom.
struct AddressesShown {
  size_t offset = 0, limit = 0;
  Audience audience = Audience::account;
};
/// The addresses that the request names, or those that its segment's contacts have now, each with
/// what the account's checks say of it and why: {"channel","address","contact","verdict","reason",
/// "scope","causes","approved"}. Of a segment the first ones only. Throws StorageFailure.
nlohmann::ordered_json request_addresses_json(const Store& store, AccountNumber account,
                                              const ModerationRequest& request,
                                              const AddressesShown& shown);

}  // namespace suppressd
