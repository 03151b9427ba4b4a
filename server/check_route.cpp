#include "server/check_exchange.hpp"
#include "server/handlers.hpp"

namespace suppressd {

std::unique_ptr<Exchange> post_check(Call& call) {
  return begin_check(call.parts, call.head, *call.account, audience_of(call.key->role), call.worker,
                     call.wake);
}

}  // namespace suppressd
