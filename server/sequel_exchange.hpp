// Exchanges in steps: what waited for the store says which exchange goes on. So a request can count
// first, then commit, then read what it made, and no thread waits for another in between.
#pragma once

#include <functional>
#include <memory>

#include "persistence/change.hpp"
#include "server/app.hpp"
#include "server/exchange.hpp"

namespace suppressd {

/// Runs on a pool thread, like a StoreRead, and under its rules (store_exchange.hpp). What it
/// returns wants no body, and is used on the exchange's thread.
using ReadSequel = std::function<std::unique_ptr<Exchange>()>;
std::unique_ptr<Exchange> read_then(const AppParts& parts, Wake wake, ReadSequel read);

/// Runs on the exchange's thread, like an OutcomeAnswer, and under its rules.
using OutcomeSequel = std::function<std::unique_ptr<Exchange>(const Outcome&)>;
std::unique_ptr<Exchange> commit_then(const AppParts& parts, Wake wake, Change change,
                                      OutcomeSequel next);

}  // namespace suppressd
