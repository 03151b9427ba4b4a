// Exchanges that wait for the store: a read on the pool, or one change through the committer.
// Neither blocks the I/O thread, and both may be destroyed while they wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "persistence/change.hpp"
#include "server/app.hpp"
#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// Runs on a pool thread and fills the answer in. It may throw what Store's reads throw. It must
/// own what it uses, except for the AppParts, which outlive the pool's threads.
using StoreRead = std::function<void(Answer&)>;
/// A full pool answers 503; a StorageFailure 503; std::invalid_argument 400 about the cursor.
std::unique_ptr<Exchange> read_exchange(const AppParts& parts, Wake wake, StoreRead read);

/// Runs on the exchange's thread once the change was committed, replayed, not found or there
/// already.
using OutcomeAnswer = std::function<void(const Outcome&, Answer&)>;
/// A full queue answers 503; so does failed storage, and a mismatched idempotency key 422.
std::unique_ptr<Exchange> commit_exchange(const AppParts& parts, Wake wake, Change change,
                                          OutcomeAnswer answer);

/// The problem in an outcome that stored nothing or may not have; nullopt for the others.
std::optional<Problem> outcome_problem(const Outcome& outcome);
/// Suppress-Sequence, and Idempotent-Replay when it was one.
void add_outcome_fields(const Outcome& outcome, Answer& answer);
inline constexpr const char* sequence_field = "Suppress-Sequence";

}  // namespace suppressd
