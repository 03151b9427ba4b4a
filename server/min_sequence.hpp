// Suppress-Min-Sequence: a read that waits until a change it depends on can be seen.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "server/app.hpp"
#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// A change that was acknowledged is visible already; longer waits are for numbers from elsewhere.
inline constexpr std::chrono::milliseconds min_sequence_wait_max{2000};

/// The field's number, 0 when absent; a problem (400) when it is no number.
std::optional<Problem> read_min_sequence(const RequestHead& head, uint64_t& sequence);

/// Waits for the sequence, holding what arrives of the body, then goes on as the exchange that
/// `begin` makes; 503 when it did not come in time.
std::unique_ptr<Exchange> wait_for_sequence(const AppParts& parts, uint64_t sequence,
                                            bool expects_body, Wake wake,
                                            std::function<std::unique_ptr<Exchange>()> begin);

}  // namespace suppressd
