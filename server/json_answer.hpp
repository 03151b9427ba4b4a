// Fixed JSON answers, written with nlohmann-json. (Check answers are appended by hand elsewhere.)
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "server/exchange.hpp"

namespace suppressd {

/// Sets status, Content-Type and body; keeps other fields. Text that is not UTF-8 is repaired.
void write_json(const nlohmann::ordered_json& json, int status, Answer& answer,
                std::string_view content_type = "application/json");

/// An exchange that wants no body and gives this answer.
std::unique_ptr<Exchange> answer_exchange(Answer answer);
std::unique_ptr<Exchange> json_exchange(const nlohmann::ordered_json& json, int status = 200);

}  // namespace suppressd
