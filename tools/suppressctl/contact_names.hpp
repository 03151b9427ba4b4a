// How people name contacts: by id ("c17") or by address.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"

namespace suppressctl {

/// A letter and a number without leading zeros, as the API names things.
bool is_id(char letter, std::string_view text);

/// The contact's id. An address is read by the server, so any spelling of it will do; deleted
/// contacts are found too. Throws Failure when no contact has that address.
std::string contact_id_of(const Settings& settings, Api& api, const std::string& name);
/// The same for many; "-" stands for the lines of standard input.
Json contact_ids_of(const Settings& settings, Api& api, const std::vector<std::string>& names);

/// "/contacts/c17" of the account, with what follows.
std::string contact_path(const Settings& settings, const std::string& id,
                         std::string_view rest = "");

}  // namespace suppressctl
