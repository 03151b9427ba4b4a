// POST /v1/accounts/{account}/check: the bulk check in every request and answer format.
#pragma once

#include <memory>

#include "server/app.hpp"
#include "server/audience.hpp"
#include "server/exchange.hpp"

namespace suppressd {

/// After authentication and routing; `account` was found. `audience` is for
/// ?detail=full. Answers 415, 406 and bad parameters
/// itself. Precondition: the set is loaded (the router answers 503 before).
std::unique_ptr<Exchange> begin_check(const AppParts& parts, const RequestHead& head,
                                      const Account& account, Audience audience, Worker& worker,
                                      Wake wake);

}  // namespace suppressd
