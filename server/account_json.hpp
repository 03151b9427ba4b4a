// Accounts and API keys as every answer shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/records.hpp"

namespace suppressd {

nlohmann::ordered_json account_json(const Account& account);
/// Never the key's text or hash. `account` is the one that it is bound to, or null.
nlohmann::ordered_json key_json(const ApiKey& key, const Account* account);

}  // namespace suppressd
