// Content-Encoding of request bodies: an Exchange that inflates gzip or zstd and feeds another one.
// Output is capped (AppLimits), the ratio is capped at 200:1 after 1 MiB, the zstd window at 8 MiB,
// and exactly one coding is accepted; truncated or damaged input is a 400 problem, or `broken` once
// the answer has begun.
#pragma once

#include <memory>
#include <string_view>

#include "server/exchange.hpp"

namespace suppressd {

/// Wraps `inner`; identity (or an empty coding) returns it unchanged, an unknown coding gives a 415
/// problem that names what is accepted.
std::unique_ptr<Exchange> decode_content(std::string_view coding, std::unique_ptr<Exchange> inner,
                                         uint64_t decoded_bytes_max);

}  // namespace suppressd
