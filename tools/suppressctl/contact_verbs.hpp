// The verbs of `suppressctl contacts` that have files of their own.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"

namespace suppressctl {

void add_contacts_add(CLI::App& contacts, Context& context);      // contact_add_command.cpp
void add_contacts_delete(CLI::App& contacts, Context& context);   // contact_delete_command.cpp
void add_contacts_restore(CLI::App& contacts, Context& context);  // contact_restore_command.cpp

enum class EmptyField { stays_empty, removes };
/// {"name":"value"} of "name=value" arguments. Throws Failure for one without a name or a sign.
Json fields_json(const std::vector<std::string>& arguments, EmptyField empty);

}  // namespace suppressctl
