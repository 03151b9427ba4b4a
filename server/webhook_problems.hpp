// What the routes of webhooks share. Thread safety: the I/O thread's, as exchanges are.
#pragma once

#include "persistence/webhook.hpp"
#include "server/app.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// 404: no provider has this name.
Problem unknown_provider_problem();
/// 409: a token that is good for one body came with another one.
Problem webhook_replayed_problem();
void count_refused_webhook(Worker& worker, WebhookProvider provider);

}  // namespace suppressd
