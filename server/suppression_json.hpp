// How a stored suppression reads on the wire: in lists, alone, and in an explanation.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/records.hpp"

namespace suppressd {

/// {"reason","source","at","by","evidence","campaign","scope"}; what was not given is null.
nlohmann::ordered_json cause_json(const Cause& cause, Scope scope);
/// {"at","by","note"}, or null.
nlohmann::ordered_json exemption_json(const std::optional<Exemption>& exemption);
nlohmann::ordered_json suppression_json(const Suppression& suppression);

}  // namespace suppressd
