// How a stored suppression reads on the wire: in lists, alone, and in an explanation.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/records.hpp"
#include "server/audience.hpp"

namespace suppressd {

/// {"reason","source","at","by","evidence","campaign","scope"}; what was not given is null, and what
/// the audience may not see.
nlohmann::ordered_json cause_json(const Cause& cause, Scope scope, Audience audience);
/// Every cause of both scopes, the account's first.
nlohmann::ordered_json causes_json(const std::optional<Suppression>& account,
                                   const std::optional<Suppression>& platform, Audience audience);
/// {"at","by","note"}, or null.
nlohmann::ordered_json exemption_json(const std::optional<Exemption>& exemption);
/// To those who may see all of its scope.
nlohmann::ordered_json suppression_json(const Suppression& suppression);

}  // namespace suppressd
