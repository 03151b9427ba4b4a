// Accounts and API keys as every answer shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/change.hpp"
#include "persistence/records.hpp"

namespace suppressd {

class JsonMembers;

nlohmann::ordered_json policies_json(const Policies& policies);
/// What is given of an account's policies, with an error where a value cannot be, or needs its
/// reason in `confirm_expiry_of`.
void read_policies(JsonMembers& members, UpdateAccount& settings);
nlohmann::ordered_json account_json(const Account& account);
/// Never the key's text or hash. `account` is the one that it is bound to, or null.
nlohmann::ordered_json key_json(const ApiKey& key, const Account* account);

}  // namespace suppressd
