// What a Redis set of addresses costs in memory: a server of its own on loopback, filled by SADD.
#pragma once

#include <cstdint>

namespace suppressd::bench {

/// Bytes that the server's process grows by, for each of `members` addresses of 25 to 35 octets.
/// Throws std::runtime_error. `redis-server` is looked for in PATH.
double redis_bytes_per_member(uint64_t members);

}  // namespace suppressd::bench
